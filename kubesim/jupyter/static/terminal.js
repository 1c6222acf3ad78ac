// The page's half of kubesim.jupyter.terminal: draws the traits and asks Python what a key or a button does.
// Whatever was typed or said is put in as text nodes, never as HTML.

const PATIENCE = 2500; // milliseconds without an answer, then we say why
const CHECK_AFTER = 400; // milliseconds without a key, then the YAML is checked
const SHOWN_CANDIDATES = 60;
const GONE = "The kernel is not running: run this cell again to start a new terminal.";
const BUSY = "Waiting: the kernel is busy with another cell.";

export default { render };

function render({ model, el }) {
  const notice = h("div", { class: "notice", role: "status" });
  const say = (text) => notice.replaceChildren(text);
  const channel = openChannel(model, say);
  const screen = makeScreen();
  const prompt = makePrompt(model, channel.ask);
  const bar = makeBar(model, channel.ask, say, prompt.focus);
  const home = h("div", { class: "home" }, screen.node, prompt.node, notice, bar.node);
  const root = h("section", { class: "kubesim-terminal", "aria-label": "Terminal", "data-lm-suppress-shortcuts": "true" }, home);
  screen.node.addEventListener("click", () => getSelection().isCollapsed && prompt.focus());
  let editor = null;

  function showEditor() {
    const file = model.get("editing");
    if (file && !editor) {
      editor = makeEditor(file, channel.ask);
      home.hidden = true;
      root.append(editor.node);
      editor.focus();
    } else if (!file && editor) {
      editor.node.remove(); // and with it the focus, if it was there
      editor = null;
      home.hidden = false;
      screen.toEnd();
      if (document.activeElement === document.body) prompt.focus();
    }
  }

  const followed = [
    ["change:entries", () => screen.draw(model.get("entries"))],
    ["change:time", () => bar.showTime(model.get("time"))],
    ["change:editing", showEditor],
  ];
  for (const [event, follow] of followed) {
    model.on(event, follow);
    follow();
  }
  el.replaceChildren(root);
  channel.ask({ do: "start", wall: wall() }).then(({ again }) => again && screen.toEnd());
  return () => {
    for (const [event, follow] of followed) model.off(event, follow);
    channel.close();
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

// Questions to Python: each gets one answer, {} when there is no kernel to answer

function openChannel(model, say) {
  const waiting = new Map();
  const mark = Math.random().toString(36).slice(2); // several views of one terminal hear the same answers
  let count = 0;

  function hear(reply) {
    const settle = waiting.get(reply.re);
    waiting.delete(reply.re);
    settle?.(reply);
  }

  function ask(question) {
    const id = `${mark}-${++count}`;
    return new Promise((resolve) => {
      const timer = setInterval(() => say(whySilent(model)), PATIENCE);
      waiting.set(id, (reply) => {
        clearInterval(timer);
        say(reply.error ?? "");
        resolve(reply);
      });
      try {
        model.send({ ...question, id });
      } catch {
        hear({ re: id, error: GONE, gone: true });
      }
    });
  }

  model.on("msg:custom", hear);
  return { ask, close: () => model.off("msg:custom", hear) };
}

function whySilent(model) {
  return model.widget_manager?.kernel?.status === "busy" ? BUSY : GONE;
}

// What was typed and said so far

function makeScreen() {
  const node = h("div", { class: "screen", role: "log", "aria-live": "polite", "aria-label": "Terminal output", tabindex: 0 });
  let drawn = [];

  function draw(entries) {
    const same = drawn.every(([kind, text], index) => entries[index]?.[0] === kind && entries[index][1] === text);
    if (!same) node.replaceChildren();
    const fresh = entries.slice(same ? drawn.length : 0).map(drawEntry);
    node.append(...fresh);
    drawn = entries;
    if (fresh.length) toEnd(fresh[0]);
  }

  // Down to the end, but not past the command that was just given: a long answer is read from its top.
  function toEnd(first) {
    node.scrollTop = first ? first.offsetTop - node.offsetTop : node.scrollHeight;
  }

  return { node, draw, toEnd };
}

function drawEntry([kind, text]) {
  if (kind !== "command") return h("div", { class: kind }, ...paint(text));
  const lines = text.split("\n").map((line, index) => h("div", {}, h("span", { class: "sign" }, index ? "> " : "$ "), line));
  return h("div", { class: kind }, ...lines);
}

function paint(text) {
  const [plain, ...marked] = text.split("\x1b[");
  return [plain, ...marked.map(paintPart)];
}

function paintPart(part) {
  const [, codes = "", end = "", text] = /^([0-9;?]*)([ -/]*[@-~])?([^]*)$/.exec(part);
  const names = end === "m" ? codes.split(";").map((code) => `sgr-${Number(code)}`) : [];
  return h("span", { class: names.join(" ") }, text);
}

function plain(entries) {
  const say = ([kind, text]) => (kind === "command" ? `$ ${text.replaceAll("\n", "\n> ")}\n` : text);
  return entries.map(say).join("").replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "");
}

// A textarea over a hidden copy of its lines: the copy gives it its height and carries the signs at the left

function makePad(attributes, sign) {
  const copy = h("div", { class: "copy", "aria-hidden": "true" });
  const input = h("textarea", { rows: 1, spellcheck: "false", autocapitalize: "off", autocomplete: "off", ...attributes });
  const node = h("div", { class: "pad" }, copy, input);

  function mirror() {
    const rows = input.value.split("\n").map((line, index) => h("div", { "data-sign": sign(index) }, line || "\u200b"));
    copy.replaceChildren(...rows);
  }

  input.addEventListener("beforeinput", (event) => event.stopImmediatePropagation()); // JupyterLab forbids new lines and undo
  input.addEventListener("input", mirror);
  mirror();
  return { node, input, copy, mirror };
}

// The prompt

function makePrompt(model, ask) {
  const { node, input, mirror } = makePad(
    { "aria-label": "Command", placeholder: "Type a command; Tab completes it" },
    (index) => (index ? ">" : "$"),
  );
  const candidates = h("div", { class: "candidates", role: "status" });
  let queued = 0; // commands entered that have no answer yet
  let carried = ""; // lines that wait for their end
  let turn = Promise.resolve();
  let steps = 0; // how far back in the history we are
  let draft = "";

  function set(text, cursor = text.length) {
    input.value = text;
    input.setSelectionRange(cursor, cursor);
    mirror();
    candidates.replaceChildren();
  }

  function enter() {
    const text = input.value;
    set("");
    steps = 0;
    if (!carried && !queued && !text.trim()) return;
    queued += 1;
    turn = turn.then(() => send(text));
  }

  async function send(text) {
    const block = carried + text;
    const reply = await ask({ do: "enter", text: block, wall: wall() });
    queued -= 1;
    carried = reply.more ? `${block}\n` : reply.gone ? block : "";
    if (queued || !carried) return;
    set(carried + input.value);
    carried = "";
  }

  async function complete() {
    const text = input.value;
    const reply = await ask({ do: "complete", text, cursor: input.selectionStart });
    if (input.value !== text || reply.text === undefined) return;
    set(reply.text, reply.cursor);
    if (reply.candidates.length > 1) candidates.append(...list(reply.candidates));
  }

  function recall(direction) {
    const history = model.get("history");
    if (steps === 0) draft = input.value;
    steps = Math.min(Math.max(steps + direction, 0), history.length);
    set(steps ? history[history.length - steps] : draft);
  }

  const onFirstLine = () => !input.value.slice(0, input.selectionStart).includes("\n");
  const onLastLine = () => !input.value.slice(input.selectionEnd).includes("\n");
  const nothingSelected = () => input.selectionStart === input.selectionEnd && getSelection().isCollapsed;

  const keys = [
    [(e) => e.key === "Enter", enter],
    [(e) => e.key === "Tab" && !e.shiftKey && input.value.trim(), complete],
    [(e) => e.key === "ArrowUp" && onFirstLine(), () => recall(1)],
    [(e) => e.key === "ArrowDown" && onLastLine(), () => recall(-1)],
    [(e) => ctrl(e, "c") && nothingSelected(), () => set("")],
    [(e) => ctrl(e, "l"), () => ask({ do: "clear" })],
    [(e) => ctrl(e, "s"), () => {}], // not the browser's "save page"
    [(e) => e.key === "Escape", () => leave(input)],
  ];
  input.addEventListener("keydown", (event) => pressed(event, keys));
  input.addEventListener("input", () => candidates.replaceChildren());
  return { node: h("div", { class: "prompt" }, node, candidates), focus: () => input.focus() };
}

function pressed(event, keys) {
  if (event.isComposing) return;
  const found = keys.find(([matches]) => matches(event));
  if (!found) return;
  event.preventDefault();
  event.stopPropagation();
  found[1]();
}

function leave(input) {
  input.blur();
  input.closest(".jp-Notebook")?.focus({ preventScroll: true });
}

function list(words) {
  const more = words.length - SHOWN_CANDIDATES;
  const shown = words.slice(0, SHOWN_CANDIDATES).map((word) => h("span", {}, word));
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}

// The buttons and the simulated clock

function makeBar(model, ask, say, focusPrompt) {
  const clock = h("span", { class: "clock" });
  const advance = (label, seconds) => button(label, () => ask({ do: "advance", seconds }), "Let simulated time pass");
  const copy = () => copyText(plain(model.get("entries"))).then((done) => say(done ? "Copied." : "Copying is not allowed here."));
  const restart = button("Restart", () => confirm.show(), "Begin anew with a fresh cluster; your files stay");
  const buttons = h(
    "div",
    { class: "buttons" },
    advance("+10 s", 10),
    advance("+1 min", 60),
    button("Until something changes", () => ask({ do: "until" }), "Let simulated time pass until a Pod's status changes"),
    clock,
    button("Copy", copy, "Copy everything on the screen"),
    restart,
  );
  const confirm = makeChoice("Begin anew with a fresh cluster? Your files stay.", buttons, {
    Restart: () => ask({ do: "restart" }).then(focusPrompt),
    Cancel: () => restart.focus(),
  });
  const showTime = (time) => clock.replaceChildren(`Simulated time ${time}`);
  const node = h("div", { class: "bar", role: "group", "aria-label": "Terminal controls" }, buttons, confirm.node);
  return { node, showTime };
}

// A question in the place of `usual`; Escape is its last answer
function makeChoice(question, usual, answers) {
  const give = (answer) => () => {
    node.hidden = true;
    usual.hidden = false;
    answer();
  };
  const buttons = Object.entries(answers).map(([label, answer]) => button(label, give(answer)));
  const node = h("div", { class: "choice", role: "alertdialog", "aria-label": question }, h("span", {}, question), ...buttons);
  node.addEventListener("keydown", (event) => pressed(event, [[(e) => e.key === "Escape", () => buttons.at(-1).click()]]));
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

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const page = h("textarea", {}, text);
    document.body.append(page);
    page.select();
    const done = document.execCommand("copy");
    page.remove();
    return done;
  }
}

