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
  let column = 0; // where the last column of the table begins that the lines are in
  return splitLines(runs).map((parts) => {
    const text = parts.map(([, words]) => words).join("");
    const line = text.replace(/\n$/, "");
    if (HEADINGS.test(line) || RULES.test(line)) column = lastColumn(line);
    else if (!isRow(line, column)) column = 0;
    const [, end] = cutAt(parts, column);
    const isTable = column > 0 && end.length > 0;
    const node = h("div", { class: "ks-line" });
    node.classList.toggle("ks-row", isTable);
    node.classList.toggle("ks-prose", prose || PROSE.test(line));
    node.style.setProperty("--hang", `${isTable ? column : hang(line)}ch`);
    if (isTable) node.style.setProperty("--least", `${Math.min(SHORTEST_COLUMN, line.length - column)}ch`);
    node.append(...(isTable ? cutAt(parts, column).map((half) => h("span", {}, ...half.map(drawRun))) : parts.map(drawRun)));
    return node;
  });
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

const lastColumn = (line) => line.trimEnd().lastIndexOf("  ") + 2;

const isRow = (line, column) => line.trim() !== "" && (line.length <= column || line.slice(column - 2, column) === "  ");

// What a line without a table hangs by: the value of a field, or a little more than the line is indented.
function hang(line) {
  return FIELD.exec(line)?.[0].length ?? line.search(/\S|$/) + 2;
}

function cutAt(parts, column) {
  const [before, after] = [[], []];
  let at = 0;
  for (const [name, text] of parts) {
    const cut = Math.max(0, Math.min(text.length, column - at));
    if (cut > 0) before.push([name, text.slice(0, cut)]);
    if (cut < text.length) after.push([name, text.slice(cut)]);
    at += text.length;
  }
  return [before, after];
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
    const typed = command && drawLines([["ks-typed-line", command]], { prose: true });
    return [...(typed || []), ...drawLines([["", rest.join("")]], { prose: TOLD.test(command.slice(2)) })];
  }));
}
