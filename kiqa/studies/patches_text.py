"""Text, style and script of the page on the quality of patches."""

INSTRUCTIONS = """<p>You will see small square pieces of photographs, one after the other, each
{side} x {side} pixels. Answer one question for each:</p>
<p><b>Does this piece look as if it was taken from a photograph of high quality?</b></p>
<p>Judge how well it is reproduced (sharpness, noise, exposure, traces of compression), not what it
shows or whether you like it. Follow your first impression. There are no right or wrong
answers.</p>
<table>
<tr><th><kbd>&rarr;</kbd> or <kbd>Y</kbd></th><td>yes</td></tr>
<tr><th><kbd>&larr;</kbd> or <kbd>N</kbd></th><td>no</td></tr>
<tr><th><kbd>Backspace</kbd></th><td>back to the piece before, to change its answer</td></tr>
</table>
<p>{work}</p>
"""

WORK = """<div class="piece"><div class="frame"><canvas id="patch" width="{side}" height="{side}"
 style="width:{shown}px;height:{shown}px" role="img" aria-label="Piece of a photograph"></canvas>
</div>{label}</div>
<footer class="controls">
<p class="question">Does this piece look as if it was taken from a photograph of high quality?</p>
<div class="row"><button id="no" type="button">No &nbsp;<kbd>&larr;</kbd> <kbd>N</kbd></button>
<button id="yes" type="button">Yes &nbsp;<kbd>&rarr;</kbd> <kbd>Y</kbd></button></div>
<p id="hint" role="status"></p>
</footer>
"""

ENLARGED = "<p>Enlarged {factor} times: each pixel is a square of {factor} x {factor}.</p>"

STYLE = """.piece { flex: 1; min-height: 0; display: flex; flex-direction: column; gap: 14px;
  align-items: center; justify-content: center; overflow: auto; }
canvas { image-rendering: pixelated; display: block; }
.frame { flex: none; }
.question { text-align: center; padding-bottom: 10px; font-weight: 600; }
.controls button { min-width: 9rem; min-height: 3rem; }
.controls button[aria-pressed=true] { outline: 3px solid #fff; }
"""

SCRIPT = r"""
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
"""
