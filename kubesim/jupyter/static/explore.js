// The page's half of an explorable (explore/card.py): native inputs for its values, and the HTML that Python returns.

const PAUSE = 150; // milliseconds without a key until a typed value is sent

// One function for each kind of control. Returns its node, `read`, `write`, and for a range `tell`, which shows words
// and a limit. `change(pause)` sends all values after `pause` milliseconds.
function textField(control, id, change) {
  const shared = { id, className: "ks-typed ks-mono ks-growing", autocomplete: "off", autocapitalize: "off", spellcheck: false, oninput: () => change(PAUSE) };
  const isLine = control.kind === "text"; // one line, but in a textarea, which wraps where an input would cut
  const size = isLine ? { rows: 1, maxLength: control.longest } : { rows: 4, maxLength: control.longest * control.lines };
  const input = element("textarea", { ...shared, ...size });
  if (isLine) input.addEventListener("keydown", (event) => event.key === "Enter" && !event.shiftKey && event.preventDefault());
  const label = element("label", { htmlFor: id, innerHTML: control.label });
  return { node: element("div", { className: "ks-field" }, label, input), read: () => input.value, write: (value) => setValue(input, value) };
}

function switchField(control, id, change) {
  const input = element("input", { id, type: "checkbox", onchange: () => change(0) });
  input.setAttribute("role", "switch");
  const label = element("label", { htmlFor: id, innerHTML: control.label });
  return {
    node: element("div", { className: "ks-field ks-switch" }, input, label),
    read: () => (input.checked ? "on" : ""),
    write: (value) => (input.checked = value === "on"),
  };
}

function pickField(control, id, change) {
  const inputs = control.options.map(([value, innerHTML]) => ({
    input: element("input", { type: "radio", name: id, value, onchange: () => change(0) }),
    label: element("span", { innerHTML }),
  }));
  const options = inputs.map(({ input, label }) => element("label", { className: "ks-choice" }, input, label));
  return {
    node: element("fieldset", { className: "ks-field ks-pick" }, element("legend", { innerHTML: control.label }), ...options),
    read: () => inputs.find(({ input }) => input.checked)?.input.value ?? "",
    write: (value) => inputs.forEach(({ input }) => (input.checked = input.value === value)),
  };
}

function rangeField(control, id, change) {
  const input = element("input", { id, type: "range", min: control.least, max: control.most, step: control.step, oninput: () => change(0) });
  const output = element("output", { htmlFor: id });
  const label = element("label", { htmlFor: id, innerHTML: control.label });
  return {
    node: element("div", { className: "ks-field ks-range" }, label, output, input),
    read: () => input.value,
    write: (value) => setValue(input, value),
    tell: (words = "", limit = control.most) => {
      input.max = limit;
      setText(output, words);
      input.ariaValueText = words;
    },
  };
}

const FIELDS = { text: textField, lines: textField, switch: switchField, pick: pickField, range: rangeField };

// Sets an input's value, unless it is the same already: an assignment moves the cursor to the end.
function setValue(input, value) {
  if (input.value !== value) input.value = value;
}

function render({ model, el }) {
  const content = model.get("content");
  const prefix = uniqueName("ks-explore");
  const fields = new Map(content.controls.map((control) => [control.name, FIELDS[control.kind](control, `${prefix}-${control.name}`, (pause) => change(pause))]));
  const [page, buttons] = ["ks-shown", "ks-buttons"].map((className) => element("div", { className }));
  const invitation = element("p", { textContent: content.invitation });
  const goals = element("ul", { className: "ks-notes ks-goals", ariaLabel: content.invitation });
  const news = announcer();
  const card = element("div", { className: "ks-card ks-explore", role: "group", ariaLabel: content.label },
    element("h3", { textContent: content.title }), html("div", "", content.html),
    element("div", { className: "ks-fields" }, ...[...fields.values()].map(({ node }) => node)), page, invitation, goals, buttons, news);

  const ask = connect(model, card);
  let timer = 0;
  let isAsking = false;
  let isDue = false; // values have changed since they were sent

  // Sends the values. While Python computes, further changes wait, and only the last values are sent.
  const send = async () => {
    if (isAsking) return void (isDue = true);
    isAsking = true;
    await ask({ do: "set", values: Object.fromEntries([...fields].map(([name, { read }]) => [name, read()])) });
    isAsking = false;
    if (isDue) {
      isDue = false;
      send();
    }
  };
  const change = (pause) => {
    clearTimeout(timer);
    if (pause) timer = setTimeout(send, pause);
    else send();
  };
  const restore = () => {
    if (isAsking) return;
    for (const [name, { write }] of fields) write(model.get("values")[name]);
  };
  let newsTold = model.get("feedback").news;
  const draw = () => {
    const view = model.get("feedback");
    keepOne(page, view.page, (made) => html("div", "", made));
    keep(goals, view.goals, goalLine);
    invitation.hidden = goals.hidden = !view.goals.length;
    for (const [name, { tell }] of fields) tell?.(view.outputs[name], view.limits[name]);
    drawButtons(buttons, view.buttons, (action) => ask({ do: action }));
    if (view.news !== newsTold) news.textContent = newsTold = view.news;
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  model.on("change:values", restore);
  el.append(card);
  draw();
  restore();
  return () => {
    clearTimeout(timer);
    model.off("change:feedback", draw);
    model.off("change:values", restore);
  };
}

export default { render };
