"""The text of the page that `kiqa map --html` writes: head, one image, foot.

Templates of `string.Template`; the script and style hold no dollar sign.
"""

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Quality maps by $model</title>
<style>
:root { color-scheme: light dark; --back: #f6f6f4; --card: #fff; --text: #1c1c1e;
  --soft: #5d5d63; --line: #d9d9d6; --focus: #0b63ce; }
@media (prefers-color-scheme: dark) { :root { --back: #161618; --card: #212124;
  --text: #ececee; --soft: #a5a5ad; --line: #3a3a3f; --focus: #7db4ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.5rem; margin: 0 0 2px; }
.soft { color: var(--soft); }
header p { margin: 0; }
.tools { position: sticky; top: 0; z-index: 2; background: var(--back);
  border-bottom: 1px solid var(--line); margin-bottom: 20px; }
.tools div { max-width: 1180px; margin: 0 auto; padding: 10px 20px; display: flex;
  flex-wrap: wrap; gap: 8px 28px; align-items: center; }
label { display: inline-flex; gap: 8px; align-items: center; }
input[type=range] { width: 150px; accent-color: var(--focus); }
select { font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 2px 6px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  margin-bottom: 20px; padding: 16px; display: grid; gap: 16px;
  grid-template-columns: minmax(0, 1fr) 250px; }
@media (max-width: 800px) { article { grid-template-columns: minmax(0, 1fr); }
  .tools { position: static; } }
.picture { position: relative; align-self: start; justify-self: center; cursor: crosshair;
  overflow: hidden; border-radius: 4px; touch-action: pan-y; line-height: 0;
  width: min(100%, var(--wide), calc(82vh * var(--ratio))); }
.picture img { display: block; width: 100%; height: auto; }
.picture .map { position: absolute; height: auto; image-rendering: auto; opacity: .6; }
.gray .picture img:not(.map) { filter: grayscale(1) contrast(.6); }
.cross { position: absolute; width: 15px; height: 15px; margin: -8px 0 0 -8px;
  border: 2px solid #fff; border-radius: 50%; box-shadow: 0 0 0 1.5px #000;
  pointer-events: none; display: none; }
h2 { font-size: 1rem; margin: 0 0 4px; overflow-wrap: anywhere; }
aside p { margin: 0 0 12px; }
.score { font-size: 2rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
.bar { position: relative; height: 14px; border-radius: 3px; margin: 4px 0 2px;
  background: linear-gradient(to right, $gradient); }
.mark { position: absolute; top: -4px; bottom: -4px; width: 4px; margin-left: -2px;
  background: #fff; border: 1px solid #000; border-radius: 2px; }
.mark.here { display: none; background: #35d0ff; }
.ends { display: flex; justify-content: space-between; font-size: .8rem; }
.value { min-height: 1.6em; font-variant-numeric: tabular-nums; }
aside input[type=range] { width: 100%; }
aside label { display: block; }
footer { padding-bottom: 40px; font-size: .85rem; }
@media print { .tools { display: none; } article { break-inside: avoid; } }
</style>
</head>
<body>
<header>
<h1>Quality maps</h1>
<p class="soft">Model $model, values $low to $high, $better; $cells.
<span id="count"></span></p>
</header>
<div class="tools"><div>
<label>Map over all photos <input type="range" id="all" min="0" max="100" value="60"
 aria-label="Opacity of the map over all photos, per cent"></label>
<label>Order <select id="order"><option value="file">as given</option>
<option value="low">lowest value first</option><option value="high">highest value first</option>
</select></label>
<label><input type="checkbox" id="gray"> gray photos</label>
<label><input type="checkbox" id="cells"> single cells</label>
</div></div>
<main id="images" data-low="$low" data-high="$high">
<noscript><p>The values under the cursor and the sliders need JavaScript.</p></noscript>
"""

CARD = """<article data-score="$score">
<div class="picture" tabindex="0" role="group"
 aria-label="Photo $name with its quality map. Arrow keys move the reading point."
 data-rows="$rows" data-columns="$columns" data-values="$values"
 style="--wide: ${width}px; --ratio: calc($width / $height)">
<img src="data:image/jpeg;base64,$photo" alt="Photo $name" width="$width" height="$height"
 decoding="async">
<img class="map" src="data:image/png;base64,$overlay" alt="" decoding="async"
 style="left:$left%;top:$top%;width:$map_width%;height:$map_height%">
<span class="cross"></span>
</div>
<aside>
<h2>$name</h2>
<p class="soft">$width &times; $height pixels</p>
$compared<p><span class="score">$score</span><br><span class="soft">mean of the map</span></p>
<div class="bar" aria-hidden="true"><span class="mark" style="left:$position%"></span><span
 class="mark here"></span></div>
<div class="ends soft" aria-hidden="true"><span class="low"></span><span class="high"></span></div>
<p class="value" aria-live="polite"><span class="soft">Point at the photo for its value.</span></p>
<label>Opacity of the map <input type="range" class="opacity" min="0" max="100" value="60"></label>
</aside>
</article>
"""

FOOT = """</main>
<footer class="soft"><p>The frame without colour is nearer to the border than half a patch;
no patch is centred there. A white mark on the scale is the mean, a blue one the value under the
cursor. Made by kiqa.</p></footer>
<script>
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
  main.append(...sorted);
});
</script>
</body>
</html>
"""
