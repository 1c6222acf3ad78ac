// The layout of printed lines, in the terminal and below cells. Prose wraps with a hanging indent. A table doesn't
// wrap: it gets a smaller font, then scrolls; only a last column of sentences wraps within itself. The characters stay
// as printed, so that copied text is true.

const HEADINGS = /^ *[A-Z][A-Z0-9()%-]*( [A-Z0-9()-]+)*( {2,}[A-Z0-9()%-]+( [A-Z0-9()-]+)*)+ *$/; // NAME   READY   STATUS
const RULES = /^ *-+( {2,}-+)+ *$/; // dashes below the headings of `describe`
const FIELD = /^ *[A-Za-z][\w./() -]{0,40}: {2,}(?=\S)/; // the name of a field in `describe`, up to the column of its value
const PROSE = /^(kubesim:|error:|Error|Warning:|bash:|The \w+ ")/; // sentences, which always wrap
const TOLD = /^(why|help)\b/; // commands whose whole output is prose
const SENTENCE = 36; // characters: a longer cell of a last column is a sentence
const SHORTEST_COLUMN = 60; // characters of a sentence on each line beside the other columns; with less room it goes below them
const DEEP = 12; // spaces in front of a line that goes on with the value of the field above
const HYPHENED = /([^\s-]*-[^\s]*)/; // words with hyphens, where a browser would break a line
const MARKED = new RegExp(COLORS.pattern, "gm"); // coloured words; Python puts COLORS in front of this script (screen.py)

// Draws [class, text] pairs. Returns an element for each line, line end included, or for each table.
function drawLines(runs, { prose = false } = {}) {
  const lines = splitLines(runs).map((parts) => ({ parts, text: parts.map(([, words]) => words).join("").replace(/\n$/, "") }));
  const drawn = [];
  let table = null;
  lines.forEach(({ parts, text }, number) => {
    if (HEADINGS.test(text) || RULES.test(lines[number + 1]?.text)) {
      table = makeTable(text, lines.slice(number + 1));
      drawn.push(table.node);
    } else if (!isRow(text, table)) table = null;
    const isLastReached = table?.hasSentences && text.length > table.lastColumn;
    const isProse = prose || PROSE.test(text);
    const node = isLastReached ? drawRow(parts, text, table) : drawLine(parts, text, isProse);
    node.classList.toggle("ks-prose", isProse);
    if (table) table.node.append(node);
    else drawn.push(node);
  });
  return drawn;
}

// A table by its heading and the lines `below`: its node, the place where the last column begins, the length of the
// longest line, and whether the last column has sentences.
function makeTable(heading, below) {
  const lastColumn = [...heading.matchAll(/(?<=^|  )\S/g)].at(-1)?.index;
  const table = { heading, lastColumn, longest: heading.length, hasSentences: false, node: element("div", { className: "ks-table" }) };
  for (const { text } of below) {
    if (!isRow(text, table)) break;
    table.hasSentences ||= text.length - table.lastColumn > SENTENCE;
    table.longest = Math.max(table.longest, text.length);
  }
  table.node.style.setProperty("--letters", table.hasSentences ? heading.trimEnd().length + 1 : table.longest);
  return table;
}

// True if a line can be a row of the table: two spaces before the last column, or between its cells if it is short.
function isRow(text, table) {
  if (table === null) return false;
  return text.length <= table.lastColumn ? /\S {2,}\S/.test(text) : text.slice(table.lastColumn - 2, table.lastColumn) === "  ";
}

// Draws a line. What is in front of a value, its field's name or spaces, is an element: so it isn't alone on a line.
function drawLine(parts, text, isProse) {
  const draw = isProse ? drawWords : (words) => [words];
  const drawAll = (some) => some.flatMap(([name, words]) => name ? element("span", { className: name }, ...draw(words)) : draw(words));
  const front = FIELD.exec(text)?.[0].length ?? Math.max(0, text.search(/\S/));
  const [name, value] = front ? cutAt(parts, [front]) : [[], parts];
  const node = element("div", { className: "ks-line" }, ...(front ? [element("span", { className: "ks-front" }, ...drawAll(name))] : []), ...drawAll(value));
  node.style.setProperty("--hang", `${hang(text)}ch`);
  node.style.setProperty("--front", `${front}ch`);
  return node;
}

// Draws a row whose last cell is a sentence. It wraps within its column; without room for that, it is below the other
// columns, in all rows alike. The headings stay on one line.
function drawRow(parts, text, { heading, lastColumn, longest }) {
  const letters = text === heading || RULES.test(text) ? text.length : longest;
  const cells = cutAt(parts, [lastColumn]);
  const node = element("div", { className: "ks-line ks-row" }, ...cells.map((cell) => element("span", {}, ...cell.map(drawRun))));
  node.style.setProperty("--hang", `${lastColumn}ch`);
  node.style.setProperty("--least", `${Math.min(SHORTEST_COLUMN, letters - lastColumn)}ch`);
  return node;
}

// Draws words with hyphens as elements that don't wrap.
function drawWords(text) {
  return text.split(HYPHENED).map((part, number) => (number % 2 ? element("span", { className: "ks-word" }, part) : part));
}

const drawRun = ([name, text]) => (name ? element("span", { className: name }, text) : text);

// The pairs of each line; the line end stays with its line.
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

// The hanging indent of a line in characters: up to the value of a field or behind deep spaces, else two more than the
// line's own indent.
function hang(line) {
  const spaces = line.search(/\S|$/);
  return FIELD.exec(line)?.[0].length ?? (spaces < DEEP ? spaces + 2 : spaces);
}

// Splits the pairs of a line at these places, counted in characters.
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

// Text without escapes as [class, text] pairs, coloured like the terminal's (see `colour_statuses` in screen.py).
function runsOfStatuses(text) {
  const runs = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(MARKED)) {
    if (!word) continue;
    runs.push(["", text.slice(end, index)], [`sgr-${COLORS.codes[word]}`, word]);
    end = index + word.length;
  }
  return [...runs, ["", text.slice(end)]].filter(([, words]) => words);
}

