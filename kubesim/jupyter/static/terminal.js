// The page's half of kubesim.jupyter.terminal: draws what Python sends and asks it what a key or a button does.
// The prompt is in prompt.js, the editor for files in editor.js. Whatever was typed or said is put in as text nodes,
// never as HTML.

function makeTerminal(model, reviver) {
  const notice = h("div", { class: "notice", role: "status" });
  const screen = makeScreen();
  const hear = (reply, isOurs) => {
    screen.add(reply);
    if (isOurs && reply.start) screen.begin(reply.start);
  };
  const show = (state, words) => {
    setText(notice, words);
    const again = state === "gone" && reviver();
    if (again) notice.append(" ", button(REVIVE, () => again(prompt.text())));
  };
  const channel = openChannel(model, show, hear);
  const prompt = makePrompt(channel.ask, screen);
  const bar = makeBar(channel.ask, prompt.focus);
  const home = h("div", { class: "home" }, screen.node, prompt.node, bar.node);
  const node = h("div", { class: "kubesim-terminal", role: "group", "aria-label": "Terminal" }, home, notice);
  screen.node.addEventListener("click", () => getSelection().isCollapsed && prompt.focus());
  let editor = null;

  function showEditor() {
    const file = model.get("editing");
    if (file.name && !editor) {
      editor = makeEditor(file, channel.ask);
      const typing = home.contains(document.activeElement);
      home.hidden = true;
      home.after(editor.node);
      if (typing) editor.focus();
    } else if (!file.name && editor) {
      const typing = editor.node.contains(document.activeElement);
      editor.node.remove(); // and with it the focus, if it was there
      editor = null;
      home.hidden = false;
      screen.toEnd();
      if (typing || document.activeElement === document.body) prompt.focus();
    }
  }

  const showTime = () => bar.showTime(model.get("time"));
  model.on("change:time", showTime);
  model.on("change:editing", showEditor);
  showTime();
  showEditor();
  const begun = channel.ask({ do: "start", wall: wall() });
  return {
    node,
    begun,
    focus: () => (editor ?? prompt).focus(),
    run(text) {
      prompt.set(text);
      prompt.enter();
      prompt.focus();
    },
    set: prompt.set,
    typed: prompt.text,
    fill(text) {
      prompt.set(text);
      prompt.focus();
    },
  };
}

// Small tools

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const button = (label, click, title = "") => h("button", { type: "button", click, title }, label);

const ctrl = (event, key) => event.ctrlKey && !event.altKey && !event.metaKey && event.key.toLowerCase() === key;

const wall = () => (performance.timeOrigin + performance.now()) / 1000; // seconds

// What was typed and said so far

function makeScreen() {
  const log = { role: "log", "aria-live": "polite", "aria-label": "Terminal output", tabindex: 0 };
  const node = h("div", { class: "screen", ...log });
  const history = [];
  let told = false; // whether the last command explains something
  let known = null; // the entries, once Python has handed over those that there were

  function begin(all) {
    known = [];
    node.replaceChildren();
    history.length = 0;
    add({ gone: 0, ...all });
    toEnd();
  }

  function add({ gone = 0, entries = [], history: typed = [] }) {
    if (!known) return;
    known.splice(0, gone);
    for (let left = gone; left > 0; left -= 1) node.firstChild.remove();
    const fresh = entries.map(([kind, text]) => {
      if (kind === "command") told = TOLD.test(text);
      return drawEntry(kind, text, told);
    });
    known.push(...entries);
    node.append(...fresh);
    history.push(...typed);
    if (fresh.length) toEnd(fresh[0]);
  }

  // Down to the end, but not past the command that was just given: a long answer is read from its top.
  function toEnd(first) {
    node.scrollTop = first ? first.offsetTop - node.offsetTop : node.scrollHeight;
  }

  copyTrueText(node);
  return { node, begin, add, toEnd, history };
}

function drawEntry(kind, text, told) {
  if (kind !== "command") return h("div", { class: kind }, ...drawLines(paint(text), { prose: told || kind === "note" }));
  const sign = (index) => h("span", { class: "sign" }, index ? "> " : "$ ");
  const lines = text.split("\n").map((line, index) => h("div", { class: "ks-line ks-prose" }, sign(index), ...drawWords(`${line}\n`)));
  return h("div", { class: kind }, ...lines);
}

