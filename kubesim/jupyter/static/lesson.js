// What the workbench does for the cells of a lesson: colours, lines that wrap, buttons at commands, folded answers.

const WIDE = ".ks-table, .jp-RenderedText pre, .jp-RenderedMarkdown, .jp-RenderedMarkdown pre"; // what may scroll sideways
const [SHELL, PYTHON] = ["text/x-sh", "text/x-ipython"];
const PRINTED = '.jp-RenderedText[data-mime-type="application/vnd.jupyter.stdout"] pre'; // what commands print
const CODE = ":is(.jp-RenderedMarkdown, .ks-card, .ks-flow) pre:not(.ks-known)";
const COMMANDS = /^(kubectl|docker|crictl|why|undo|nano|cat|sed|aws|helm|base64|echo|curl) /;
const RUN = "kubesim-run"; // the name of an event
const PREDICTION = /^%predict\b/;
const LIVE = '.ks-card, [data-mime-type="application/vnd.jupyter.widget-view+json"]'; // a widget, or the place of one
const known = new WeakSet(); // the cells that are coloured by what they hold

// What the lesson needs: shell commands coloured as such, outputs whose lines wrap like the terminal's.
function prepare(notebook, model) {
  const { context } = model.widget_manager ?? {};
  notebook.classList.add("ks-lesson");
  const cells = context?.model?.cells;
  if (cells) {
    colour(cells);
    cells.changed.connect(colour);
    foldAnswers(notebook, [...cells]);
  }
  copyTrueText(notebook);
  const furnish = () => {
    notebook.querySelectorAll(PRINTED).forEach(layOut);
    notebook.querySelectorAll(WIDE).forEach(reach);
    notebook.querySelectorAll(CODE).forEach(addTools);
    if (cells) [...cells].forEach((cell, number) => furnishCell(model, cellNode(notebook, number), cell));
  };
  let due = 0;
  const soon = () => (due ||= requestAnimationFrame(() => {
    due = 0;
    furnish();
  }));
  new MutationObserver(soon).observe(notebook, { childList: true, subtree: true });
  new ResizeObserver(soon).observe(notebook.querySelector(".jp-WindowedPanel-viewport") ?? notebook);
  soon();
}

// Commands of the text and of solutions can be copied, and run with one click; files to change can be copied.
function addTools(code) {
  code.classList.add("ks-known");
  const text = code.textContent.trimEnd();
  const isCommand = COMMANDS.test(text);
  if (!isCommand && !code.closest(".ks-fix")) return;
  const copy = button("Copy", () => navigator.clipboard.writeText(text).then(() => (copy.textContent = "Copied")));
  const tools = element("div", { className: "ks-tools ks-opener" }, copy);
  // Whichever bench there is now hears it. What is about another cluster would fail in this one.
  const run = () => code.dispatchEvent(new CustomEvent(RUN, { detail: text, bubbles: true }));
  if (isCommand && !code.closest(".ks-elsewhere")) tools.append(button("Run in terminal", run));
  keepKeys(tools);
  code.after(tools);
}

// A question that hasn't run is a text, whose input is hidden: a button makes it a card. And what a learner has changed in a
// cell can be restored.
function furnishCell(model, node, cell) {
  const { source } = cell.sharedModel;
  if (!node || cell.type !== "code") return;
  const isAsking = ASKS.test(source);
  const isDrawing = source.startsWith("%flow");
  node.classList.toggle("ks-asks", isAsking || isDrawing);
  const run = () => {
    node.focus({ preventScroll: true }); // which makes it the active one
    command(model, node, "notebook:run-cell");
  };
  const place = (name, isNeeded) => isNeeded && node.querySelector(`.jp-Cell-${name}Wrapper`);
  const isText = isDrawing ? !cell.trusted : isAsking && !node.querySelector(LIVE);
  const label = isDrawing ? "Draw it now" : /^%(task|challenge)/.test(source) ? "Begin" : "Answer here";
  keepTool(node, "ks-begin", place("output", isText && !isRunning(node)), () => button(label, run));
  keepTool(node, "ks-run", place("input", source && !isAsking && !isDrawing), () => button("Run ▸", run, "Shift+Enter"));
  const { original } = cell.getMetadata?.("kubesim") ?? {};
  const isChanged = original !== undefined && original !== source;
  const restore = () => button("Restore", () => cell.sharedModel.setSource(original), "Put back what the lesson has here");
  keepTool(node, "ks-restore", place("input", isChanged), restore, "You've changed this cell. ");
}

// Puts a button below a part of a cell while there is a `place` for it.
function keepTool(node, name, place, make, words = "") {
  const old = node.querySelector(`.${name}`);
  if (Boolean(place) === Boolean(old)) return;
  if (old) return old.remove();
  const tool = element("div", { className: `${name} ks-opener` }, words, make());
  keepKeys(tool);
  place.after(tool);
}

// The text after a prediction gives it away: it unfolds once the card is open, or the cell that answers it has run.
function foldAnswers(notebook, cells) {
  const nodeOf = (cell) => cellNode(notebook, cells.indexOf(cell));
  const unfoldings = new Map(); // by the cell of the prediction
  cells.forEach((asking, number) => {
    if (!PREDICTION.test(asking.sharedModel.source)) return;
    const answering = cells[number + 1];
    const nodes = textsBelow(cells, number + 1).map(nodeOf).filter(Boolean);
    if (answering?.type !== "code" || !nodes.length) return;
    if (isRunning(nodeOf(answering))) return;
    const unfold = fold(nodes);
    answering.stateChanged.connect((_, { name }) => name === "executionCount" && unfold());
    unfoldings.set(nodeOf(asking), unfold);
  });
  notebook.addEventListener("kubesim-open", ({ target }) => unfoldings.get(target.closest(".jp-Cell"))?.());
}

// The cells of text below the cell with this number, up to the next heading.
function textsBelow(cells, number) {
  const below = cells.slice(number + 1);
  const end = below.findIndex(({ type, sharedModel }) => type !== "markdown" || sharedModel.source.startsWith("#"));
  return end < 0 ? below : below.slice(0, end);
}

// Folds these cells behind a button; what is returned unfolds them.
function fold(nodes) {
  const more = element("div", { className: "ks-unfold ks-opener" }, "The text goes on once you've made your prediction or run the cell. ",
    button("Show it now", () => unfold()));
  const unfold = () => {
    more.remove();
    for (const node of nodes) node.classList.remove("ks-folded");
  };
  for (const node of nodes) node.classList.add("ks-folded");
  nodes[0].append(more);
  return unfold;
}

// Cells with shell commands are coloured as such, not as Python.
function colour(cells) {
  for (const cell of cells) {
    if (cell.type !== "code" || known.has(cell)) continue;
    known.add(cell);
    const follow = () => {
      const isShell = cell.sharedModel.source.startsWith("%%kubectl");
      if (isShell && cell.mimeType !== SHELL) cell.mimeType = SHELL;
      else if (!isShell && cell.mimeType === SHELL) cell.mimeType = PYTHON;
    };
    for (const signal of [cell.contentChanged, cell.mimeTypeChanged]) signal?.connect(follow);
    follow();
  }
}

