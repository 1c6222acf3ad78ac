// The terminal's prompt: entering, completion, history and search, with bash's keys. It uses the tools of terminal.js,
// with which it is in one module.

const SHOWN_CANDIDATES = 60;
const LAST_WORD = /("[^"]*"|'[^']*'|[^\s"'])+(?=\s*$)/;
const INVITATION = "Type a command";
const KEYS = [" (Tab completes, Ctrl+` leads here)", " (Tab completes)", ""]; // the first that fits goes on with the invitation
const PLAIN = { spellcheck: false, autocapitalize: "off", autocomplete: "off" };

// The invitation with the keys that fit beside it. The sign of the prompt takes two letters; a phone has no such keys.
function fittingInvitation(input) {
  const letters = input.clientWidth / (0.6022 * parseFloat(getComputedStyle(input).fontSize)) - 2;
  const fits = (keys) => INVITATION.length + keys.length <= letters;
  return INVITATION + ((matchMedia(PHONE).matches ? null : KEYS.find(fits)) ?? "");
}

function makePrompt(ask, { history }) {
  const { node, input, mirror } = makePad(
    { ariaLabel: "Command", placeholder: INVITATION },
    (index) => (index ? ">" : "$"),
  );
  const candidates = element("div", { className: "candidates", role: "status" });
  new ResizeObserver(() => (input.placeholder = fittingInvitation(input))).observe(input);
  let queued = 0; // the number of entered texts without a reply
  let carried = ""; // the lines of an incomplete command, such as an open quote, in front of the next text
  let sending = Promise.resolve(); // sends texts one after the other, as each decides whether the next continues it
  let steps = 0; // the number of commands back in the history; 0 for the draft
  let draft = ""; // the text typed before going back

  function set(text, cursor = text.length) {
    if (input.value !== text) input.value = text; // an assignment moves the cursor to the end
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
    sending = sending.then(() => send(text));
  }

  // Sends a text. An incomplete command, or one that was lost with the kernel, goes back into the prompt.
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
    if (reply.candidates.length > 1) candidates.append(...candidateNodes(reply.candidates));
  }

  // Any message brings news. Python has no method for this one; it fetches commands that cells have run since.
  const catchUp = () => ask({ do: "news" });

  // Shows the next command that begins with the draft: older ones for direction 1, newer ones for -1.
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
  input.addEventListener("keydown", (event) => handleKey(event, keys));
  input.addEventListener("input", () => candidates.replaceChildren());
  return { node: element("div", { className: "prompt" }, node, search.node, candidates), set, enter, text: () => input.value, focus: () => input.focus() };
}

// bash's keys for editing the line. Changes go through execCommand, although it is deprecated, because the browser's
// undo knows them; an assignment to `value` would empty its undo stack.
function editingKeys(input, history, catchUp) {
  let back = 0; // the number of commands back of the last Alt+.; 0 if another key was pressed since
  let start = 0; // the place of the word inserted by Alt+., which the next Alt+. replaces

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
  const input = element("input", { ariaLabel: "Search the history", ...PLAIN });
  const said = element("span", { className: "hint", role: "status" });
  const node = element("div", { className: "search" }, "Search: ", input, said);
  node.hidden = true;
  let before = ""; // the prompt's text at the start
  let place = 0; // the index of the found command
  let looksBack = false; // Ctrl+R was pressed again, to look for older commands

  // Opens the search at once. Commands run by cells arrive a little later, and are then searched, too.
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
  input.addEventListener("keydown", (event) => handleKey(event, keys));
  input.addEventListener("input", seekNewest);
  return { node, start };
}

function candidateNodes(words) {
  const more = words.length - SHOWN_CANDIDATES;
  const nodes = words.slice(0, SHOWN_CANDIDATES).map((word) => element("span", {}, word));
  return more > 0 ? [...nodes, `and ${more} more`] : nodes;
}
