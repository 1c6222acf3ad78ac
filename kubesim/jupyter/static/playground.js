// Draws the playground's card. Python says everything that is shown; the page draws the number that picks what's broken.

const MOST = 1e6;

function render({ model, el }) {
  const content = model.get("content");
  const part = (className) => element("div", { className });
  const title = element("h3", { textContent: content.label });
  const [text, done, hints, solution, said] = ["ks-text", "ks-done", "ks-hints", "ks-reveals", "ks-said"].map(part);
  const buttons = part("ks-buttons");
  said.setAttribute("role", "status");
  const card = element("section", { className: "ks-card ks-task" },
    title, html("div", "", content.html), text, done, buttons, said, hints, solution);
  card.setAttribute("aria-label", content.label);

  const draw = () => {
    const view = model.get("feedback");
    keepOne(text, view.html, (words) => element("div", {}, html("h3", "", view.title), html("div", "", words)));
    keepOne(done, view.done, (words) =>
      element("div", { className: "ks-verdict ks-right" }, element("p", {}, element("b", { textContent: "✓ Well done. " }), html("span", "", words))));
    keep(hints, view.hints, hintLine);
    keepOne(solution, view.reveal, (words) => reveal("A solution", words));
    if (view.said) said.innerHTML = view.said;
    drawButtons(buttons, view.buttons, (action) => model.send({ do: action, seed: Math.floor(Math.random() * MOST) }));
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  draw();
  el.append(card);
  return () => model.off("change:feedback", draw);
}

export default { render };
