// The workbench's work on the cells of its notebook: shell colours, wrapped output, buttons at commands and questions,
// and texts hidden until a prediction is made. It changes the page alone, never the notebook file, except for
// "Restore".

const WIDE = ".ks-table, .jp-RenderedText pre, .jp-RenderedMarkdown, .jp-RenderedMarkdown pre"; // nodes that may scroll sideways
const [SHELL, PYTHON] = ["text/x-sh", "text/x-ipython"];
const PRINTED = '.jp-RenderedText[data-mime-type="application/vnd.jupyter.stdout"] pre'; // the output of commands
const CODE = ":is(.jp-RenderedMarkdown, .ks-card, .ks-flow) pre:not(.ks-known)";
const COMMANDS = /^(kubectl|docker|crictl|why|undo|nano|cat|sed|aws|helm|base64|echo|curl) /;
const NAMES = ":is(.jp-RenderedMarkdown, .ks-card, .ks-flow) code:not(.ks-whole, :has(*), td *)";
const RUN = "kubesim-run"; // the event of a "Run in terminal" button; the workbench listens (workbench.js)
const PREDICTION = /^%predict\b/;
const LIVE = '.ks-card, [data-mime-type="application/vnd.jupyter.widget-view+json"]'; // a widget, or one that is loading
const coloured = new WeakSet(); // cells whose colouring already follows their source

// Starts the work on a notebook. JupyterLab draws cells late and again, so all of it is repeated after each change of
// the page; each part leaves alone what is done.
function prepare(notebook, model) {
  const { context } = model.widget_manager ?? {};
  notebook.classList.add("ks-lesson");
  const cells = context?.model?.cells;
  if (cells) {
    colourCells(cells);
    cells.changed.connect(colourCells);
    foldAnswers(notebook, [...cells]);
  }
  copyTrueText(notebook);
  const furnish = () => {
    notebook.querySelectorAll(PRINTED).forEach(layOutOutput);
    notebook.querySelectorAll(WIDE).forEach(makeScrollable);
    notebook.querySelectorAll(CODE).forEach(addTools);
    notebook.querySelectorAll(NAMES).forEach(keepWords);
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

// Adds "Copy" and "Run in terminal" to a command in a text or a solution, and "Copy" to a file in a fix. Their lines wrap
// as in the terminal.
function addTools(code) {
  code.classList.add("ks-known");
  const text = code.textContent.trimEnd();
  const isCommand = COMMANDS.test(text);
  if (!isCommand && !code.closest(".ks-fix")) return;
  layOutCommand(code);
  const copy = button("Copy", () => navigator.clipboard.writeText(text).then(() => (copy.textContent = "Copied")));
  const tools = element("div", { className: "ks-tools ks-opener" }, copy);
  // An event, because the bench may be replaced later. A command about another cluster (.ks-elsewhere) would fail here.
  const run = () => code.dispatchEvent(new CustomEvent(RUN, { detail: text, bubbles: true }));
  if (isCommand && !code.closest(".ks-elsewhere")) tools.append(button("Run in terminal", run));
  keepKeys(tools);
  code.after(tools);
}

// Keeps lines from breaking at the hyphens in a command or a name.
function keepWords(code) {
  code.classList.add("ks-whole");
  code.replaceChildren(...drawWords(code.textContent));
}

// Adds the buttons of a code cell. A question or picture that hasn't run here is plain text with its source hidden, and
// gets a button that runs it. Other cells get "Run", and "Restore" if the learner has changed them.
function furnishCell(model, node, cell) {
  const { source } = cell.sharedModel;
  if (!node || cell.type !== "code") return;
  const isAsking = ASKS.test(source);
  const isDrawing = source.startsWith("%flow");
  node.classList.toggle("ks-asks", isAsking || isDrawing);
  const run = () => {
    node.focus({ preventScroll: true }); // focus makes it the active cell, which the command runs
    command(model, node, "notebook:run-cell");
  };
  // The part of the cell that gets a tool below it; falsy if the tool isn't needed.
  const place = (name, isNeeded) => isNeeded && node.querySelector(`.jp-Cell-${name}Wrapper`);
  const isText = isDrawing ? !cell.trusted : isAsking && !node.querySelector(LIVE);
  const isLong = /^%challenge/.test(source); // twelve broken clusters as text: the button is above them
  const isWork = isLong || /^%task/.test(source);
  const label = isDrawing ? "Draw it now" : /^%challenge alone/.test(source) ? "Start" : isWork ? "Begin" : "Answer here";
  keepTool(node, "ks-begin", place(isLong ? "input" : "output", isText && !isRunning(node)), () => {
    const made = button(label, run);
    if (isWork) made.className = "ks-lead";
    if (isWork) made.addEventListener("click", () => (node.dataset.begins = "yes")); // for challenge.js
    return made;
  });
  keepTool(node, "ks-run", place("input", source && !isAsking && !isDrawing), () => button("Run ▸", run, "Shift+Enter"));
  const { original } = cell.getMetadata?.("kubesim") ?? {};
  const isChanged = original !== undefined && original !== source;
  const restore = () => button("Restore", () => cell.sharedModel.setSource(original), "Put back what the lesson has here");
  keepTool(node, "ks-restore", place("input", isChanged), restore, "You've changed this cell. ");
}

// Keeps one button of the class `name` behind the node `place`, or none if `place` is falsy.
function keepTool(node, name, place, make, words = "") {
  const old = node.querySelector(`.${name}`);
  if (Boolean(place) === Boolean(old)) return;
  if (old) return old.remove();
  const tool = element("div", { className: `${name} ks-opener` }, words, make());
  keepKeys(tool);
  place.after(tool);
}

// Hides the text after each prediction, which tells the answer, until the card says "open" or the next cell has run: it is
// about what that cell prints.
function foldAnswers(notebook, cells) {
  const nodeOf = (cell) => cellNode(notebook, cells.indexOf(cell));
  const unfoldings = new Map(); // functions that show the text again, by the node of the prediction's cell
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

// The Markdown cells right below the cell with this number, up to the next heading.
function textsBelow(cells, number) {
  const below = cells.slice(number + 1);
  const end = below.findIndex(({ type, sharedModel }) => type !== "markdown" || sharedModel.source.startsWith("#"));
  return end < 0 ? below : below.slice(0, end);
}

// Hides these cells behind a button. Returns a function that shows them again.
function fold(nodes) {
  const more = element("div", { className: "ks-unfold ks-opener" }, "The text goes on once you've run the cell. ",
    button("Show it now", () => unfold()));
  const unfold = () => {
    more.remove();
    for (const node of nodes) node.classList.remove("ks-folded");
  };
  for (const node of nodes) node.classList.add("ks-folded");
  nodes[0].append(more);
  return unfold;
}

// Colours %%kubectl cells as shell, not as Python, and follows changes of their source.
function colourCells(cells) {
  for (const cell of cells) {
    if (cell.type !== "code" || coloured.has(cell)) continue;
    coloured.add(cell);
    const follow = () => {
      const isShell = cell.sharedModel.source.startsWith("%%kubectl");
      if (isShell && cell.mimeType !== SHELL) cell.mimeType = SHELL;
      else if (!isShell && cell.mimeType === SHELL) cell.mimeType = PYTHON;
    };
    for (const signal of [cell.contentChanged, cell.mimeTypeChanged]) signal?.connect(follow);
    follow();
  }
}

