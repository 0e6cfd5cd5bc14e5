const AHEAD = 6;  // patches decoded before they are due
const ready = new Map();
let current = -1;

function fetched(index) {
  if (!ready.has(index)) ready.set(index, bitmap(index, 0));
  return ready.get(index);
}

const task = {
  columns: ["image", "row", "col", "participant", "vote"],
  unit: ["piece", "pieces"],
  exact: true,
  complete: answer => answer === 0 || answer === 1,
  rows: (item, answer, who) => [[item.name, item.row, item.col, who, answer]],

  setup() {
    el("yes").addEventListener("click", () => task.vote(1));
    el("no").addEventListener("click", () => task.vote(0));
  },

  async show(index, item, answer, fresh) {
    current = -1;
    const picture = await fetched(index);
    if (!fresh()) return;
    const canvas = el("patch");
    if (picture.width !== canvas.width || picture.height !== canvas.height)
      throw new Error("it has not the size it should have");
    canvas.getContext("2d", { alpha: false }).drawImage(picture, 0, 0);
    current = index;
    el("yes").setAttribute("aria-pressed", answer === 1);
    el("no").setAttribute("aria-pressed", answer === 0);
    el("hint").textContent = task.complete(answer) ?
      "Your answer so far: " + (answer ? "yes" : "no") + ". Answer anew, or go forward." : "";
    document.activeElement.blur();
    const near = order.slice(Math.max(0, place - 2), place + AHEAD);
    for (const other of near) fetched(other).catch(() => {});
    for (const other of Array.from(ready.keys()))
      if (!near.includes(other)) ready.delete(other);
  },

  vote(answer) {
    if (current === order[place]) give(answer);
  },

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const votes = { arrowright: 1, y: 1, arrowleft: 0, n: 0 };
    const pressed = event.key.toLowerCase();
    if (pressed in votes) task.vote(votes[pressed]);
    else if (pressed === "backspace") go(place - 1);
    else return;
    event.preventDefault();
  },
};
