// PredictionView in the browser: collects an answer and a confidence, and shows what Python says about them.

const KEYS = "data-lm-suppress-shortcuts";
const PATIENCE = 8000; // ms until a kernel that does not answer is spoken of

function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text; // never markup: questions and errors may hold any character
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function radios(legend, part, name, options) {
  const group = make("fieldset", "", { "data-part": part });
  group.append(make("legend", legend));
  for (const { value, text } of options) {
    const label = make("label"), input = make("input", "", { type: "radio", name, value, [KEYS]: "true" });
    label.append(input, make("span", text));
    group.append(label);
  }
  return group;
}

function numberField(unit, id) {
  const group = make("div", "", { class: "prediction-view-number", "data-part": "answer" });
  const label = make("label", `Your answer${unit ? ` (${unit})` : ""}`, { for: id });
  group.append(label, make("input", "", { id, type: "text", inputmode: "decimal", autocomplete: "off", [KEYS]: "true" }));
  return group;
}

function render({ model, el }) {
  const { text, choices, unit, sure, again } = model.get("_question");
  const own = `prediction-view-${crypto.getRandomValues(new Uint32Array(1))}`;
  const root = make("section", "", { class: "prediction-view", "aria-labelledby": `${own}-title` });
  const title = make("p", "Predict before you look", { class: "prediction-view-title", id: `${own}-title` });
  const form = make("fieldset", "", { "data-part": "form", "aria-describedby": `${own}-text` });
  const answer = choices.length
    ? radios("Your answer", "answer", `${own}-answer`, choices.map(value => ({ value, text: value })))
    : numberField(unit, `${own}-number`);
  const confidence = radios("How sure are you?", "confidence", `${own}-sure`, sure);
  const lock = make("button", "Lock my answer", { type: "button", [KEYS]: "true" });
  const note = make("span", "A locked answer cannot be changed. It is not graded.", { class: "prediction-view-note" });
  const action = make("div", "", { class: "prediction-view-action" });
  const given = make("p", "", { "data-part": "given", tabindex: "-1", [KEYS]: "true" });
  const status = make("div", "", { role: "status", "aria-live": "polite" });
  action.append(lock, note);
  form.append(answer, confidence, action);
  const asleep = "The kernel is gone, and it keeps your answers: run the cell again to answer."; // the style sheet knows when
  root.append(title);
  if (again) root.append(make("p", again, { class: "prediction-view-again", "data-part": "again" }));
  root.append(make("p", text, { id: `${own}-text`, "data-part": "text" }), form, given, status);
  root.append(make("p", asleep, { class: "prediction-view-asleep" }));
  el.append(root);
  let patience = 0;

  const say = (kind, lines) => {
    status.dataset.kind = kind;
    status.replaceChildren(...lines.map(line => make("p", line)));
  };
  const show = () => {
    const words = model.get("_given"), { kind, lines } = model.get("_outcome");
    if (!words) return;
    clearTimeout(patience);
    const had = form.contains(document.activeElement);
    form.disabled = true;
    form.hidden = true;
    given.hidden = false;
    given.textContent = words;
    say(kind ?? "waiting", lines ?? ["Looking …"]);
    if (had) given.focus(); // the button that had the focus is gone
  };
  const complain = () => {
    clearTimeout(patience);
    say("complaint", [model.get("_complaint").text]);
  };
  const value = part => (part.querySelector("input:checked") ?? part.querySelector("input[type=text]"))?.value ?? null;
  lock.addEventListener("click", () => {
    const chosen = value(confidence);
    say("waiting", ["Locking …"]);
    clearTimeout(patience);
    patience = setTimeout(
      () => say("complaint", ["Python does not answer: is the kernel busy? If it was restarted, run this cell again."]),
      PATIENCE,
    );
    try {
      model.send({ answer: value(answer), confidence: chosen === null ? null : Number(chosen) });
    } catch {
      // a connection that is closed; the sentence above follows
    }
  });

  given.hidden = true;
  model.on("change:_given", show);
  model.on("change:_outcome", show);
  model.on("change:_complaint", complain);
  show();
  return () => {
    clearTimeout(patience);
    model.off("change:_given", show);
    model.off("change:_outcome", show);
    model.off("change:_complaint", complain);
  };
}

export default { render };