// Makes a node that scrolls sideways focusable, for the keyboard, and lets it fade at an edge with more behind it.
function makeScrollable(node) {
  const rest = node.scrollWidth - node.clientWidth;
  if (rest > 1) node.tabIndex = 0;
  else node.removeAttribute("tabindex");
  node.classList.toggle("ks-goes-on", rest - node.scrollLeft > 1);
  node.onscroll = () => makeScrollable(node);
}

// Copies selected lines as printed: a browser would add a line end for each element, and copy the prompt's signs.
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

// Lays out a command in a <pre>, unless its words are elements already.
function layOutCommand(pre) {
  const holder = pre.querySelector("code") ?? pre;
  if (!holder.firstElementChild) holder.replaceChildren(...drawLines([["", holder.textContent]], { prose: true }));
}

// Lays out an output below a cell, unless that is done. JupyterLab redraws an output with each change, so call it each
// time.
function layOutOutput(screen) {
  const text = screen.textContent;
  if (!text || screen.firstElementChild?.matches(".ks-line, .ks-table")) return;
  const chunks = text.split(/^(?=\$ )/m); // a command with its output
  screen.replaceChildren(...chunks.flatMap((chunk) => {
    const [command, ...rest] = chunk.startsWith("$ ") ? chunk.split(/(?<=\n)/) : ["", ...chunk.split(/(?<=\n)/)];
    const typed = command ? [element("div", { className: "ks-line ks-prose ks-typed-line" }, ...drawWords(command))] : [];
    return [...typed, ...drawLines(runsOfStatuses(rest.join("")), { prose: TOLD.test(command.slice(2)) })];
  }));
}
