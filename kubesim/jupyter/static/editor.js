// The editor for `nano FILE`, in one module with terminal.js, whose small tools it uses.

const CHECK_AFTER = 400; // milliseconds without a key, then the YAML is checked

function makeEditor(file, ask) {
  const label = { "aria-label": `Text of ${file.name}` };
  const { node: pad, input, copy, mirror } = makePad(label, (index) => `${index + 1}`);
  const status = h("div", { class: "status", role: "status" });
  let { saved, exists } = file;
  let mistake = null;
  let timer = 0;
  let leaving = false;
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

  const saveButton = button("Save", ({ detail }) => save().then(() => detail && input.focus()), "Ctrl+O");
  const closeButton = button("Close", close, "Ctrl+X");
  const hint = h("span", { class: "hint" }, "Ctrl+O saves, Ctrl+X closes, Escape then Tab leaves");
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
    [(e) => e.key === "Escape", release],
  ];
  input.addEventListener("keydown", (event) => {
    pressed(event, keys);
    if (event.key !== "Escape") leaving = false;
  });
  input.addEventListener("input", () => {
    mistake = null;
    news = "";
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
  const node = h("div", { class: "editor" }, title, text, status, h("div", { class: "bar" }, buttons, choice.node));
  return { node, focus: () => input.focus() };
}
