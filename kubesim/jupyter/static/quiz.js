// The page's half of quizzes, predictions and the box of %why (quiz.py, prediction.py, why.py). All words come from
// Python; this file lays them out and reads the answer.

const BLANK = "____"; // a part of a command to fill in, as BLANK in lessons/quiz.py
const ANSWERING = new Set(["check", "yes", "no"]); // actions that send the answer along

const letter = (number) => String.fromCharCode(65 + number);

function choiceInputs(content, name) {
  const type = content.kind === "choices" ? "checkbox" : "radio";
  return [element("div", { className: "ks-choices" }, ...content.choices.map((innerHTML, place) =>
    element("label", { className: "ks-choice" },
      element("input", { type, name, value: String(content.numbers[place]) }),
      element("b", { textContent: letter(place) }),
      element("span", { innerHTML }))))];
}

// The choices of a prediction. They are buttons, because one pick is final, and arrow keys pick radio buttons.
function clickableChoices(content, _name, pick) {
  return [element("div", { className: "ks-guesses" }, ...content.choices.map((innerHTML, place) =>
    element("button", { type: "button", className: "ks-guess", onclick: () => pick(content.numbers[place]) },
      element("b", { textContent: letter(place) }), html("span", "", innerHTML))))];
}

function outputLines(content, name) {
  const screen = element("div", { className: "ks-output" }, ...choiceInputs(content, name));
  return [element("div", { className: "ks-screen" }, element("div", { className: "ks-run", textContent: `$ ${content.run}` }), screen)];
}

// A list to be ordered: each item has a button up and one down. Moves are announced, and the focus stays on the button.
function orderedItems(content) {
  const list = element("ol", { className: "ks-order" });
  const said = announcer();
  const move = (item, by) => {
    const items = [...list.children];
    const to = items.indexOf(item) + by;
    const name = letter(numberOf(item));
    if (to < 0 || to >= items.length) {
      said.textContent = `${name} is at the ${to < 0 ? "top" : "bottom"} already`;
      return;
    }
    const pressed = document.activeElement;
    if (by < 0) items[to].before(item);
    else items[to].after(item);
    pressed.focus();
    said.textContent = `${name} is now number ${to + 1} of ${items.length}`;
  };
  const button = (item, by, sign, words) => element("button", {
    type: "button",
    textContent: sign,
    ariaLabel: `Move ${letter(numberOf(item))} ${words}`,
    onclick: () => move(item, by),
  });
  list.append(...content.choices.map((innerHTML, number) => {
    const item = element("li", { className: "ks-item" });
    item.dataset.number = String(number);
    item.append(element("div", {},
      element("span", { className: "ks-moves" }, button(item, -1, "↑", "up"), button(item, 1, "↓", "down")),
      element("b", { textContent: letter(number) }), element("span", { innerHTML })));
    return item;
  }));
  return [list, said];
}

// Items to be sorted, each with a radio button for each of two bins. The value is twice the item's number, plus one for
// the second bin, as `judge` in lessons/quiz.py takes it.
function sortedItems(content, name) {
  return [element("ol", { className: "ks-order" }, ...content.choices.map((innerHTML, place) => {
    const id = `${name}-${place}`;
    const bins = content.bins.map((bin, side) =>
      element("label", { className: "ks-choice" },
        element("input", { type: "radio", name: id, value: String(2 * content.numbers[place] + side) }),
        element("span", { innerHTML: bin })));
    const text = element("div", { id }, element("b", { textContent: letter(place) }), " ", element("span", { innerHTML }));
    const group = element("div", { className: "ks-bins" }, ...bins);
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-labelledby", id);
    return element("li", { className: "ks-sorted" }, text, group);
  }))];
}

const PLAIN = { autocomplete: "off", autocapitalize: "off", spellcheck: false }; // for a field that takes code

function typedInput(content, name) {
  const shared = { ...PLAIN, name, id: name, ariaLabel: content.how };
  if (content.kind === "paste") return [element("textarea", { ...shared, className: "ks-typed ks-mono", rows: 8, wrap: "off" })];
  return [element("input", { ...shared, type: "text", className: content.kind === "command" ? "ks-typed ks-mono" : "ks-typed" })];
}

