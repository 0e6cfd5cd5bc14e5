"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const images = data.images, BATCH = 120;
const at = id => document.getElementById(id);
const number = value => value === null ? "–" : Number(value.toPrecision(4)).toString();
const scoreText = value => value.toFixed(4);  // as kiqa score prints it
const LOW = 25;  // percentile, below which a score asks for a reason
const sign = data.higher_is_better ? 1 : -1;
let shown = [], rendered = 0, defect = null, open = null, current = 0;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// No list of images is spread into arguments: of some 100,000 a browser takes no more.
// Images lie in the page as text and become images when they are seen.
function source(image) {
  const holder = at("i" + image.id);
  return "data:" + holder.dataset.mime + ";base64," + holder.textContent;
}
const seen = new IntersectionObserver(entries => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    entry.target.src = source(images[entry.target.dataset.at]);
    seen.unobserve(entry.target);
  }
}, { rootMargin: "600px" });

function badges(image) {
  const found = image.defects.map(name => element("span", name, "defect"));
  if (image.best) found.unshift(element("span", "best of " + groups[image.group].length, "best"));
  if (image.chosen) found.unshift(element("span", "chosen " + image.chosen, "chosen"));
  return found;
}

const groups = {};
images.forEach((image, index) => {
  image.at = index;
  if (image.group !== null) (groups[image.group] = groups[image.group] || []).push(image);
});

function card(image) {
  const item = element("li"), button = element("button", undefined, "card");
  button.type = "button";
  button.tabIndex = -1;
  const frame = element("span", undefined, "frame"), picture = element("img");
  picture.alt = "";
  picture.decoding = "async";
  picture.dataset.at = image.at;
  frame.append(picture);
  const line = element("span", undefined, "line");
  line.append(element("span", scoreText(image.score), "score"), ...badges(image));
  button.append(frame, element("span", image.name, "name"), line);
  button.addEventListener("click", () => show(image));
  button.addEventListener("focus", () => focusOn(Number(button.dataset.place), false));
  item.append(button);
  seen.observe(picture);
  return item;
}

function render() {
  const part = document.createDocumentFragment();
  for (const image of shown.slice(rendered, rendered + BATCH)) {
    const item = card(image);
    item.firstChild.dataset.place = rendered++;
    part.append(item);
  }
  at("grid").append(part);
}
new IntersectionObserver(entries => {
  if (entries[0].isIntersecting && rendered < shown.length) { render(); watchMore(); }
}, { rootMargin: "1200px" }).observe(at("more"));
function watchMore() {  // a sentinel that stays in view fires no second time
  if (rendered < shown.length && at("more").getBoundingClientRect().top < innerHeight + 1200)
    requestAnimationFrame(() => { render(); watchMore(); });
}