// Text with colours as [class, text] pairs.
function paint(text) {
  const [plain, ...marked] = text.split("\x1b[");
  return [["", plain], ...marked.map(paintPart)];
}

function paintPart(part) {
  const [, codes = "", end = "", text] = /^([0-9;?]*)([ -/]*[@-~])?([^]*)$/.exec(part);
  const names = end === "m" ? codes.split(";").map((code) => `sgr-${Number(code)}`) : [];
  return [names.join(" "), text];
}

// A textarea over a hidden copy of its lines: the copy gives it its height and carries the signs at the left

function makePad(attributes, sign) {
  const copy = h("div", { class: "copy", "aria-hidden": "true" });
  const input = h("textarea", { rows: 1, spellcheck: "false", autocapitalize: "off", ...attributes });
  const node = h("div", { class: "pad" }, copy, input);

  function mirror() {
    const rows = input.value.split("\n").map((line, index) => h("div", { "data-sign": sign(index) }, line || "\u200b"));
    copy.replaceChildren(...rows);
  }

  const keepToOurselves = (event) => event.stopImmediatePropagation(); // or JupyterLab takes Enter and Ctrl+Z away
  input.addEventListener("beforeinput", keepToOurselves);
  input.addEventListener("input", mirror);
  mirror();
  return { node, input, copy, mirror };
}

// Does what the first of these [condition, action] pairs says that holds for a key, and keeps the key from everyone else.
function pressed(event, keys) {
  if (event.isComposing) return;
  const [, act] = keys.find(([matches]) => matches(event)) ?? [];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

// The buttons and the simulated clock

function makeBar(ask, focusPrompt) {
  const clock = h("span", { class: "clock" });
  // A click leads back to the prompt; who pressed a key may want to press it again.
  const passing = (label, question, title) =>
    button(label, ({ detail }) => ask(question).then(() => detail && focusPrompt()), title);
  const restart = button("Restart", () => confirm.show(), "Start again with a fresh cluster. Your files stay.");
  const buttons = h(
    "div",
    { class: "buttons" },
    passing("+10 s", { do: "advance", seconds: 10 }, "Let simulated time pass"),
    passing("+1 min", { do: "advance", seconds: 60 }, "Let simulated time pass"),
    passing("Until something changes", { do: "until" }, "Let time pass until a Pod is fixed or tried again"),
    passing("Undo", { do: "undo" }, "Revert the last command"),
    passing("Redo", { do: "redo" }, "Do again what was reverted"),
    h("span", { class: "others" }, clock, makeWrapButton(), restart),
  );
  const confirm = makeChoice("Start again with a fresh cluster? Your files stay.", buttons, {
    Restart: () => ask({ do: "restart" }).then(focusPrompt),
    Cancel: () => restart.focus(),
  });
  const showTime = (time) => clock.replaceChildren(`Simulated time ${time}`);
  const node = h("div", { class: "bar", role: "group", "aria-label": "Terminal controls" }, buttons, confirm.node);
  return { node, showTime };
}

// Whether lines wrap, in the terminal and below all cells of the page; kept for the next visit.
function wrap(isWrapped) {
  document.documentElement.classList.toggle("ks-unwrapped", !isWrapped);
  if (isWrapped) localStorage.removeItem(UNWRAPPED);
  else localStorage.setItem(UNWRAPPED, "yes");
}

function makeWrapButton() {
  const made = button("Wrap lines", () => {
    wrap(document.documentElement.classList.contains("ks-unwrapped"));
    show();
  }, "Long lines of tables wrap, or scroll sideways as in a real terminal");
  const show = () => made.setAttribute("aria-pressed", String(!document.documentElement.classList.contains("ks-unwrapped")));
  show();
  return made;
}

// A question in the place of `usual`; Escape is its last answer
function makeChoice(question, usual, answers) {
  const give = (answer) => () => {
    node.hidden = true;
    usual.hidden = false;
    answer();
  };
  const buttons = Object.entries(answers).map(([label, answer]) => button(label, give(answer)));
  const dialog = { class: "choice", role: "alertdialog", "aria-label": question };
  const node = h("div", dialog, h("span", {}, question), ...buttons);
  const keys = [[(e) => e.key === "Escape", () => buttons.at(-1).click()]];
  node.addEventListener("keydown", (event) => pressed(event, keys));
  node.hidden = true;
  return {
    node,
    show() {
      usual.hidden = true;
      node.hidden = false;
      buttons[0].focus();
    },
  };
}
