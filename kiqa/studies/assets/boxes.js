const SLIP = 4;  // screen pixels below which a drag is a click
const EDGES = ["n", "s", "w", "e", "nw", "ne", "sw", "se"];
let item = null, boxes = [], none = false, chosen = -1, past = [], drag = null, full = false;
let coming = null;

function limit(value, low, high) { return Math.max(low, Math.min(high, value)); }
function spot(event) {
  const box = el("frame").getBoundingClientRect();
  return [
    limit(Math.round((event.clientX - box.left) / box.width * item.width), 0, item.width),
    limit(Math.round((event.clientY - box.top) / box.height * item.height), 0, item.height)];
}
function state() { return { boxes: boxes.map(box => box.slice()), none }; }
function changed(before) {
  past.push(before);
  store();
}
function store() {
  // An answer that was given stays one while it is changed and still says something.
  const earlier = answers[order[place]], said = none || boxes.length > 0;
  draft({ ...state(), done: Boolean(earlier && earlier.done && said) });
  draw();
}
function draw() {
  if (!item) return;  // the next photograph is on its way
  const frame = el("frame");
  const nodes = Array.from(frame.querySelectorAll(".box"));
  nodes.slice(boxes.length).forEach(node => node.remove());
  boxes.forEach((box, index) => {
    let node = nodes[index];
    if (!node) {
      node = document.createElement("div");
      node.className = "box";
      node.tabIndex = 0;
      node.setAttribute("role", "group");
      for (const edge of EDGES) {
        const handle = document.createElement("span");
        handle.className = "handle " + edge;
        handle.dataset.edge = edge;
        node.append(handle);
      }
      node.addEventListener("focus", () => choose(Array.from(
        frame.querySelectorAll(".box")).indexOf(node)));
      frame.append(node);
    }
    const [left, top, right, bottom] = box;
    node.style.left = 100 * left / item.width + "%";
    node.style.top = 100 * top / item.height + "%";
    node.style.width = 100 * (right - left) / item.width + "%";
    node.style.height = 100 * (bottom - top) / item.height + "%";
    node.classList.toggle("chosen", index === chosen);
    node.setAttribute("aria-label", "Box " + (index + 1) + ": columns " + left + " to " + right +
      ", rows " + top + " to " + bottom);
  });
  el("none").checked = none;
  el("none").disabled = boxes.length > 0;
  el("add").disabled = false;
  el("delete").disabled = chosen < 0;
  el("undo").disabled = !past.length;
  el("next").disabled = !none && !boxes.length;
  const open = order.filter(index => !task.complete(answers[index])).length;
  const last = open === 0 || open === 1 && !task.complete(answers[order[place]]);
  el("next").firstChild.nodeValue = last ? "Finish \u00a0" : "Next photograph \u00a0";
  const count = boxes.length + (boxes.length === 1 ? " box" : " boxes");
  el("hint").textContent = none ? "No area of high quality. Drawing a box takes the tick away." :
    boxes.length ? count + (chosen < 0 ? "" : ". " + node_text()) :
      "Draw a box round each area of high quality, or tick that there is none.";
}
function node_text() {
  const [left, top, right, bottom] = boxes[chosen];
  return "Chosen: " + (right - left) + " x " + (bottom - top) + " pixels at " + left + ", " + top;
}
function choose(index) {
  chosen = index;
  draw();
}
function focus(index) {
  const node = el("frame").querySelectorAll(".box")[index];
  if (node) node.focus({ preventScroll: true });
}
function add() {
  const before = state(), wide = Math.ceil(item.width / 4), high = Math.ceil(item.height / 4);
  const left = Math.floor((item.width - wide) / 2), top = Math.floor((item.height - high) / 2);
  boxes.push([left, top, left + wide, top + high]);
  none = false;
  chosen = boxes.length - 1;
  changed(before);
  focus(chosen);
}
function remove() {
  if (chosen < 0) return;
  const before = state();
  boxes.splice(chosen, 1);
  chosen = -1;
  changed(before);
  el("stage").focus({ preventScroll: true });
}
function undo() {
  if (!past.length) return;
  ({ boxes, none } = past.pop());
  chosen = -1;
  store();
}
function shifted(box, across, down) {
  const x = limit(across, -box[0], item.width - box[2]);
  const y = limit(down, -box[1], item.height - box[3]);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}
function fit() {
  const stage = el("stage"), frame = el("frame");
  frame.style.width = frame.style.height = 0;  // no scroll bars while the stage is measured
  const fitting = Math.min(1, (stage.clientWidth - 24) / item.width,
    (stage.clientHeight - 24) / item.height), scale = full ? 1 : fitting;
  el("scale").disabled = fitting === 1;
  frame.style.width = item.width * scale + "px";
  frame.style.height = item.height * scale + "px";
  el("scale").setAttribute("aria-pressed", full);
  el("scale").textContent = full ? "Fit into window" : "Full size";
}

