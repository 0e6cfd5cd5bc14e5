const KEPT_BYTES = 1.2e9;  // decoded test pictures of one image that are kept
const AT_ONCE = 4;  // pictures decoded at the same time
const jnd = { steps: null, shown: -1, wanted: 0, moved: false, far: 0, x: 0, y: 0 };

// The decoded test pictures of one image; those far from the wanted step are let go.
function stack(index, count, bytes) {
  const pictures = new Map(), room = Math.max(8, Math.floor(KEPT_BYTES / bytes));
  function get(step) {
    if (!pictures.has(step)) pictures.set(step, bitmap(index, step + 1));
    if (pictures.size > room) {
      const distance = other => Math.abs(other - jnd.wanted);
      const last = Array.from(pictures.keys()).filter(other => other !== step)
        .sort((a, b) => distance(b) - distance(a))[0];
      drop(last);
    }
    return pictures.get(step);
  }
  function drop(step) {
    pictures.get(step).then(picture => picture.close(), () => {});
    pictures.delete(step);
  }
  return { index, count, room, get, close: () => Array.from(pictures.keys()).forEach(drop) };
}

function paint(canvas, picture, item) {
  if (picture.width !== item.width || picture.height !== item.height)
    throw new Error("it has not the size it should have");
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  canvas.getContext("2d", { alpha: false }).drawImage(picture, 0, 0);
}

function buttons() {
  const ready = jnd.steps !== null && jnd.shown === jnd.wanted;
  el("noticed").disabled = !(ready && jnd.moved);
  el("never").disabled = !(ready && jnd.far === jnd.steps.count - 1);
}
function tell(text) { el("hint").textContent = text; }

async function move(to) {
  const steps = jnd.steps;
  if (!steps) return;
  jnd.wanted = Math.max(0, Math.min(steps.count - 1, Math.round(to)));
  const step = jnd.wanted;
  el("slider").value = step;
  el("slider").setAttribute("aria-valuetext", "step " + (step + 1) + " of " + steps.count);
  buttons();
  const picture = await steps.get(step);
  if (jnd.steps !== steps || jnd.wanted !== step) return;
  paint(el("test"), picture, study.items[steps.index]);
  jnd.shown = step;
  jnd.moved = jnd.moved || step > 0;
  jnd.far = Math.max(jnd.far, step);
  tell("Step " + (step + 1) + " of " + steps.count);
  buttons();
  if (steps.room < steps.count)
    for (let near = 1; near < 4; near++)
      for (const other of [step + near, step - near])
        if (other >= 0 && other < steps.count) steps.get(other).catch(() => {});
}

// Both pictures lie at the same place of their views, pixel by pixel.
function pan(x, y) {
  const view = document.querySelector(".view"), canvas = el("reference");
  const wide = canvas.width - view.clientWidth, high = canvas.height - view.clientHeight;
  const along = (at, more) => more <= 0 ? Math.floor(more / 2) : Math.max(0, Math.min(more, at));
  jnd.x = along(Math.round(x), wide);
  jnd.y = along(Math.round(y), high);
  for (const each of [el("reference"), el("test")])
    each.style.transform = "translate(" + -jnd.x + "px," + -jnd.y + "px)";
  for (const each of document.querySelectorAll(".view"))
    each.classList.toggle("larger", wide > 0 || high > 0);
  el("part").hidden = !(wide > 0 || high > 0);
  el("part").textContent = "The window shows " + Math.min(canvas.width, view.clientWidth) + " x " +
    Math.min(canvas.height, view.clientHeight) + " of " + canvas.width + " x " + canvas.height +
    " pixels. Drag a picture, or use Shift with the arrow keys: both move together.";
}
function panTo(x, y) {
  const shown = el("part").hidden;
  pan(x, y);
  if (el("part").hidden !== shown) pan(x, y);  // the line takes height itself
}

const task = {
  columns: ["image", "participant", "version"],
  unit: ["image", "images"],
  exact: true,
  complete: answer => answer !== undefined,
  rows: (item, answer, who) => [[item.name, who, answer === null ? "" : answer]],

  setup() {
    el("slider").addEventListener("input", event => move(Number(event.target.value)));
    el("noticed").addEventListener("click", () => task.decide(true));
    el("never").addEventListener("click", () => task.decide(false));
    let from = null;
    for (const view of document.querySelectorAll(".view")) {
      view.addEventListener("pointerdown", event => {
        event.preventDefault();
        from = [event.clientX + jnd.x, event.clientY + jnd.y];
        view.setPointerCapture(event.pointerId);
      });
      view.addEventListener("pointermove", event => {
        if (from) pan(from[0] - event.clientX, from[1] - event.clientY);
      });
      for (const name of ["pointerup", "pointercancel"])
        view.addEventListener(name, () => { from = null; });
      view.addEventListener("wheel", event => {
        event.preventDefault();
        pan(jnd.x + event.deltaX, jnd.y + event.deltaY);
      }, { passive: false });
    }
    window.addEventListener("resize", () => { if (!el("work").hidden) panTo(jnd.x, jnd.y); });
  },

  async show(index, item, answer, fresh) {
    const count = item.versions.length, bytes = 4 * item.width * item.height;
    if (jnd.steps) jnd.steps.close();
    Object.assign(jnd, { steps: null, shown: -1, wanted: 0, moved: false, far: 0 });
    el("slider").disabled = true;
    el("slider").max = count - 1;
    el("slider").value = 0;
    buttons();
    const steps = stack(index, count, bytes), first = Math.min(count, steps.room);
    let next = 0, ready = 0;
    tell("Preparing the pictures");
    async function decode() {
      while (next < first && fresh()) {
        await steps.get(next++);
        ready++;
        if (fresh()) tell("Preparing the pictures: " + ready + " of " + first);
      }
    }
    try {
      const reference = await bitmap(index, 0), best = await steps.get(0);
      if (!fresh()) {
        reference.close();
        return steps.close();
      }
      paint(el("reference"), reference, item);
      reference.close();
      paint(el("test"), best, item);
      panTo((item.width - document.querySelector(".view").clientWidth) / 2,
        (item.height - document.querySelector(".view").clientHeight) / 2);
      await Promise.all(Array.from({ length: AT_ONCE }, decode));
    } catch (error) {
      steps.close();
      throw error;
    }
    if (!fresh()) return steps.close();
    Object.assign(jnd, { steps, shown: 0 });
    el("slider").disabled = false;
    el("slider").focus();
    await move(0);
    tell(answer === undefined ? "Move the slider slowly to the right." :
      "Your answer so far: " + (answer === null ? "no difference down to the last step" :
        "step " + (item.versions.indexOf(answer) + 1)) + ". Answer anew, or go forward.");
  },

  decide(noticed) {
    const button = el(noticed ? "noticed" : "never");
    if (button.disabled) return;
    const item = study.items[jnd.steps.index];
    give(noticed ? item.versions[jnd.shown] : null);
  },

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const across = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const last = jnd.steps ? jnd.steps.count - 1 : 0, large = Math.max(2, Math.round(last / 10));
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: large,
      PageDown: -large, Home: -last, End: last };
    if (event.shiftKey && across[event.key])
      pan(jnd.x + 64 * across[event.key][0], jnd.y + 64 * across[event.key][1]);
    else if (steps[event.key]) move(jnd.wanted + steps[event.key]);
    else if (event.key === "Enter" && !event.repeat) task.decide(true);
    else return;
    event.preventDefault();
  },
};