// A command with a field for each blank, as wide as what is typed. A line doesn't break inside a word of the command.
function blankInputs({ gap }) {
  const count = gap.split(BLANK).length - 1;
  let made = 0;
  const field = () => {
    made += 1;
    const input = element("input", { ...PLAIN, type: "text", className: "ks-blank", placeholder: BLANK, ariaLabel: `Blank ${made} of ${count}` });
    input.addEventListener("input", () => fitBlank(input));
    return input;
  };
  const word = (text) => element("span", { className: "ks-word" }, ...text.split(BLANK).flatMap((part, place) => (place ? [field(), part] : [part])));
  return [element("div", { className: "ks-blanks ks-mono" }, ...gap.split(/( +)/).map((part, place) => (place % 2 ? part : word(part))))];
}

const fitBlank = (input) => (input.size = Math.max(BLANK.length, input.value.length));

// The whole command; an empty field stays a blank.
function filledBlanks(form, { gap }) {
  const values = [...form.querySelectorAll(".ks-blank")].map(({ value }) => value.trim() || BLANK);
  return gap.split(BLANK).map((part, place) => (place ? values[place - 1] + part : part)).join("");
}

// Puts the parts of an answer into the fields. An answer that has other words than the command leaves them empty.
function fillBlanks(form, answer, { gap }) {
  const parts = gap.split(BLANK).map((part) => part.replace(/[^\w ]/g, "\\$&"));
  const values = new RegExp(`^${parts.join("(.*?)")}$`).exec(answer)?.slice(1) ?? [];
  form.querySelectorAll(".ks-blank").forEach((input, place) => {
    input.value = (values[place] ?? "").replace(BLANK, "");
    fitBlank(input);
  });
}

const checkedNumbers = (form) => [...form.querySelectorAll("input:checked")].map((input) => Number(input.value));

function checkNumbers(form, answer) {
  for (const input of form.querySelectorAll(".ks-choice input")) input.checked = answer.includes(Number(input.value));
}

// Marks the picked choice of a prediction, after which no other can be picked.
function markPick(form, answer, content) {
  form.querySelectorAll(".ks-guess").forEach((guess, place) => {
    guess.ariaPressed = String(answer.includes(content.numbers[place]));
    guess.ariaDisabled = String(answer.length > 0); // `disabled` would take the focus away; Python ignores further picks
  });
}

const numberOf = (item) => Number(item.dataset.number);
const orderedNumbers = (form) => [...form.querySelectorAll(".ks-item")].map(numberOf);

function putInOrder(form, answer) {
  const place = (item) => (answer.length ? answer.indexOf(numberOf(item)) : numberOf(item));
  const list = form.querySelector(".ks-order");
  list.append(...[...list.children].sort((one, other) => place(one) - place(other)));
}

const CHECKED = { read: checkedNumbers, write: checkNumbers };
const TYPED = {
  build: typedInput,
  read: (form) => form.querySelector(".ks-typed").value,
  write: (form, answer) => (form.querySelector(".ks-typed").value = answer.length ? answer : ""),
};
// By the kind of question (`Kind` in lessons/quiz.py, and "paste"): `build(content, name, pick)` returns the nodes of its
// inputs; `read(form, content)` returns the answer in them, numbers of choices or a text; `write(form, answer, content)` shows an
// answer, an empty one for none. `pick(number)` sends an answer at once.
const KINDS = {
  choice: { build: choiceInputs, ...CHECKED },
  choices: { build: choiceInputs, ...CHECKED },
  line: { build: outputLines, ...CHECKED },
  sort: { build: sortedItems, ...CHECKED },
  predict: { build: clickableChoices, read: () => [], write: markPick },
  order: { build: orderedItems, read: orderedNumbers, write: putInOrder },
  text: TYPED,
  command: TYPED,
  paste: TYPED,
  gap: { build: blankInputs, read: filledBlanks, write: fillBlanks },
};

const kindOf = (content) => KINDS[content.gap ? "gap" : content.kind];

