const study = JSON.parse(el("study").textContent);
const total = study.participants || 0;
let who = "", order = [], answers = {}, place = 0, unsaved = false, turn = 0;

function el(id) { return document.getElementById(id); }

function complain(text) {
  const box = el("notice");
  if (Array.from(box.querySelectorAll("p"), line => line.textContent).includes(text)) return;
  const line = document.createElement("p");
  line.textContent = text;
  box.prepend(line);
  box.hidden = false;
  resized();
}
// The notice takes height from the working screen, which then fits its pictures anew.
function resized() { window.dispatchEvent(new Event("resize")); }
window.addEventListener("error", event => complain("Error in the page: " + event.message));
window.addEventListener("unhandledrejection", event =>
  complain("Error in the page: " + (event.reason && event.reason.message || event.reason)));

function encoded(index, number) {
  const node = el("p" + index + "-" + number);
  return { mime: node.dataset.mime, text: node.textContent };
}
function address(index, number) {
  const { mime, text } = encoded(index, number);
  return "data:" + mime + ";base64," + text;
}
// A decoded picture: drawing it takes no time, so nothing ever flickers.
async function bitmap(index, number) {
  const { mime, text } = encoded(index, number);
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: mime }));
}

function seeded(text) {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++)
    state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296;
  };
}
// The items of a participant, in an order that is the same whenever the name is the same.
function shuffled(name) {
  const own = [], random = seeded(name);
  study.items.forEach((item, index) => {
    if (!item.who || item.who.includes(Number(name))) own.push(index);
  });
  for (let i = own.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [own[i], own[j]] = [own[j], own[i]];
  }
  // Stages come one after the other, and a second showing after the first.
  own.sort((a, b) => (study.items[a].stage || 0) - (study.items[b].stage || 0));
  for (const index of own.slice()) {
    const first = own.indexOf(study.items[index].after), place = own.indexOf(index);
    if (first > place) [own[first], own[place]] = [own[place], own[first]];
  }
  return own;
}

function tidy(name) { return name.normalize("NFC").trim().replace(/[\s\p{Cc}]+/gu, " "); }
function answered() { return order.filter(index => task.complete(answers[index])).length; }
function units(count) { return count + " " + task.unit[count === 1 ? 0 : 1]; }

function screen(name) {
  for (const id of ["start", "work", "end"]) el(id).hidden = id !== name;
  document.body.classList.toggle("working", name === "work");
}
function bar() {
  el("count").textContent =
    task.unit[0][0].toUpperCase() + task.unit[0].slice(1) + " " + (place + 1) + " of " +
    order.length;
  el("progress").value = answered() / order.length;
  el("back").disabled = place === 0;
  el("forward").disabled = !task.complete(answers[order[place]]);
}
async function show() {
  if (place >= order.length) return rest();
  const index = order[place], mine = ++turn;
  screen("work");
  bar();
  el("work").setAttribute("aria-busy", "true");
  try {
    await task.show(index, study.items[index], answers[index], () => mine === turn);
  } catch (error) {
    complain("The picture " + study.items[index].name + " cannot be shown: " + error.message);
  }
  if (mine === turn) el("work").setAttribute("aria-busy", "false");
}
function go(to) { place = Math.max(0, Math.min(order.length, to)); return show(); }
// Keep an answer that is not given yet, such as boxes while they are drawn.
function draft(answer) {
  answers[order[place]] = answer;
  unsaved = true;
  keep();
  bar();
}
function give(answer) {
  draft(answer);
  const open = order.findIndex(index => !task.complete(answers[index]));
  go(open < 0 ? order.length : open);
}
function rest() {
  turn++;
  const count = answered(), all = count === order.length;
  el("state").textContent = all ? "Done. Thank you!" : "Pause";
  el("done").textContent = "Participant " + who + ": " + count + " of " + units(order.length) +
    " answered. " + (all ? "Save the file now and hand it over." : count ?
      "You can save a file now, or go on first." : "There is nothing to save yet.");
  el("resume").textContent = all ? "Look at the last answer again" : "Go on";
  el("save").disabled = el("forget").disabled = !count;
  el("saved").textContent = "";
  el("csv").value = el("csv").textContent = csv();
  screen("end");
  el("state").focus();
}

