// Shows the flow picture that Python drew, what is wrong under it, on demand the story of the last attempt, and notifies a
// screen reader when it changes.

function render({ model, el }) {
  const make = (className) => Object.assign(document.createElement("div"), { className });
  const picture = make("ks-picture");
  const advice = make("ks-advice");
  const news = make("ks-unseen");
  news.setAttribute("role", "status");
  const root = make("ks-flow");
  const story = make("ks-story");
  story.hidden = true;
  const why = Object.assign(document.createElement("button"), { type: "button", className: "ks-why", textContent: "Why?" });
  why.setAttribute("aria-label", "Why? The last attempt, step by step");
  why.setAttribute("aria-expanded", "false");
  why.addEventListener("click", () => {
    story.hidden = !story.hidden;
    why.setAttribute("aria-expanded", String(!story.hidden));
    news.textContent = story.hidden ? "" : [...story.querySelectorAll("li")].map((item) => item.textContent).join(" ");
  });
  root.append(picture, advice, why, story, news);

  const draw = () => {
    const view = model.get("view");
    picture.innerHTML = view.picture;
    advice.innerHTML = view.advice;
    story.innerHTML = view.story;
    why.hidden = !view.story;
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
