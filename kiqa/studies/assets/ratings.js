const QUESTIONS = ["device", "distance", "lenses", "clear"];  // to be answered; remarks need not
const rating = { index: -1, moved: false };

function isSurvey(item) { return item.stage === 2; }
function surveyed() {
  const found = study.items.findIndex(isSurvey);
  const answer = found < 0 ? null : answers[found];
  return answer && typeof answer === "object" ? JSON.stringify(answer) : "";
}
function touched(moved) {
  rating.moved = moved;
  el("slider").classList.toggle("untouched", !moved);
  el("next").disabled = !moved;
}
function replies() {
  const found = {};
  for (const name of [...QUESTIONS, "remarks"]) found[name] = tidy(el(name).value);
  return found;
}
function whole(answer) {
  return answer !== null && typeof answer === "object" && QUESTIONS.every(name => answer[name]);
}

const task = {
  columns: ["subject", "image", "rating", "session", "repeat", "survey"],
  unit: ["page", "pages"],  // the survey is one, too
  exact: true,
  complete: answer => typeof answer === "number" || whole(answer === undefined ? null : answer),
  rows: (item, answer, who) => item.stage === 1 ?
    [[who, item.name, answer, study.session, item.after === undefined ? 0 : 1, surveyed()]] : [],

  setup() {
    el("slider").addEventListener("input", () => touched(true));
    // A press on the place where the slider is already chooses that place.
    el("slider").addEventListener("pointerup", () => touched(true));
    el("next").addEventListener("click", () => task.next());
    for (const name of QUESTIONS)
      el(name).addEventListener("change", () => touched(whole(replies())));
  },

  async show(index, item, answer, fresh) {
    const survey = isSurvey(item);
    rating.index = -1;
    touched(false);
    if (!survey) {
      const picture = new Image();
      picture.src = address(index, 0);
      await picture.decode();
      if (!fresh()) return;
      if (picture.naturalWidth !== item.width || picture.naturalHeight !== item.height)
        throw new Error("it has not the size it should have");
      el("picture").src = picture.src;
      el("shown").scrollTo(0, 0);
      el("slider").value = typeof answer === "number" ? answer : 50;
    } else {
      for (const name of [...QUESTIONS, "remarks"]) el(name).value = answer && answer[name] || "";
    }
    el("shown").hidden = el("scale").hidden = survey;
    el("survey").hidden = !survey;
    el("learn").hidden = item.stage !== 0;
    touched(task.complete(answer));
    rating.index = index;
    el("hint").textContent = survey ? "Last, some questions." : task.complete(answer) ?
      "Rated already. Rate anew, or go forward." : "Move the slider.";
    if (survey) el("device").focus(); else el("slider").focus();
  },

  next() {
    if (rating.index !== order[place] || !rating.moved) return;
    give(isSurvey(study.items[rating.index]) ? replies() : Number(el("slider").value));
  },

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.key !== "Enter") return;
    task.next();
    event.preventDefault();
  },
};