// The editor

function makeEditor(file, ask) {
  const { node: pad, input, copy, mirror } = makePad({ "aria-label": `Text of ${file.name}` }, (index) => `${index + 1}`);
  const status = h("div", { class: "status", role: "status" });
  let saved = file.saved;
  let mistake = null;
  let timer = 0;
  let leaving = false;

  const changed = () => input.value !== (saved ?? "");

  function tell(news = "") {
    const wrong = mistake && `✗ Line ${mistake.line}: ${mistake.words}`;
    const state = changed() ? "Not saved yet." : saved === null ? "A new file." : "";
    status.replaceChildren(...[wrong, news || state].filter(Boolean).map((text) => h("div", {}, text)));
    status.classList.toggle("wrong", Boolean(mistake));
  }

  function mark() {
    [...copy.children].forEach((row, index) => row.classList.toggle("wrong", index + 1 === mistake?.line));
  }

  async function check() {
    const text = input.value;
    const reply = await ask({ do: "check", text });
    if (text !== input.value) return;
    mistake = reply.line ? reply : null;
    mark();
    tell();
  }

  async function save() {
    const typed = input.value;
    const reply = await ask({ do: "save", text: typed });
    if (reply.error) return tell(reply.error), false;
    saved = reply.text;
    if (input.value === typed && typed !== saved) replaceAll(saved);
    tell(`Saved ${file.name}.`);
    return true;
  }

  function replaceAll(text) {
    const { selectionStart: start, selectionEnd: end } = input;
    input.value = text;
    input.setSelectionRange(start, end);
    mirror();
    mark();
  }

  function close() {
    return changed() ? choice.show() : ask({ do: "close" });
  }

  function indent() {
    document.execCommand("insertText", false, "  "); // keeps the browser's undo
  }

  function release() {
    leaving = true;
    tell("Tab now leaves the editor.");
  }

  const saveButton = button("Save", save, "Ctrl+O");
  const closeButton = button("Close", close, "Ctrl+X");
  const hint = h("span", { class: "hint" }, "Ctrl+O saves, Ctrl+X closes, Escape then Tab leaves");
  const buttons = h("div", { class: "buttons" }, saveButton, closeButton, hint);
  const choice = makeChoice(`Save the changes to ${file.name}?`, buttons, {
    "Save and close": async () => (await save()) && ask({ do: "close" }),
    "Close without saving": () => ask({ do: "close" }),
    "Go on editing": () => input.focus(),
  });
  const keys = [
    [(e) => ctrl(e, "o") || ctrl(e, "s"), save],
    [(e) => ctrl(e, "x") && input.selectionStart === input.selectionEnd, close],
    [(e) => e.key === "Tab" && !e.shiftKey && !leaving, indent],
    [(e) => e.key === "Escape", release],
  ];
  input.addEventListener("keydown", (event) => {
    pressed(event, keys);
    if (event.key !== "Escape") leaving = false;
  });
  input.addEventListener("input", () => {
    mistake = null;
    tell();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER);
  });

  replaceAll(file.text);
  input.setSelectionRange(0, 0);
  tell();
  check();
  const title = h("div", { class: "title" }, file.name);
  const text = h("div", { class: "text" }, pad);
  const node = h("div", { class: "editor" }, title, text, status, h("div", { class: "bar" }, buttons, choice.node));
  return { node, focus: () => input.focus() };
}
