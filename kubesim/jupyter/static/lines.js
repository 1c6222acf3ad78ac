// The lines of a screen, in the terminal and below cells. A long one wraps below the beginning of its last column, so that
// a table stays a table and the end of a message is read. The text itself stays as it was printed, and is copied so.

const HEADINGS = /^ *[A-Z][A-Z0-9()%-]*( [A-Z0-9()-]+)*( {2,}[A-Z0-9()%-]+( [A-Z0-9()-]+)*)+ *$/; // NAME   READY   STATUS
const RULES = /^ *-+( {2,}-+)+ *$/; // what `describe` puts below its headings
const FIELD = /^ *(- )?[A-Za-z][\w./() -]{0,40}: +(?=\S)/; // of `describe` and of YAML
const PROSE = /^(kubesim:|error:|Error|Warning:|bash:|The \w+ ")/; // is read as text and not as a table, so it always wraps
const TOLD = /^(why|help)\b/; // commands whose answer is prose as a whole
const SHORTEST_COLUMN = 36; // characters that the last column gets beside the others; with less room it goes below them
const UNWRAPPED = "kubesim: lines are unwrapped"; // in the browser's storage

// `runs` are [class, text] pairs. One element for each line comes back, each with its line end.
function drawLines(runs, { prose = false } = {}) {
  const lines = splitLines(runs).map((parts) => ({ parts, text: parts.map(([, words]) => words).join("").replace(/\n$/, "") }));
  let table = null;
  return lines.map(({ parts, text }, number) => {
    if (HEADINGS.test(text) || RULES.test(text)) table = makeTable(text, lines.slice(number + 1));
    else if (!isRow(text, table)) table = null;
    const isLastReached = table !== null && text.length > table.last;
    const node = isLastReached ? drawRow(parts, text, table) : drawLine(parts, text);
    node.classList.toggle("ks-prose", prose || PROSE.test(text));
    return node;
  });
}

// Where the columns of a table begin, and whether its last one holds sentences, by its heading and what is below that.
function makeTable(heading, below) {
  const starts = [...heading.matchAll(/(?<=^|  )\S/g)].map(({ index }) => index);
  const table = { starts, last: starts.at(-1), tells: false };
  for (const { text } of below) {
    if (!isRow(text, table)) break;
    table.tells ||= text.length - table.last > SHORTEST_COLUMN;
  }
  return table;
}

function isRow(text, table) {
  return table !== null && text.trim() !== "" && (text.length <= table.last || text.slice(table.last - 2, table.last) === "  ");
}

function drawLine(parts, text) {
  const node = h("div", { class: "ks-line" }, ...parts.map(drawRun));
  node.style.setProperty("--hang", `${hang(text)}ch`);
  return node;
}

// Sentences wrap below their own beginning. Other rows wrap between two columns, each at the same one.
function drawRow(parts, text, { starts, last, tells }) {
  const kind = tells ? "ks-row" : "ks-cells";
  const cells = cutAt(parts, tells ? [last] : starts.slice(1));
  const node = h("div", { class: `ks-line ${kind}` }, ...cells.map((cell) => h("span", {}, ...cell.map(drawRun))));
  node.style.setProperty("--hang", tells ? `${last}ch` : "4ch");
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
  if (!text || screen.firstElementChild?.matches(".ks-line")) return;
  const chunks = text.split(/^(?=\$ )/m); // a command with what it printed
  screen.replaceChildren(...chunks.flatMap((chunk) => {
    const [command, ...rest] = chunk.startsWith("$ ") ? chunk.split(/(?<=\n)/) : ["", ...chunk.split(/(?<=\n)/)];
    const typed = command ? [h("div", { class: "ks-line ks-prose ks-typed-line" }, ...drawWords(command))] : [];
    return [...typed, ...drawLines([["", rest.join("")]], { prose: TOLD.test(command.slice(2)) })];
  }));
}
