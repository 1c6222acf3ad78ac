// Draws a task: a list that Python ticks off after every command. The parts stand in parts.js.

function render({ model, el }) {
  const content = model.get("content");
  const part = (className) => element("div", { className });
  const goals = element("ul", { className: "ks-notes ks-goals" });
  goals.setAttribute("aria-label", "What is to be reached");
  const count = element("p", { className: "ks-count" });
  const [done, warnings, hints, reveal, beside, said] = ["ks-done", "ks-warnings", "ks-hints", "ks-reveals", "ks-beside", "ks-said"].map(part);
  const news = part("ks-unseen");
  news.setAttribute("role", "status");
  const buttons = part("ks-buttons");
  const card = element("section", { className: "ks-card ks-task" },
    element("h3", { textContent: content.label }), html("div", "", content.html),
    element("p", { textContent: "Reach this:" }), goals, count, done, warnings, buttons, said, hints, reveal, beside, news);
  card.setAttribute("aria-label", content.label);

  const drawButtons = (wanted, isBeside) => {
    const focused = buttons.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    buttons.replaceChildren(...wanted.map(([action, label]) => {
      const made = element("button", { type: "button", textContent: label });
      made.dataset.do = action;
      if (action === "compare") made.setAttribute("aria-expanded", String(isBeside));
      made.addEventListener("click", () => model.send({ do: action }));
      return made;
    }));
    if (focused) (buttons.querySelector(`[data-do="${focused}"]`) ?? buttons.querySelector("button"))?.focus();
  };

  const draw = () => {
    const view = model.get("feedback");
    keep(goals, view.goals, goalLine);
    count.textContent = view.count;
    keep(done, view.done ? [view.done] : [], (text) =>
      element("div", { className: "ks-verdict ks-right" }, element("p", {}, element("b", { textContent: "✓ Well done. " }), html("span", "", text))));
    keep(warnings, view.warnings, (text) => html("div", "ks-warning", `<p>⚠ ${text}</p>`));
    keep(hints, view.hints, (text, number) => element("div", { className: "ks-hint" },
      element("p", {}, element("b", { textContent: `Hint ${number + 1}. ` }), html("span", "", text))));
    keep(reveal, view.reveal ? [view.reveal] : [], (text) =>
      element("div", { className: "ks-reveal" }, element("p", {}, element("b", { textContent: "A solution" })), html("div", "", text)));
    keep(beside, view.beside ? [view.beside] : [], (text) => html("div", "ks-columns", text));
    said.innerHTML = view.said;
    const spoken = [view.news, said.textContent, view.news && view.count, view.news && done.textContent];
    const hint = hints.childElementCount > (draw.hints ?? 0) ? hints.lastChild.textContent : "";
    draw.hints = hints.childElementCount;
    const words = [...spoken, hint].filter(Boolean).join(" ");
    if (words) news.textContent = words;
    drawButtons(view.buttons, Boolean(view.beside));
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  draw();
  el.append(card);
  return () => model.off("change:feedback", draw);
}

export default { render };