function buildFields(content, pick) {
  const name = uniqueName("ks-answer");
  const legend = element("legend", {},
    element("span", { className: "ks-label", textContent: content.label }), " ",
    element("span", { innerHTML: content.html }));
  // A single choice and a prediction need no instruction.
  if (!["choice", "predict"].includes(content.kind)) legend.append(" ", element("span", { className: "ks-how", textContent: content.how }));
  const inputs = kindOf(content).build(content, name, pick);
  return element("fieldset", {}, legend, ...inputs);
}

function noteLine({ ok, html: innerHTML }) {
  const word = element("span", { className: "ks-unseen", textContent: ok ? "Right: " : "Not yet: " });
  return element("li", { className: ok ? "ks-ok" : "ks-no" }, markOf(ok ? "✓" : "✗"), word, element("span", { innerHTML }));
}

function drawFeedback(status, { verdict, heading, notes, printed, explanation, hints, revealed, said }) {
  status.replaceChildren();
  if (said) status.append(element("p", { textContent: said }));
  if (verdict) {
    const mark = verdict === "right" ? "✓" : "✗";
    status.append(element("div", { className: `ks-verdict ks-${verdict}` },
      element("p", { className: "ks-marked" }, markOf(mark), " ", element("b", { textContent: heading })),
      ...(printed ? [element("pre", { textContent: printed })] : []),
      ...(explanation ? [html("div", "", explanation)] : []),
      element("ul", { className: "ks-notes" }, ...notes.map(noteLine))));
  }
  status.append(...hints.map(hintLine));
  if (revealed) status.append(reveal("Answer", revealed));
}

// Tells a prediction when the code cell below it has run. Python alone can't tell that cell from others, which the
// learner runs while the card is shown already. Returns a function that stops it.
async function followNextCell(model, card) {
  const cells = [...(model.widget_manager?.context?.model?.cells ?? [])];
  if (!cells.length || !(await isInPage(card))) return () => {};
  const number = Number(card.closest(".jp-Cell")?.dataset.windowedListIndex);
  if (Number.isNaN(number)) return () => {};
  const next = cells.slice(number + 1).find(({ type }) => type === "code");
  if (!next) return () => {};
  const tell = (_, { name, newValue }) => name === "executionCount" && newValue && model.send({ do: "ran" });
  model.send({ do: "follow" });
  next.stateChanged.connect(tell);
  return () => next.stateChanged.disconnect(tell);
}

function render({ model, el }) {
  let content = model.get("content");
  const pick = (number) => ask({ do: "check", answer: [number] });
  const form = element("form", { className: "ks-form", noValidate: true }, buildFields(content, pick));
  const buttons = element("div", { className: "ks-buttons" });
  const status = element("div", { className: "ks-status", role: "status" });
  const group = { role: "group", ariaLabel: content.label }; // no <section>: a page would have too many landmarks
  const card = element("div", { className: "ks-card", ...group }, form, status);
  form.append(buttons);

  const ask = connect(model, card);
  const send = (action) => ask(ANSWERING.has(action) ? { do: action, answer: kindOf(content).read(form, content) } : { do: action });

  const draw = () => {
    drawFeedback(status, model.get("feedback"));
    drawButtons(buttons, model.get("feedback").buttons, send);
    if (model.get("feedback").open) el.dispatchEvent(new CustomEvent("kubesim-open", { bubbles: true })); // for foldAnswers in lesson.js
  };
  const restore = () => kindOf(content).write(form, model.get("answer"), content);
  const rebuild = () => {
    content = model.get("content");
    const old = form.querySelector("fieldset");
    const focused = old.contains(document.activeElement);
    old.replaceWith(buildFields(content, pick));
    restore();
    if (focused) form.querySelector("fieldset").querySelector("input, textarea, button")?.focus();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  keepKeys(card);
  card.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    form.querySelector("[data-do=check]")?.click();
  });
  model.on("change:feedback", draw);
  model.on("change:answer", restore);
  model.on("change:content", rebuild);
  el.append(card);
  draw();
  restore();
  const following = content.kind === "predict" ? followNextCell(model, card) : null;
  return () => {
    following?.then((stop) => stop());
    model.off("change:feedback", draw);
    model.off("change:answer", restore);
    model.off("change:content", rebuild);
  };
}

export default { render };
