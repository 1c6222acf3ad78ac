// A slider over the moments of a session. Python says what each of them shows; here it is only laid out.

const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

function render({ model, el }) {
  const slider = make("input", { type: "range", min: 0, step: 1 });
  slider.setAttribute("aria-label", "Moment");
  const ticks = make("div", { className: "ks-ticks" });
  ticks.setAttribute("aria-hidden", "true"); // the list of all moments says the same in words
  const words = make("p", { className: "ks-words" });
  words.setAttribute("role", "status");
  const [pods, events] = [make("pre"), make("pre")];
  const [picture, tries] = [make("div", { className: "ks-picture" }), make("div", { className: "ks-picture" })];
  const list = make("ol", { className: "ks-moments" });
  const part = (title, ...content) => make("section", {}, make("h3", { textContent: title }), ...content);
  const step = (label, by) => make("button", { type: "button", textContent: label, onclick: () => go(shown + by) });
  const [earlier, later] = [step("← Earlier", -1), step("Later →", 1)];
  const bar = make("div", { className: "ks-time-bar" }, earlier, later, make("div", { className: "ks-track" }, slider, ticks));
  const parts = { flow: part("The way of its image", picture), tries: part("Attempts and back-off", tries) };
  const all = make("details", {}, make("summary", { textContent: "All moments" }), list);
  const root = make("div", { className: "ks-flow ks-time" }, bar, words, part("Pods", pods), parts.flow, parts.tries,
    part("Events", events), all);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Time machine of ${model.get("target")}`);
  let shown = 0;
  let wanted = null; // where the slider went while an answer was under way

  function go(stop) {
    const busy = wanted !== null;
    wanted = Math.min(Math.max(stop, 0), model.get("stops").length - 1);
    if (!busy) model.send({ do: "go", stop: wanted });
  }

  function drawStops() {
    const stops = model.get("stops");
    const last = Math.max(stops.length - 1, 1);
    slider.max = stops.length - 1;
    ticks.replaceChildren(...stops.map(([, , done], number) => {
      const tick = make("i", { className: done ? "ks-done" : "" });
      tick.style.left = `${(100 * number) / last}%`;
      return tick;
    }));
    list.replaceChildren(...stops.map(([time, label], number) =>
      make("li", {}, make("button", { type: "button", textContent: `${time} ${label}`, onclick: () => go(number) }))));
  }

  function draw() {
    const view = model.get("view");
    shown = view.stop;
    if (wanted !== null && wanted !== shown) return model.send({ do: "go", stop: wanted });
    wanted = null;
    slider.value = shown;
    slider.setAttribute("aria-valuetext", view.words);
    words.textContent = view.words;
    // The slider speaks for itself: what else is read out would be heard twice.
    words.setAttribute("aria-live", document.activeElement === slider ? "off" : "polite");
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
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    event.stopPropagation(); // JupyterLab's command mode would take the arrow keys, Enter and the space bar
  });
  model.on("change:stops", drawStops);
  model.on("change:view", draw);
  drawStops();
  draw();
  el.append(root);
  return () => {
    model.off("change:stops", drawStops);
    model.off("change:view", draw);
  };
}

export default { render };
