// Shows the flow picture that Python drew, what is wrong under it, and tells a screen reader when it changes.

function render({ model, el }) {
  const make = (className) => Object.assign(document.createElement("div"), { className });
  const picture = make("ks-picture");
  const advice = make("ks-advice");
  const news = make("ks-unseen");
  news.setAttribute("role", "status");
  const root = make("ks-flow");
  root.append(picture, advice, news);

  const draw = () => {
    const view = model.get("view");
    picture.innerHTML = view.picture;
    advice.innerHTML = view.advice;
    root.classList.toggle("ks-broken", view.broken);
    news.textContent = view.news;
    for (const code of advice.querySelectorAll("pre")) code.append(copyButton(code.textContent));
  };
  const copyButton = (text) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select it and press Ctrl+C"; // the page may not use the clipboard
      }
    });
    return button;
  };
  model.on("change:view", draw);
  draw();
  el.append(root);
  return () => model.off("change:view", draw);
}

export default { render };