function press(event) {
  if (drag || !item || event.button !== 0) return;
  const stage = el("stage");
  if (event.target === stage && (event.offsetX >= stage.clientWidth ||
    event.offsetY >= stage.clientHeight)) return;  // a scroll bar
  event.preventDefault();
  const node = event.shiftKey ? null : event.target.closest(".box");
  const index = node ? Array.from(el("frame").querySelectorAll(".box")).indexOf(node) : -1;
  const edge = node && event.target.dataset.edge || "";
  drag = { id: event.pointerId, before: state(), start: spot(event), at: [event.clientX,
    event.clientY], index, edge, box: node ? boxes[index].slice() : null, going: false };
  stage.setPointerCapture(event.pointerId);
  if (node) focus(index);
  else {
    stage.focus({ preventScroll: true });
    choose(-1);
  }
}
function pull(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const far = Math.max(Math.abs(event.clientX - drag.at[0]), Math.abs(event.clientY - drag.at[1]));
  if (!drag.going && far < SLIP) return;
  const [x, y] = spot(event), [fromX, fromY] = drag.start;
  if (!drag.going && !drag.box) {
    drag.index = boxes.length;
    boxes.push([0, 0, 1, 1]);
    none = false;
  }
  drag.going = true;
  if (!drag.box) {
    const left = Math.min(fromX, x, item.width - 1), top = Math.min(fromY, y, item.height - 1);
    boxes[drag.index] = [left, top, Math.max(fromX, x, left + 1), Math.max(fromY, y, top + 1)];
  } else if (drag.edge) {
    const box = drag.box.slice(), edge = drag.edge;
    if (edge.includes("w")) box[0] = limit(box[0] + x - fromX, 0, box[2] - 1);
    if (edge.includes("n")) box[1] = limit(box[1] + y - fromY, 0, box[3] - 1);
    if (edge.includes("e")) box[2] = limit(box[2] + x - fromX, box[0] + 1, item.width);
    if (edge.includes("s")) box[3] = limit(box[3] + y - fromY, box[1] + 1, item.height);
    boxes[drag.index] = box;
  } else boxes[drag.index] = shifted(drag.box, x - fromX, y - fromY);
  chosen = drag.index;
  draw();
}
function release(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const { before, going, index } = drag;
  drag = null;
  if (!going) return;
  if (event.type === "pointercancel") {
    ({ boxes, none } = before);
    chosen = -1;
    draw();
    return;
  }
  changed(before);
  focus(index);
}

const task = {
  columns: ["image_name", "participant", "left", "top", "right", "bottom", "none"],
  unit: ["photograph", "photographs"],
  exact: false,
  complete: answer => Boolean(answer && answer.done),
  rows: (item, answer, who) => answer.none ? [[item.name, who, "", "", "", "", 1]] :
    answer.boxes.map(box => [item.name, who, ...box, 0]),

  setup() {
    const stage = el("stage");
    stage.tabIndex = -1;
    stage.addEventListener("pointerdown", press);
    stage.addEventListener("pointermove", pull);
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);
    el("none").addEventListener("change", event => {
      const before = state();
      none = event.target.checked;
      changed(before);
    });
    el("add").addEventListener("click", add);
    el("delete").addEventListener("click", remove);
    el("undo").addEventListener("click", undo);
    el("next").addEventListener("click", () => task.next());
    el("scale").addEventListener("click", () => { full = !full; fit(); });
    window.addEventListener("resize", () => { if (item && !el("work").hidden) fit(); });
  },

  async show(index, shown, answer, fresh) {
    // Until the photograph is decoded nothing can be answered, nor the former one changed.
    item = drag = null;
    for (const id of ["none", "add", "delete", "undo", "next"]) el(id).disabled = true;
    const picture = coming && coming.index === index ? coming.picture : new Image();
    if (!picture.src) picture.src = address(index, 0);
    await picture.decode();
    if (!fresh()) return;
    if (picture.naturalWidth !== shown.width || picture.naturalHeight !== shown.height)
      throw new Error("it has not the size it should have");
    picture.alt = "Photograph";
    picture.draggable = false;
    item = shown;
    boxes = answer ? answer.boxes.map(box => box.slice()) : [];
    none = Boolean(answer && answer.none);
    chosen = -1;
    past = [];
    el("frame").replaceChildren(picture);
    fit();
    draw();
    el("stage").scrollTo(0, 0);
    el("stage").focus({ preventScroll: true });
    const next = order.slice(place + 1).find(other => !task.complete(answers[other]));
    coming = next === undefined ? null : { index: next, picture: new Image() };
    if (coming) coming.picture.src = address(next, 0);
  },

  next() {
    if (!item || el("next").disabled) return;
    give({ ...state(), done: true });
  },

  key(event) {
    if (!item || drag) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") undo();
    else if (event.ctrlKey || event.altKey || event.metaKey) return;
    else if (event.key === "Enter" && !event.repeat) task.next();
    else if (event.key.toLowerCase() === "b" && !event.repeat) add();
    else if (event.key === "Escape") { el("stage").focus(); choose(-1); }
    else if (chosen < 0) return;
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (!task.nudge(event)) return;
    event.preventDefault();
  },

  nudge(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (!arrow) return false;
    const before = state(), box = boxes[chosen], pace = event.repeat ? 8 : 1;
    const [across, down] = arrow.map(unit => pace * unit);
    if (event.shiftKey) {
      box[2] = limit(box[2] + across, box[0] + 1, item.width);
      box[3] = limit(box[3] + down, box[1] + 1, item.height);
    } else boxes[chosen] = shifted(box, across, down);
    if (event.repeat) store();
    else changed(before);
    return true;
  },
};