function quoted(value) {
  const text = String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}
function csv() {
  const lines = [task.columns];
  for (const index of order.slice().sort((a, b) => a - b))
    if (task.complete(answers[index]))
      lines.push(...task.rows(study.items[index], answers[index], who));
  return lines.map(cells => cells.map(quoted).join(",") + "\n").join("");
}
function save() {
  const link = document.createElement("a");
  link.download = study.kind + "-" + who.replace(/[^\p{L}\p{N}._-]+/gu, "_") + "-" + study.id +
    ".csv";
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  unsaved = false;
  keep();
  el("saved").textContent = "Saved " + answered() + " of " + units(order.length) + " as " +
    link.download + ". It is where this browser puts downloads.";
}

function named() {
  const name = tidy(el("who").value);
  if (!total) return name;
  return /^\d+$/.test(name) && name >= 1 && name <= total ? String(Number(name)) : "";
}
function leave() {
  if (unsaved && !confirm("Not all answers are in a saved file yet. Leave them in this browser?"))
    return;
  who = "";
  unsaved = false;
  el("who").value = study.participant || "";
  welcome();
  screen("start");
}
async function welcome() {
  const name = named(), own = name ? shuffled(name) : [];
  el("who").setCustomValidity(name ? "" : total ? "A number from 1 to " + total : "A name");
  const found = name ? (await read(name)).answers : {};
  if (name !== named()) return;  // typed on meanwhile
  const count = own.filter(index => task.complete(found[index])).length;
  el("found").textContent = count ? count + " of " + units(own.length) +
    " are answered already in this browser. You go on there." : name && total ?
    units(own.length) + " for this participant." : "";
}
el("enter").addEventListener("submit", async event => {
  event.preventDefault();
  const name = named(), found = name && await read(name);
  if (!name || name !== named() || who) return;
  who = name;
  order = shuffled(who);
  ({ answers, unsaved } = found);
  keep();
  el("name").textContent = "Participant " + who;
  const open = order.findIndex(index => !task.complete(answers[index]));
  go(open < 0 ? order.length : open);
});
el("back").addEventListener("click", () => go(place - 1));
el("forward").addEventListener("click", () => go(place + 1));
el("pause").addEventListener("click", rest);
el("resume").addEventListener("click", () => go(Math.min(place, order.length - 1)));
el("save").addEventListener("click", save);
el("leave").addEventListener("click", leave);
el("forget").addEventListener("click", () => {
  if (!confirm("Delete the answers of " + who + " from this browser? A saved file stays.")) return;
  unsaved = false;
  forget();
  leave();
});
document.addEventListener("keydown", event => {
  if (el("work").hidden) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    rest();
    if (!el("save").disabled) save();
    return;
  }
  // A focused button keeps its own keys.
  if ((event.key === "Enter" || event.key === " ") && event.target.closest("button")) return;
  task.key(event);
});
window.addEventListener("beforeunload", event => { if (unsaved) event.preventDefault(); });
function zoom() {
  const ratio = window.devicePixelRatio;
  el("zoom").hidden = !task.exact || Math.abs(ratio - 1) < 0.01;
  el("zoom").textContent = "Pictures are enlarged to " + Math.round(100 * ratio) + " % by the " +
    "zoom of the browser or of the display. Set both to 100 % (the browser's with Ctrl+0).";
}
window.addEventListener("resize", zoom);

const closing = document.createElement("button");
closing.textContent = "Close";
closing.addEventListener("click", () => {
  el("notice").replaceChildren(closing);
  el("notice").hidden = true;
  resized();
});
el("notice").append(closing);
if (total) {
  document.querySelector("label[for=who]").textContent = "Participant number" +
    (study.participant ? "" : ", 1 to " + total);
  el("who").inputMode = "numeric";
  if (study.participant) {
    el("who").value = study.participant;
    el("who").readOnly = true;
  }
}
task.setup();
zoom();
connect().then(() => {
  el("who").addEventListener("input", welcome);
  el("go").textContent = "Start";
  el("go").disabled = false;
  return welcome();
});
