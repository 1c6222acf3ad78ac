// The prompt of the terminal, with the keys of bash, in one module with terminal.js, whose small tools it uses.

const SHOWN_CANDIDATES = 60;
const LAST_WORD = /("[^"]*"|'[^']*'|[^\s"'])+(?=\s*$)/;
const PLAIN = { spellcheck: "false", autocapitalize: "off", autocomplete: "off" };

function makePrompt(ask, { history }) {
  const { node, input, mirror } = makePad(
    { "aria-label": "Command", placeholder: "Type a command (Tab completes, Ctrl+` leads here)" },
    (index) => (index ? ">" : "$"),
  );
  const candidates = h("div", { class: "candidates", role: "status" });
  let queued = 0; // commands entered that have no answer yet
  let carried = ""; // lines that wait for their end
  let turn = Promise.resolve();
  let steps = 0; // how far back in the history we are
  let draft = "";

  function set(text, cursor = text.length) {
    if (input.value !== text) input.value = text; // which puts the cursor at its end
    if (input.selectionStart !== cursor || input.selectionEnd !== cursor) input.setSelectionRange(cursor, cursor);
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
    carried = reply.more ? `${block}\n` : reply.lost ? block : "";
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

  const catchUp = () => ask({ do: "news" }); // with what cells have run meanwhile

  // To the next command in this direction that begins with what was typed
  async function recall(direction) {
    if (steps === 0) {
      draft = input.value;
      await catchUp();
    }
    let next = steps + direction;
    while (next > 0 && next <= history.length && !history.at(-next).startsWith(draft)) next += direction;
    if (next > history.length) return;
    steps = Math.max(next, 0);
    set(steps ? history.at(-steps) : draft);
  }

  const search = makeSearch(history, input, set, enter, catchUp);
  const onFirstLine = () => !input.value.slice(0, input.selectionStart).includes("\n");
  const onLastLine = () => !input.value.slice(input.selectionEnd).includes("\n");
  const nothingSelected = () => input.selectionStart === input.selectionEnd && getSelection().isCollapsed;

  const keys = [
    [(e) => e.key === "Enter", enter],
    [(e) => e.key === "Tab" && !e.shiftKey && input.value.trim(), complete],
    [(e) => e.key === "ArrowUp" && onFirstLine(), () => recall(1)],
    [(e) => e.key === "ArrowDown" && onLastLine(), () => recall(-1)],
    [(e) => ctrl(e, "c") && nothingSelected(), () => set((steps = 0) || "")],
    [(e) => ctrl(e, "l"), () => ask({ do: "clear" })],
    [(e) => ctrl(e, "r"), search.start],
    [(e) => ctrl(e, "s"), () => {}], // not the browser's "save page"
    ...editingKeys(input, history, catchUp),
  ];
  input.addEventListener("keydown", (event) => pressed(event, keys));
  input.addEventListener("input", () => candidates.replaceChildren());
  return { node: h("div", { class: "prompt" }, node, search.node, candidates), set, enter, text: () => input.value, focus: () => input.focus() };
}

// What bash does to the line. It is done in such a way that the browser's undo brings back what was taken out.
function editingKeys(input, history, catchUp) {
  let back = 0; // how many commands back the word is from that Alt+. has just inserted
  let start = 0; // and where it begins

  async function insertLastWord() {
    if (!back) {
      await catchUp();
      start = input.selectionStart;
    }
    if (back === history.length) return;
    back += 1;
    input.setSelectionRange(start, input.selectionEnd);
    document.execCommand("insertText", false, history.at(-back).match(LAST_WORD)?.[0] ?? "");
  }

  function takeOut(from, to) {
    input.setSelectionRange(from, to);
    if (from < to) document.execCommand("delete");
  }

  input.addEventListener("keydown", ({ key, code }) => (back = key === "Alt" || code === "Period" ? back : 0));
  const goTo = (place) => input.setSelectionRange(place, place);
  const at = () => input.selectionStart;
  const lineStart = () => input.value.slice(0, at()).lastIndexOf("\n") + 1;
  const lineEnd = () => `${input.value}\n`.indexOf("\n", at());
  const wordStart = () => input.value.slice(0, at()).search(/\S*\s*$/);
  return [
    [(e) => ctrl(e, "a"), () => goTo(lineStart())],
    [(e) => ctrl(e, "e"), () => goTo(lineEnd())],
    [(e) => ctrl(e, "k"), () => takeOut(at(), lineEnd())],
    [(e) => ctrl(e, "u"), () => takeOut(lineStart(), at())],
    [(e) => ctrl(e, "w") || (e.altKey && e.key === "Backspace"), () => takeOut(wordStart(), at())],
    [(e) => ctrl(e, "d"), () => takeOut(at(), Math.min(at() + 1, input.value.length))],
    [(e) => e.altKey && e.code === "Period", insertLastWord],
  ];
}

// Ctrl+R: what is typed into a line of its own is sought in the earlier commands, the newest one first. What is found
// is put into the prompt.
function makeSearch(history, prompt, set, enter, catchUp) {
  const input = h("input", { "aria-label": "Search the history", ...PLAIN });
  const said = h("span", { class: "hint", role: "status" });
  const node = h("div", { class: "search" }, "Search: ", input, said);
  node.hidden = true;
  let before = ""; // what was in the prompt
  let place = 0; // in the history
  let looksBack = false; // past the newest command that has the text

  // What is typed next is sought, even before the kernel has told what was run elsewhere
  async function start() {
    before = input.value = prompt.value;
    node.hidden = false;
    input.focus();
    seekNewest();
    await catchUp();
    if (!node.hidden && !looksBack) seekNewest();
  }

  function seekNewest() {
    looksBack = false;
    seek(history.length - 1);
  }

  function seekOlder() {
    looksBack = true;
    seek(place - 1);
  }

  function seek(from) {
    const matches = (command, index) => index <= from && command.includes(input.value);
    const newest = input.value ? history.findLastIndex(matches) : -1;
    said.replaceChildren(
      input.value && newest < 0 ? "No other command has this." : "Enter runs it, Ctrl+R looks further back, Escape lets you edit it.",
    );
    if (newest < 0) return;
    place = newest;
    set(history[newest]);
  }

  function end(text = prompt.value) {
    node.hidden = true;
    set(text);
    prompt.focus();
  }

  const keys = [
    [(e) => e.key === "Enter", () => (end(), enter())],
    [(e) => ctrl(e, "r"), seekOlder],
    [(e) => ctrl(e, "c") || ctrl(e, "g"), () => end(before)],
    [(e) => ["Escape", "Tab", "ArrowUp", "ArrowDown"].includes(e.key), () => end()],
  ];
  input.addEventListener("keydown", (event) => pressed(event, keys));
  input.addEventListener("input", seekNewest);
  return { node, start };
}

function list(words) {
  const more = words.length - SHOWN_CANDIDATES;
  const nodes = words.slice(0, SHOWN_CANDIDATES).map((word) => h("span", {}, word));
  return more > 0 ? [...nodes, `and ${more} more`] : nodes;
}