function cards() { return at("grid").children; }
function focusOn(place, move) {
  while (place >= rendered && rendered < shown.length) render();
  const list = cards();
  if (!list.length) return;
  if (list[current]) list[current].firstChild.tabIndex = -1;
  current = Math.max(0, Math.min(place, list.length - 1));
  const button = list[current].firstChild;
  button.tabIndex = 0;
  if (move) button.focus();
}
at("grid").addEventListener("keydown", event => {
  const columns = getComputedStyle(at("grid")).gridTemplateColumns.split(" ").length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  let place = null;
  if (event.key in steps) place = Math.max(0, current + steps[event.key]);
  if (event.key === "Home") place = 0;
  if (event.key === "End") place = shown.length - 1;
  if (place === null || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  focusOn(place, true);
});

const last = (a, b) => (a === null) - (b === null);
const orders = {
  "best first": (a, b) => sign * (b.score - a.score),
  "worst first": (a, b) => sign * (a.score - b.score),
  "percentile, highest first": (a, b) => last(a.percentile, b.percentile) ||
    b.percentile - a.percentile,
  "most defects first": (a, b) => b.defects.length - a.defects.length ||
    sign * (a.score - b.score),
  "name": (a, b) => a.at - b.at,
  "group": (a, b) => last(a.group, b.group) || a.group - b.group || sign * (b.score - a.score),
};
data.measures.forEach((measure, index) => {
  const way = measure.above ? -1 : 1;
  orders[measure.defect + " first"] = (a, b) => last(a.reasons[index], b.reasons[index]) ||
    way * (a.reasons[index] - b.reasons[index]);
});
for (const name of Object.keys(orders)) at("sort").append(new Option(name));

function limits(name) {
  return ["from", "to"].map((end, index) => {
    const text = at(name + "-" + end).value;
    return text === "" ? [-Infinity, Infinity][index] : Number(text);
  });
}
function refresh() {
  const text = at("text").value.toLowerCase();
  const score = limits("score"), percentile = limits("percentile");
  const within = (value, ends) => (ends[0] === -Infinity && ends[1] === Infinity) ||
    (value !== null && value >= ends[0] && value <= ends[1]);
  shown = images.filter(image => within(image.score, score) &&
    within(image.percentile, percentile) && image.name.toLowerCase().includes(text) &&
    (defect === null || (defect === "" ? !image.defects.length : image.defects.includes(defect))) &&
    (!at("one").checked || image.group === null || image.best) &&
    (!at("chosen").checked || image.chosen));
  shown.sort(orders[at("sort").value]);
  at("count").textContent = shown.length + " of " + images.length +
    (images.length === 1 ? " image" : " images");
  at("grid").replaceChildren();
  rendered = current = 0;
  render();
  focusOn(0, false);
  for (const bar of at("distribution").children)
    bar.classList.toggle("out", bar.dataset.high < score[0] || bar.dataset.low > score[1]);
}

function distribution() {
  const values = images.map(image => image.score);
  if (!values.length) return;
  let low = values[0], high = values[0];
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low === high) { low -= 0.5; high += 0.5; }
  const COUNT = 30, bins = new Array(COUNT).fill(0), step = (high - low) / COUNT;
  for (const value of values) bins[Math.min(COUNT - 1, Math.floor((value - low) / step))]++;
  const top = Math.max(...bins);
  bins.forEach((count, index) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const tall = count ? Math.max(2, 70 * count / top) : 0;
    const place = { x: index * 420 / COUNT + 1, y: 72 - tall, width: 420 / COUNT - 2, height: tall };
    for (const name in place) bar.setAttribute(name, place[name]);
    bar.dataset.low = low + index * step;
    bar.dataset.high = low + (index + 1) * step;
    bar.addEventListener("click", () => {
      at("score-from").value = Number(bar.dataset.low).toPrecision(4);
      at("score-to").value = Number(bar.dataset.high).toPrecision(4);
      refresh();
    });
    at("distribution").append(bar);
  });
  at("low").textContent = scoreText(low);
  at("high").textContent = scoreText(high);
  const sorted = values.slice().sort((a, b) => a - b);
  at("distribution").setAttribute("aria-label", "Distribution of " + values.length +
    " scores from " + scoreText(low) + " to " + scoreText(high) + ", median " +
    scoreText(sorted[Math.floor(sorted.length / 2)]));
}

function chips() {
  const names = data.measures.map(measure => measure.defect);
  const count = name => images.filter(image => image.defects.includes(name)).length;
  const choices = names.map(name => [name, name + " " + count(name)]);
  choices.push(["", "none " + images.filter(image => !image.defects.length).length]);
  for (const [name, text] of choices) {
    const button = element("button", text, "small");
    button.type = "button";
    button.dataset.defect = name;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      defect = defect === name ? null : name;
      press();
      refresh();
    });
    at("defects").append(button);
  }
}
function press() {
  for (const button of at("defects").querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(button.dataset.defect === defect));
}

