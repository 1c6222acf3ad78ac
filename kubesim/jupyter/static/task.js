// Draws a task, and the playground: a list that Python ticks off after every command. The parts stand in parts.js.

const LAST_SEED = 9999; // of a round of the challenge, whose first cluster is what is broken

function render({ model, el }) {
  const content = model.get("content");
  const part = (className) => element("div", { className });
  const goals = element("ul", { className: "ks-notes ks-goals" });
  goals.setAttribute("aria-label", "Goals");
  const count = element("span", { className: "ks-count" });
  const heading = element("p", {}, "Goals: ", count);
  const [text, done, warnings, hints, solution, beside, said] = ["ks-text", "ks-done", "ks-warnings", "ks-hints", "ks-reveals", "ks-beside", "ks-said"].map(part);
  const news = part("ks-unseen");
  news.setAttribute("role", "status");
  const buttons = part("ks-buttons");
  const card = element("section", { className: "ks-card ks-task" },
    element("h3", { textContent: content.label }), html("div", "", content.html), text,
    heading, goals, done, warnings, buttons, said, hints, solution, beside, news);
  card.setAttribute("aria-label", content.label);

  const ask = live(model, card);

  const draw = () => {
    const view = model.get("feedback");
    keepOne(text, view.html, (words) => element("div", {}, html("h3", "", view.title), html("div", "", words)));
    heading.hidden = goals.hidden = !view.goals;
    keep(goals, view.goals ?? [], goalLine);
    setText(count, view.count);
    keepOne(done, view.done, (words) =>
      element("div", { className: "ks-verdict ks-right" }, element("p", {}, element("b", { textContent: "✓ Well done. " }), html("span", "", words))));
    keep(warnings, view.warnings ?? [], (words) => warning(`⚠ ${words}`));
    keep(hints, view.hints, hintLine);
    keepOne(solution, view.reveal, (words) => reveal("A solution", words));
    keepOne(beside, view.beside, (words) => html("div", "ks-columns", words));
    keepOne(said, view.said, (words) => html("span", "", words));
    const spoken = [view.news, said.textContent, view.news && view.count, view.news && done.textContent];
    const hint = hints.childElementCount > (draw.hints ?? 0) ? hints.lastChild.textContent : "";
    draw.hints = hints.childElementCount;
    const words = [...spoken, hint].filter(Boolean).join(" ");
    if (words) news.textContent = words;
    drawButtons(buttons, view.buttons, (action) => ask({ do: action, seed: Math.ceil(Math.random() * LAST_SEED) }));
    buttons.querySelector("[data-do=compare]")?.setAttribute("aria-expanded", String(Boolean(view.beside)));
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  draw();
  el.append(card);
  return () => model.off("change:feedback", draw);
}

export default { render };
