// The editor for `nano FILE` and `vi FILE`, in one module with terminal.js, whose small tools it uses. Both insert what is
// typed; for vi there is a command line, too.

const CHECK_AFTER = 400; // milliseconds without a key, then the YAML is checked
const COMMAND = /^:*(w|wq|x|q)(!?)$/; // of vi
const KEYS_OF_NANO = "Ctrl+O saves, Ctrl+X closes, Escape then Tab leaves";
const KEYS_OF_VI = "Just type. Escape, then :wq and Enter saves and closes, :q! closes without saving";

function makeEditor(file, ask) {
  const label = { "aria-label": `Text of ${file.name}` };
  const { node: pad, input, copy, mirror } = makePad(label, (index) => `${index + 1}`);
  const status = h("div", { class: "status", role: "status" });
  const isVi = file.editor.startsWith("vi");
  let { saved, exists } = file;
  let mistake = null;
  let timer = 0;
  let leaving = false;
  let begun = false; // to type
  let news = ""; // until the next key

  const changed = () => input.value !== saved;

  function show() {
    const wrong = mistake && `✗ Line ${mistake.line}: ${mistake.words}`;
    const state = changed() ? "Not saved yet." : exists ? "" : "A new file.";
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
    show();
  }

  async function save() {
    const typed = input.value;
    const reply = await ask({ do: "save", text: typed });
    if (reply.error) return false;
    saved = typed;
    exists = true;
    news = `Saved ${file.name}.`;
    show();
    return true;
  }

  function close() {
    return changed() ? choice.show() : leave();
  }

  function leave() {
    clearTimeout(timer);
    return ask({ do: "close" });
  }

  function indent() {
    document.execCommand("insertText", false, "  "); // keeps the browser's undo
  }

  function release() {
    leaving = true;
    news = "Tab now leaves the editor.";
    show();
  }

  const commandLine = makeCommandLine(obey, toText);

  function toText(words = "") {
    input.focus();
    news = words;
    show();
  }

  async function obey(text) {
    const [, command, force] = COMMAND.exec(text.trim()) ?? [];
    if (!command) return toText(`E492: Not an editor command: ${text.replace(/^:+/, "")}`);
    if (command === "q" && !force && changed()) return toText("E37: No write since last change (add ! to override)");
    if (command !== "q" && !(await save())) return toText();
    return command === "w" ? toText(news) : leave();
  }

  // Whoever forgets Escape, or that this is nano, has typed the command as a line of the text.
  function typed() {
    const start = input.value.slice(0, input.selectionStart).lastIndexOf("\n") + 1;
    const text = input.value.slice(start).split("\n")[0];
    return COMMAND.test(text) && text.startsWith(":") ? { start, text } : null;
  }

  function takeOut({ start, text }) {
    input.setSelectionRange(Math.max(start - 1, 0), start + text.length);
    document.execCommand("delete");
    if (isVi) return obey(text);
    news = `kubesim: ${text} is for vi, and this is nano: ${KEYS_OF_NANO}.`;
    show();
  }

  const saveButton = button("Save", ({ detail }) => save().then(() => detail && input.focus()), "Ctrl+O");
  const closeButton = button("Close", close, "Ctrl+X");
  const hint = h("span", { class: "hint" }, isVi ? KEYS_OF_VI : KEYS_OF_NANO);
  const buttons = h("div", { class: "buttons" }, saveButton, closeButton, hint);
  const choice = makeChoice(`Save the changes to ${file.name}?`, buttons, {
    "Save and close": async () => (await save()) && leave(),
    "Close without saving": leave,
    "Continue editing": () => input.focus(),
  });
  const keys = [
    [(e) => ctrl(e, "o") || ctrl(e, "s"), save],
    [(e) => ctrl(e, "x") && input.selectionStart === input.selectionEnd, close],
    [(e) => e.key === "Tab" && !e.shiftKey && !leaving, indent],
    [(e) => e.key === "Escape", isVi ? commandLine.open : release],
    [(e) => e.key === "Enter" && typed(), () => takeOut(typed())],
    [(e) => isVi && e.key === "i" && !begun, () => (begun = true)], // the first thing that vi is told
  ];
  input.addEventListener("keydown", (event) => {
    pressed(event, keys);
    if (event.key !== "Escape") leaving = false;
  });
  input.addEventListener("input", () => {
    mistake = null;
    news = "";
    begun = true;
    show();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER);
  });

  input.value = file.text;
  input.setSelectionRange(0, 0);
  mirror();
  show();
  check();
  const title = h("div", { class: "title" }, file.name);
  const text = h("div", { class: "text" }, pad);
  const node = h("div", { class: "editor" }, title, text, status, commandLine.node, h("div", { class: "bar" }, buttons, choice.node));
  return { node, focus: () => input.focus() };
}

// The command line of vi, in which "i" leads back to the text, as everyone who knows vi has in the fingers.
function makeCommandLine(obey, backToText) {
  const node = h("input", { "aria-label": "As in vi: :w, :wq, :q!", ...PLAIN });
  const keys = [
    [(e) => e.key === ":" && node.value === ":", () => {}], // it is there already
    [(e) => e.key === "Enter", () => obey(node.value)],
    [(e) => e.key === "Escape" || (/^[iao]$/i.test(e.key) && /^:?$/.test(node.value)), () => backToText()],
    [(e) => e.key === "Backspace" && node.value.length < 2, () => backToText()],
  ];
  node.hidden = true;
  node.addEventListener("keydown", (event) => pressed(event, keys));
  node.addEventListener("blur", () => (node.hidden = true));
  return {
    node,
    open() {
      node.hidden = false;
      node.value = ":";
      node.focus();
    },
  };
}
