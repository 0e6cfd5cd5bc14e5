"use strict";
const main = document.getElementById("images");
const low = Number(main.dataset.low), high = Number(main.dataset.high);
const cards = Array.from(main.querySelectorAll("article"));
document.getElementById("count").textContent =
  cards.length + (cards.length === 1 ? " image." : " images.");

function decode(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const view = new DataView(bytes.buffer), codes = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < codes.length; i++) codes[i] = view.getUint16(2 * i, true);
  return codes;
}

function start(card) {
  const picture = card.querySelector(".picture"), map = card.querySelector(".map");
  const cross = card.querySelector(".cross"), here = card.querySelector(".mark.here");
  const text = card.querySelector(".value"), slider = card.querySelector(".opacity");
  const rows = Number(picture.dataset.rows), columns = Number(picture.dataset.columns);
  const idle = text.innerHTML;
  let codes = null, cell = null;
  card.querySelector(".low").textContent = low;
  card.querySelector(".high").textContent = high;

  function hide() {
    cross.style.display = here.style.display = "none";
    text.innerHTML = idle;
  }
  function show(row, column) {
    codes = codes || decode(picture.dataset.values);
    cell = [row, column];
    const part = codes[row * columns + column] / 65535;
    const box = map.style, unit = name => parseFloat(box[name]);
    const x = unit("left") + (column + 0.5) * unit("width") / columns;
    const y = unit("top") + (row + 0.5) * unit("height") / rows;
    const photo = picture.querySelector("img");
    const px = Math.round(x / 100 * photo.getAttribute("width"));
    const py = Math.round(y / 100 * photo.getAttribute("height"));
    cross.style.display = "block";
    cross.style.left = x + "%";
    cross.style.top = y + "%";
    here.style.display = "block";
    here.style.left = 100 * part + "%";
    text.textContent = (low + part * (high - low)).toFixed(3) + " ";
    const place = document.createElement("span");
    place.className = "soft";
    place.textContent = "at pixel (" + px + ", " + py + ")";
    text.append(place);
  }
  picture.addEventListener("pointermove", event => {
    const box = map.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * columns);
    const row = Math.floor((event.clientY - box.top) / box.height * rows);
    if (row < 0 || column < 0 || row >= rows || column >= columns) hide();
    else show(row, column);
  });
  picture.addEventListener("pointerleave", hide);
  picture.addEventListener("blur", hide);
  picture.addEventListener("keydown", event => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    const size = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(rows, columns) / 40));
    const from = cell || [Math.floor(rows / 2), Math.floor(columns / 2)];
    show(Math.min(rows - 1, Math.max(0, from[0] + size * step[0])),
         Math.min(columns - 1, Math.max(0, from[1] + size * step[1])));
  });
  slider.addEventListener("input", () => { map.style.opacity = slider.value / 100; });
}
cards.forEach(start);

document.getElementById("all").addEventListener("input", event => {
  for (const slider of document.querySelectorAll(".opacity")) {
    slider.value = event.target.value;
    slider.dispatchEvent(new Event("input"));
  }
});
document.getElementById("gray").addEventListener("change", event => {
  main.classList.toggle("gray", event.target.checked);
});
document.getElementById("cells").addEventListener("change", event => {
  for (const map of document.querySelectorAll(".map"))
    map.style.imageRendering = event.target.checked ? "pixelated" : "auto";
});
document.getElementById("order").addEventListener("change", event => {
  const sign = { file: 0, low: 1, high: -1 }[event.target.value];
  const sorted = cards.slice();
  if (sign) sorted.sort((a, b) => sign * (a.dataset.score - b.dataset.score));
  for (const card of sorted) main.append(card);
});
