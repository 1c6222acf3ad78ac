// A slider over the moments of a session. Python says what each of them shows; here it is only laid out. Small tools are
// in parts.js.

function render({ model, el }) {
  const slider = element("input", { type: "range", min: 0, step: 1 });
  slider.setAttribute("aria-label", "Moment");
  const ticks = element("div", { className: "ks-ticks" });
  ticks.setAttribute("aria-hidden", "true"); // the list of all moments says the same in words
  const words = element("p", { className: "ks-words" });
  const news = element("div", { className: "ks-unseen" });
  news.setAttribute("role", "status");
  const [pods, events] = [element("pre"), element("pre")];
  const [picture, tries] = [element("div", { className: "ks-picture" }), element("div", { className: "ks-picture" })];
  const list = element("ol", { className: "ks-moments" });
  const part = (title, ...content) => element("section", {}, element("h3", { textContent: title }), ...content);
  const step = (label, by) => element("button", { type: "button", textContent: label, onclick: () => press(shown + by) });
  const [earlier, later] = [step("← Earlier", -1), step("Later →", 1)];
  const bar = element("div", { className: "ks-time-bar" }, earlier, later, element("div", { className: "ks-track" }, slider, ticks));
  const parts = { flow: part("The path of its image", picture), tries: part("Attempts and back-off", tries) };
  const all = element("details", {}, element("summary", { textContent: "All moments" }), list);
  const root = element("div", { className: "ks-flow ks-time" }, bar, words, part("Pods", pods), parts.flow, parts.tries,
    part("Events", events), all, news);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Time machine of ${model.get("target")}`);
  let shown = 0;
  let wanted = null; // where the slider went while an answer was under way

  let isPressed = false;

  function press(stop) {
    isPressed = true;
    go(stop);
  }

  function go(stop) {
    const busy = wanted !== null;
    const next = Math.min(Math.max(stop, 0), model.get("stops").length - 1);
    if (!busy && next === shown) return; // nothing would be answered
    wanted = next;
    if (!busy) model.send({ do: "go", stop: wanted });
  }

  function drawStops() {
    const stops = model.get("stops");
    const last = Math.max(stops.length - 1, 1);
    slider.max = stops.length - 1;
    ticks.replaceChildren(...stops.map(([, , done], number) => {
      const tick = element("i", { className: done ? "ks-done" : "" });
      tick.style.left = `${(100 * number) / last}%`;
      return tick;
    }));
    list.replaceChildren(...stops.map(([time, label], number) =>
      element("li", {}, element("button", { type: "button", textContent: `${time} ${label}`, onclick: () => press(number) }))));
  }

  function draw() {
    const view = model.get("view");
    shown = view.stop;
    if (wanted !== null && wanted !== shown) return model.send({ do: "go", stop: wanted });
    wanted = null;
    slider.value = shown;
    slider.setAttribute("aria-valuetext", view.words);
    words.textContent = view.words;
    if (isPressed) news.textContent = view.words; // the slider speaks for itself, and nobody asked for anything else
    isPressed = false;
    pods.textContent = view.pods;
    events.textContent = view.events;
    picture.innerHTML = view.flow;
    tries.innerHTML = view.tries;
    parts.flow.hidden = !view.flow;
    parts.tries.hidden = !view.tries;
    earlier.disabled = shown === 0;
    later.disabled = shown === model.get("stops").length - 1;
    [...list.children].forEach((item, number) =>
      number === shown ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current"));
  }

  slider.addEventListener("input", () => go(Number(slider.value)));
  keepKeys(root);
  model.on("change:stops", drawStops);
  model.on("change:view", draw);
  drawStops();
  draw();
  model.send({ do: "look" });
  el.append(root);
  return () => {
    model.off("change:stops", drawStops);
    model.off("change:view", draw);
  };
}

export default { render };
