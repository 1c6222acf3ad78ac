// The page's half of a task (task.py) and of the playground (playground.py): goals, help and buttons from Python.

const LAST_SEED = 9999; // the last seed of a challenge; the playground's are above, so it gives no round away

function render({ model, el }) {
  const content = model.get("content");
  const part = (className) => element("div", { className });
  const goals = element("ul", { className: "ks-notes ks-goals", ariaLabel: "Goals" });
  const count = element("span", { className: "ks-count" });
  const heading = element("p", {}, "Goals: ", count);
  const [text, done, warnings, hints, solution, beside, said] = ["ks-text", "ks-done", "ks-warnings", "ks-hints", "ks-reveals", "ks-beside", "ks-said"].map(part);
  const news = announcer();
  const buttons = part("ks-buttons");
  const card = element("section", { className: "ks-card ks-task", ariaLabel: content.label },
    element("h3", { textContent: content.label }), html("div", "", content.html), text,
    heading, goals, done, warnings, buttons, said, hints, solution, beside, news);
  let hintsTold = 0;

  const ask = connect(model, card);

  const draw = () => {
    const view = model.get("feedback");
    keepOne(text, view.html, (words) => element("div", {}, html("h3", "", view.title), html("div", "", words)));
    heading.hidden = goals.hidden = !view.goals;
    keep(goals, view.goals ?? [], goalLine);
    setText(count, view.count);
    keepOne(done, view.done, (words) =>
      element("div", { className: "ks-verdict ks-right" }, marked("✓", element("b", { textContent: "Well done. " }), html("span", "", words))));
    keep(warnings, view.warnings ?? [], (words) => warning(words));
    keep(hints, view.hints, hintLine);
    keepOne(solution, view.revealed, (words) => reveal("A solution", words));
    keepOne(beside, view.beside, (words) => html("div", "ks-columns", words));
    keepOne(said, view.said, (words) => html("span", "", words));
    announce(view);
    drawButtons(buttons, view.buttons, (action) => ask(action === "break" ? { do: action, seed: LAST_SEED + Math.ceil(Math.random() * 1e5) } : { do: action }));
    const compare = buttons.querySelector("[data-do=compare]");
    if (compare) compare.ariaExpanded = String(Boolean(view.beside));
  };

  // Tells a screen reader about goals reached or lost, the result of a button, and a new hint.
  const announce = (view) => {
    const words = [view.news, said.textContent];
    if (view.news) words.push(view.count, done.textContent);
    if (view.hints.length > hintsTold) words.push(hints.lastChild.textContent);
    hintsTold = view.hints.length;
    const told = words.filter(Boolean).join(" ");
    if (told) news.textContent = told;
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  draw();
  el.append(card);
  return () => model.off("change:feedback", draw);
}

export default { render };