// The map is drawn from its values, one pixel a cell, and enlarged by the browser.
function draw(image) {
  const canvas = at("map"), map = image.map;
  canvas.hidden = !map || !at("show-map").checked;
  if (canvas.hidden) return;
  canvas.width = map.columns;
  canvas.height = map.rows;
  const codes = atob(map.values), context = canvas.getContext("2d");
  const pixels = context.createImageData(map.columns, map.rows);
  for (let i = 0; i < codes.length; i++) {
    pixels.data.set(data.colours[codes.charCodeAt(i)], 4 * i);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  ["left", "top", "width", "height"].forEach((name, index) => {
    canvas.style[name] = map.place[index] + "%";
  });
  canvas.style.opacity = at("opacity").value / 100;
}

function outline(image) {
  for (const old of at("picture").querySelectorAll(".place")) old.remove();
  if (!image.places || !at("show-places").checked) return;
  ["sharpest", "softest"].forEach((name, index) => {
    const [x, y, wide, high] = image.places[index], box = element("span", undefined, "place");
    const style = { left: x / image.width, top: y / image.height, width: wide / image.width,
      height: high / image.height };
    for (const key in style) box.style[key] = 100 * style[key] + "%";
    box.append(element("span", name));
    at("picture").append(box);
  });
}

function show(image) {
  open = image;
  at("title").textContent = image.name;
  at("image").src = source(image);
  at("image").alt = "Image " + image.name;
  at("image").width = image.width;
  at("image").height = image.height;
  at("picture").style.setProperty("--ratio", image.width / image.height);
  at("score").textContent = scoreText(image.score);
  at("interval").textContent = image.interval === null ? "" :
    "of similar images, 90 % within " + image.interval.map(scoreText).join(" to ");
  at("badges").replaceChildren(...badges(image));
  const facts = [image.width + " × " + image.height + " pixels"];
  if (image.percentile !== null) facts.push("percentile " + number(image.percentile));
  if (image.taken) facts.push("taken " + image.taken);
  if (image.note) facts.push(image.note);
  at("facts").textContent = facts.join("; ");
  at("map-tools").hidden = !image.map;
  at("map-scale").hidden = !image.map || !at("show-map").checked;
  if (image.map) {
    ["low", "high"].forEach((end, index) => {
      at("map-" + end).textContent = number(image.map.ends[index]);
    });
    at("map-about").textContent = "Map by " + image.map.model +
      ". Compare its values with each other, not with the score.";
  }
  at("place-tools").hidden = !image.places;
  at("reasons").replaceChildren(...data.measures.map((measure, index) => {
    const row = element("tr"), value = image.reasons[index];
    const head = element("th", measure.title);
    head.scope = "row";
    const bad = image.defects.includes(measure.defect);
    const floor = value === 0 && measure.zero ? ": " + measure.zero : "";
    const shown = each => number(measure.times * each);  // in the unit of the measure
    row.append(head,
      element("td", value === null ? "–" : shown(value) + " " + measure.unit + floor),
      element("td", (measure.above ? "at most " : "at least ") + shown(measure.limit)),
      element("td", value === null ? "not measured" : bad ? measure.defect : "within the limit",
        bad ? "defect" : ""));
    return row;
  }));
  at("unexplained").hidden = image.defects.length > 0 || image.percentile === null ||
    image.percentile >= LOW;
  const group = image.group === null ? [] : groups[image.group];
  at("group").hidden = !group.length;
  at("group-title").textContent = group.length + " images alike";
  at("siblings").replaceChildren();
  for (const other of group) {
    const button = element("button"), picture = element("img");
    button.type = "button";
    picture.src = source(other);
    picture.alt = other.name + ", score " + scoreText(other.score) + (other.best ? ", best" : "");
    if (other === image) button.setAttribute("aria-current", "true");
    button.append(picture);
    button.addEventListener("click", () => show(other));
    at("siblings").append(button);
  }
  draw(image);
  outline(image);
  if (!at("dialog").open) at("dialog").showModal();
}
function step(way) {
  const place = shown.indexOf(open) + way;
  if (open === null || place < 0 || place >= shown.length) return;
  focusOn(place, false);
  show(shown[place]);
}
at("previous").addEventListener("click", () => step(-1));
at("next").addEventListener("click", () => step(1));
at("close").addEventListener("click", () => at("dialog").close());
at("dialog").addEventListener("close", () => focusOn(Math.max(0, shown.indexOf(open)), true));
at("dialog").addEventListener("keydown", event => {
  if (event.target.matches("input[type=range]") || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
  else if (event.key === "m" && !at("map-tools").hidden) at("show-map").click();
  else return;
  event.preventDefault();
});
at("show-map").addEventListener("change", () => show(open));
at("opacity").addEventListener("input", () => draw(open));
at("show-places").addEventListener("change", () => outline(open));

function errors() {
  if (!data.errors.length) return;
  at("errors").hidden = false;
  at("errors").querySelector("summary").textContent = data.errors.length +
    (data.errors.length === 1 ? " file" : " files") + " could not be read";
  for (const [name, reason] of data.errors) {
    const row = element("tr");
    row.append(element("td", name), element("td", reason));
    at("errors").querySelector("tbody").append(row);
  }
}

at("summary").textContent = data.summary;
at("about").textContent = data.about;
at("one-label").hidden = !Object.keys(groups).length;
const chosen = images.filter(image => image.chosen).length;
at("chosen-label").hidden = !chosen;
at("chosen-label").querySelector("span").textContent = "only the " + chosen + " chosen";
for (const id of ["sort", "one", "chosen"]) at(id).addEventListener("change", refresh);
for (const id of ["text", "score-from", "score-to", "percentile-from", "percentile-to"])
  at(id).addEventListener("input", refresh);
at("clear").addEventListener("click", () => {
  for (const input of document.querySelectorAll(".tools input"))
    if (input.type === "checkbox") input.checked = false; else input.value = "";
  defect = null;
  press();
  refresh();
});
distribution();
chips();
errors();
refresh();
