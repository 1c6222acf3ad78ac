// The lines of a screen, in the terminal and below cells. Prose wraps with a hanging indent. A table never does: its letters
// get smaller, and then it scrolls; a last column of sentences wraps in itself. The text itself stays as it was printed, and
// is copied so.

const HEADINGS = /^ *[A-Z][A-Z0-9()%-]*( [A-Z0-9()-]+)*( {2,}[A-Z0-9()%-]+( [A-Z0-9()-]+)*)+ *$/; // NAME   READY   STATUS
const RULES = /^ *-+( {2,}-+)+ *$/; // what `describe` puts below other headings
const FIELD = /^ *(- )?[A-Za-z][\w./() -]{0,40}: +(?=\S)/; // of `describe` and of YAML
const PROSE = /^(kubesim:|error:|Error|Warning:|bash:|The \w+ ")/; // is read as text and not as a table, so it always wraps
const TOLD = /^(why|help)\b/; // commands whose answer is prose as a whole
const SHORTEST_COLUMN = 36; // characters that the last column gets beside the others; with less room it goes below them
const MARKED = new RegExp(COLORS.pattern, "gm"); // statuses and refusals; COLORS comes from screen.py

// `runs` are [class, text] pairs. One element for each line comes back, each with its line end.
function drawLines(runs, { prose = false } = {}) {
  const lines = splitLines(runs).map((parts) => ({ parts, text: parts.map(([, words]) => words).join("").replace(/\n$/, "") }));
  const drawn = [];
  let table = null;
  lines.forEach(({ parts, text }, number) => {
    if (HEADINGS.test(text) || RULES.test(lines[number + 1]?.text)) {
      table = makeTable(text, lines.slice(number + 1));
      drawn.push(table.node);
    } else if (!isRow(text, table)) table = null;
    const isLastReached = table?.tells && text.length > table.last;
    const node = isLastReached ? drawRow(parts, text, table) : drawLine(parts, text);
    node.classList.toggle("ks-prose", prose || PROSE.test(text));
    if (table) table.node.append(node);
    else drawn.push(node);
  });
  return drawn;
}

// Where the columns of a table begin, and whether its last one holds sentences, by its heading and what is below that.
function makeTable(heading, below) {
  const starts = [...heading.matchAll(/(?<=^|  )\S/g)].map(({ index }) => index);
  const table = { starts, last: starts.at(-1), tells: false, node: h("div", { class: "ks-table" }) };
  let longest = heading.length;
  for (const { text } of below) {
    if (!isRow(text, table)) break;
    table.tells ||= text.length - table.last > SHORTEST_COLUMN;
    longest = Math.max(longest, text.length);
  }
  table.node.style.setProperty("--letters", table.tells ? table.last + SHORTEST_COLUMN : longest);
  return table;
}

function isRow(text, table) {
  if (table === null) return false;
  return text.length <= table.last ? /\S {2,}\S/.test(text) : text.slice(table.last - 2, table.last) === "  ";
}

function drawLine(parts, text) {
  const node = h("div", { class: "ks-line" }, ...parts.map(drawRun));
  node.style.setProperty("--hang", `${hang(text)}ch`);
  return node;
}

// Sentences wrap below their own beginning; without room for that, they go below the other columns.
function drawRow(parts, text, { last }) {
  const cells = cutAt(parts, [last]);
  const node = h("div", { class: "ks-line ks-row" }, ...cells.map((cell) => h("span", {}, ...cell.map(drawRun))));
  node.style.setProperty("--hang", `${last}ch`);
  node.style.setProperty("--least", `${Math.min(SHORTEST_COLUMN, text.length - last)}ch`);
  return node;
}

// Words of a command that have hyphens, at which a browser would break a line.
const HYPHENED = /([^\s-]*-[^\s]*)/;

function drawWords(text) {
  return text.split(HYPHENED).map((part, number) => (number % 2 ? h("span", { class: "ks-word" }, part) : part));
}

const drawRun = ([name, text]) => (name ? h("span", { class: name }, text) : text);

function splitLines(runs) {
  const lines = [[]];
  for (const [name, text] of runs) {
    for (const piece of text.split(/(?<=\n)/)) {
      if (piece) lines.at(-1).push([name, piece]);
      if (piece.endsWith("\n")) lines.push([]);
    }
  }
  return lines.filter((line) => line.length);
}

// What a line without a table hangs by: the value of a field, or a little more than the line is indented.
function hang(line) {
  return FIELD.exec(line)?.[0].length ?? line.search(/\S|$/) + 2;
}

// The parts of a line, cut at these places.
function cutAt(parts, places) {
  const pieces = [0, ...places].map((start, number) => ({ start, end: places[number] ?? Infinity, parts: [] }));
  let at = 0;
  for (const [name, text] of parts) {
    for (const piece of pieces) {
      const words = text.slice(Math.max(0, piece.start - at), Math.max(0, piece.end - at));
      if (words) piece.parts.push([name, words]);
    }
    at += text.length;
  }
  return pieces.map((piece) => piece.parts);
}

// Text as [class, text] pairs, with the colors that the terminal gives its words.
function mark(text) {
  const runs = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(MARKED)) {
    if (!word) continue;
    runs.push(["", text.slice(end, index)], [`sgr-${COLORS.codes[word]}`, word]);
    end = index + word.length;
  }
  return [...runs, ["", text.slice(end)]].filter(([, words]) => words);
}

// What scrolls sideways can be reached by keyboard, and fades where it goes on.
function reach(node) {
  const rest = node.scrollWidth - node.clientWidth;
  if (rest > 1) node.tabIndex = 0;
  else node.removeAttribute("tabindex");
  node.classList.toggle("ks-goes-on", rest - node.scrollLeft > 1);
  node.onscroll = () => reach(node);
}

// Lines are elements side by side, which a browser would copy with breaks of its own.
function copyTrueText(node) {
  node.addEventListener("copy", (event) => {
    const part = getSelection().getRangeAt(0).cloneContents();
    if (!part.querySelector(".ks-line")) return;
    for (const sign of part.querySelectorAll(".sign")) sign.remove();
    event.clipboardData.setData("text/plain", part.textContent);
    event.preventDefault();
    event.stopPropagation();
  });
}

// Below a cell, JupyterLab draws an output anew whenever it changes: then it is laid out anew.
function layOut(screen) {
  const text = screen.textContent;
  if (!text || screen.firstElementChild?.matches(".ks-line, .ks-table")) return;
  const chunks = text.split(/^(?=\$ )/m); // a command with what it printed
  screen.replaceChildren(...chunks.flatMap((chunk) => {
    const [command, ...rest] = chunk.startsWith("$ ") ? chunk.split(/(?<=\n)/) : ["", ...chunk.split(/(?<=\n)/)];
    const typed = command ? [h("div", { class: "ks-line ks-prose ks-typed-line" }, ...drawWords(command))] : [];
    return [...typed, ...drawLines(mark(rest.join("")), { prose: TOLD.test(command.slice(2)) })];
  }));
}
