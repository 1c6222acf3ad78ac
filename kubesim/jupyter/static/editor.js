// The editor for `nano FILE` and `vi FILE`. It uses the tools of terminal.js, with which it is in one module. There are
// no modes: both editors insert typed text, and for vi, Escape opens a command line.

const CHECK_AFTER = 400; // milliseconds without a key until Python checks the YAML
const COMMAND = /^:*(w|wq|x|q)(!?)$/; // vi's commands to save and close
const KEYS_OF_NANO = "Ctrl+O saves, Ctrl+X closes, Escape then Tab leaves";
const KEYS_OF_VI = "Just type. Escape, then :wq and Enter saves and closes, :q! closes without saving";

function makeEditor(file, ask) {
  const label = { ariaLabel: `Text of ${file.name}` };
  const { node: pad, input, copy, mirror } = makePad(label, (index) => `${index + 1}`);
  const status = element("div", { className: "status", role: "status" });
  const isVi = file.editor.startsWith("vi");
  let { saved, exists } = file;
  let mistake = null;
  let timer = 0;
  let tabLeaves = false; // Escape was the last key in nano, so Tab leaves the text
  let hasTyped = false; // something was typed; a vi user's first "i" is ignored until then
  let news = ""; // the message of the last action, shown until the text changes

  const isUnsaved = () => input.value !== saved;

  function showStatus() {
    const wrong = mistake && `✗ Line ${mistake.line}: ${mistake.words}`;
    const state = isUnsaved() ? "Not saved yet." : exists ? "" : "A new file.";
    status.replaceChildren(...[wrong, news || state].filter(Boolean).map((text) => element("div", {}, text)));
    status.classList.toggle("wrong", Boolean(mistake));
  }

  function markLine() {
    [...copy.children].forEach((row, index) => row.classList.toggle("wrong", index + 1 === mistake?.line));
  }

  async function check() {
    const text = input.value;
    const reply = await ask({ do: "typed", text });
    if (text !== input.value) return; // typing went on, and another check follows
    mistake = reply.line ? reply : null;
    markLine();
    showStatus();
  }

  async function save() {
    const text = input.value;
    const reply = await ask({ do: "save", text });
    if (reply.error) return false;
    saved = text;
    exists = true;
    news = `Saved ${file.name}.`;
    showStatus();
    return true;
  }

  function close() {
    return isUnsaved() ? choice.show() : closeFile();
  }

  function closeFile() {
    clearTimeout(timer);
    return ask({ do: "close" });
  }

  function indent() {
    document.execCommand("insertText", false, "  "); // keeps the browser's undo
  }

  function freeTab() {
    tabLeaves = true;
    news = "Tab now leaves the editor.";
    showStatus();
  }

  const commandLine = makeCommandLine(obey, toText);

  function toText(words = "") {
    input.focus();
    news = words;
    showStatus();
  }

  async function obey(text) {
    const [, command, force] = COMMAND.exec(text.trim()) ?? [];
    if (!command) return toText(`E492: Not an editor command: ${text.replace(/^:+/, "")}`);
    if (command === "q" && !force && isUnsaved()) return toText("E37: No write since last change (add ! to override)");
    if (command !== "q" && !(await save())) return toText();
    return command === "w" ? toText(news) : closeFile();
  }

  // A command of vi typed as a line of the text, by somebody who forgot Escape or is in nano; null if there is none.
  function commandInText() {
    const start = input.value.slice(0, input.selectionStart).lastIndexOf("\n") + 1;
    const text = input.value.slice(start).split("\n")[0];
    return COMMAND.test(text) && text.startsWith(":") ? { start, text } : null;
  }

  function takeOutCommand({ start, text }) {
    input.setSelectionRange(Math.max(start - 1, 0), start + text.length);
    document.execCommand("delete");
    if (isVi) return obey(text);
    news = `kubesim: ${text} is for vi, and this is nano: ${KEYS_OF_NANO}.`;
    showStatus();
  }

  const saveButton = button("Save", ({ detail }) => save().then(() => detail && input.focus()), "Ctrl+O");
  const closeButton = button("Close", close, "Ctrl+X");
  const hint = element("span", { className: "hint" }, isVi ? KEYS_OF_VI : KEYS_OF_NANO);
  const buttons = element("div", { className: "buttons" }, saveButton, closeButton, hint);
  const choice = makeChoice(`Save the changes to ${file.name}?`, buttons, {
    "Save and close": async () => (await save()) && closeFile(),
    "Close without saving": closeFile,
    "Continue editing": () => input.focus(),
  });
  const keys = [
    [(e) => ctrl(e, "o") || ctrl(e, "s"), save],
    [(e) => ctrl(e, "x") && input.selectionStart === input.selectionEnd, close],
    [(e) => e.key === "Tab" && !e.shiftKey && !tabLeaves, indent],
    [(e) => e.key === "Escape", isVi ? commandLine.open : freeTab],
    [(e) => e.key === "Enter" && commandInText(), () => takeOutCommand(commandInText())],
    [(e) => isVi && e.key === "i" && !hasTyped, () => (hasTyped = true)], // vi's insert mode, which we are always in
  ];
  input.addEventListener("keydown", (event) => {
    handleKey(event, keys);
    if (event.key !== "Escape") tabLeaves = false;
  });
  input.addEventListener("input", () => {
    mistake = null;
    news = "";
    hasTyped = true;
    showStatus();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER);
  });

  input.value = file.text;
  input.setSelectionRange(0, 0);
  mirror();
  showStatus();
  check();
  const title = element("div", { className: "title" }, file.name);
  const text = element("div", { className: "text" }, pad);
  const node = element("div", { className: "editor" }, title, text, status, commandLine.node, element("div", { className: "bar" }, buttons, choice.node));
  return { node, focus: () => input.focus() };
}

// vi's command line. Escape, and "i", "a" or "o" on an empty one, go back to the text, as vi users expect.
function makeCommandLine(obey, backToText) {
  const node = element("input", { ariaLabel: "As in vi: :w, :wq, :q!", ...PLAIN });
  const keys = [
    [(e) => e.key === ":" && node.value === ":", () => {}], // the colon is there already
    [(e) => e.key === "Enter", () => obey(node.value)],
    [(e) => e.key === "Escape" || (/^[iao]$/i.test(e.key) && /^:?$/.test(node.value)), () => backToText()],
    [(e) => e.key === "Backspace" && node.value.length < 2, () => backToText()],
  ];
  node.hidden = true;
  node.addEventListener("keydown", (event) => handleKey(event, keys));
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
