// The workbench: what is around the terminal, and its place on the page. There is one a model: a dock panel at the right
// of the notebook holds it, or the cell that showed it last. The terminal itself is in terminal.js.

const BESIDE = 1100; // CSS pixels of a dock in which the bench is at the right of its notebook
const BELOW = { width: 640, height: 420 }; // of one in which it is a drawer below; with less room it is in the cell
const NOTEBOOK_SHARE = { right: 0.57, bottom: 0.5 }; // of the dock: at 1280 px the pictures of the notebook still fit
const LOWEST_DRAWER = 310; // CSS pixels: the prompt, the buttons, and ten lines
const TAB = 30; // CSS pixels: what the tab of a drawer takes
const DOCK = "#jp-main-dock-panel:not([data-mode=single-document])";
const PATIENCE_FOR_PAGE = 200; // times 50 ms: a cell that runs with all others is drawn long before it is in the page
const WIDE = ".jp-RenderedText pre, .jp-RenderedMarkdown, .jp-RenderedMarkdown pre"; // what may scroll sideways
const [SHELL, PYTHON] = ["text/x-sh", "text/x-ipython"];
const PRINTED = '.jp-RenderedText[data-mime-type="application/vnd.jupyter.stdout"] pre'; // what commands print
const CODE = ":is(.jp-RenderedMarkdown, .ks-card, .ks-flow) pre:not(.ks-known)";
const COMMANDS = /^(kubectl|docker|crictl|why|undo|nano|cat|sed|aws|helm|base64|echo|curl) /;
const PREDICTION = /^%predict\b/;
const known = new WeakSet(); // the cells that are coloured by what they hold
const panels = (globalThis.kubesimPanels ??= new Map()); // by the notebook's context, which a new name or kernel keeps

const drafts = (globalThis.kubesimDrafts ??= new WeakMap()); // by context: what was in the prompt of a bench that was lost

let bench = null;

// What listens to the model is bound here: whatever a view binds goes with it, when its cell is run again or cleared.
function initialize({ model }) {
  bench = makeBench(model);
}

async function render({ model, el }) {
  const button = element("button", { type: "button", textContent: "Show the workbench", title: "Ctrl+` leads to the terminal, and back" });
  const place = element("div", { className: "ks-place" });
  const opener = element("div", { className: "ks-opener" }, button);
  el.append(opener, place);
  button.addEventListener("click", () => open(model, place).then(bench.focus));
  keepKeys(opener);
  if (!(await isInPage(el))) return;
  if (!bench.place) foldFiles(opener);
  await open(model, place, bench.node.isConnected);
}

export default { initialize, render };

async function isInPage(el) {
  for (let tries = 0; tries < PATIENCE_FOR_PAGE && !el.isConnected; tries += 1) await new Promise((go) => setTimeout(go, 50));
  return el.isConnected;
}

// Puts the bench into the dock where there is one, or else into `place`, unless it is `elsewhere` and stays there.
async function open(model, place, elsewhere = false) {
  const notebook = place.closest(".jp-Notebook");
  bench.notebook = notebook ?? bench.notebook;
  bench.place = place;
  if (notebook && !notebook.classList.contains("ks-lesson")) prepare(notebook, model);
  const side = sideOf(model);
  const panel = side && (await dock(model, place.closest(".jp-NotebookPanel"), side));
  if (!panel && elsewhere) return;
  bench.side = bench.node.dataset.side = panel ? side : "";
  bench.node.classList.toggle("ks-docked", Boolean(panel));
  const target = panel ? panel.node : place;
  if (bench.node.parentNode !== target) target.replaceChildren(bench.node);
  if (panel) await isInPage(panel.node); // a page that is being restored adds it later
  if (panel) bench.follow ??= accompany(model, panel.parent, place.closest(".jp-NotebookPanel"));
  if (panel) raise(panel);
  else panels.get(model.widget_manager?.context)?.dispose(); // the page has become too narrow for it
  bench.watch ??= watchRoom(model);
}

// Where the dock has room for the bench: "right" of the notebook, at the "bottom", or "".
function sideOf({ widget_manager: manager }) {
  const area = document.querySelector(DOCK);
  if (!area || !manager?.context?.addSibling || !manager.create_view) return "";
  if (area.clientWidth >= BESIDE) return "right";
  return area.clientWidth >= BELOW.width && area.clientHeight >= BELOW.height ? "bottom" : "";
}

// The bench moves when the free width grows or shrinks past what it needs, and a drawer keeps its ten lines.
function watchRoom(model) {
  const move = () => {
    if (!bench.node.isConnected || !bench.place.isConnected) return;
    const panel = panels.get(model.widget_manager?.context);
    if (sideOf(model) !== bench.side) open(model, bench.place);
    else if (bench.side === "bottom" && panel.node.clientHeight < LOWEST_DRAWER - TAB) divide(panel.parent);
  };
  const observer = new ResizeObserver(() => requestAnimationFrame(move));
  observer.observe(document.querySelector(DOCK) ?? document.body);
  return observer;
}

// The list of files takes the room that the notebook and its bench need.
function foldFiles(opener) {
  if (document.querySelector("#filebrowser")?.checkVisibility()) command(opener, "application:toggle-left-area");
}

// What the lesson needs: shell commands coloured as such, outputs whose lines wrap like the terminal's.
function prepare(notebook, { widget_manager: manager }) {
  notebook.classList.add("ks-lesson");
  const cells = manager?.context?.model?.cells;
  if (cells) {
    colour(cells);
    cells.changed.connect(colour);
    foldAnswers(notebook, [...cells]);
    bench.node.querySelector(".ks-views").prepend(makeSteps(notebook, manager.context));
  }
  wrap(localStorage.getItem(UNWRAPPED) === null);
  copyTrueText(notebook);
  const furnish = () => {
    notebook.querySelectorAll(PRINTED).forEach(layOut);
    notebook.querySelectorAll(WIDE).forEach(reach);
    notebook.querySelectorAll(CODE).forEach(addTools);
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

// Commands of the text and of solutions can be copied, and run with one click.
function addTools(code) {
  code.classList.add("ks-known");
  const text = code.textContent.trimEnd();
  if (!COMMANDS.test(text)) return;
  const copy = button("Copy", () => navigator.clipboard.writeText(text).then(() => (copy.textContent = "Copied")));
  const tools = element("div", { className: "ks-tools ks-opener" }, copy, button("Run in terminal", () => bench.run(text)));
  keepKeys(tools);
  code.after(tools);
}

// The text after a prediction gives it away: it unfolds once the card is open, or the cell that answers it has run.
function foldAnswers(notebook, cells) {
  const nodeOf = (cell) => notebook.querySelector(`.jp-Cell[data-windowed-list-index="${cells.indexOf(cell)}"]`);
  const isRunning = (cell) => nodeOf(cell)?.querySelector(".jp-InputPrompt")?.textContent.includes("*");
  const unfoldings = new Map(); // by the cell of the prediction
  cells.forEach((asking, number) => {
    if (!PREDICTION.test(asking.sharedModel.source)) return;
    const answering = cells[number + 1];
    const texts = cells.slice(number + 2);
    const end = texts.findIndex(({ type, sharedModel }) => type !== "markdown" || sharedModel.source.startsWith("#"));
    const nodes = texts.slice(0, end < 0 ? texts.length : end).map(nodeOf).filter(Boolean);
    if (answering?.type !== "code" || !nodes.length || isRunning(answering) || isRunning(asking)) return;
    const more = element("div", { className: "ks-unfold ks-opener" }, "The text goes on once you've made your prediction or run the cell. ",
      button("Show it now", () => unfold()));
    const unfold = () => {
      more.remove();
      for (const node of nodes) node.classList.remove("ks-folded");
    };
    for (const node of nodes) node.classList.add("ks-folded");
    nodes[0].append(more);
    answering.stateChanged.connect((_, { name }) => name === "executionCount" && unfold());
    unfoldings.set(nodeOf(asking), unfold);
  });
  notebook.addEventListener("kubesim-open", ({ target }) => unfoldings.get(target.closest(".jp-Cell"))?.());
}

// What scrolls sideways can be reached by keyboard.
function reach(node) {
  if (node.scrollWidth > node.clientWidth) node.tabIndex = 0;
  else node.removeAttribute("tabindex");
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

async function dock(model, notebook, side) {
  const { context } = model.widget_manager;
  const current = panels.get(context);
  if (current && !current.isDisposed && current.side === side) return current;
  const Widget = await findWidgetClass(model);
  if (!Widget || !notebook) return null;
  current?.dispose();
  const panel = Object.assign(new Widget(), { id: `kubesim-workbench-${Date.now()}`, side });
  panel.addClass("ks-dock");
  panel.title.closable = true;
  const rename = () => Object.assign(panel.title, titleOf(context.path));
  rename();
  context.pathChanged?.connect(rename);
  const other = [...panels.values()].find((one) => one.side === side && !isOver(one, notebook));
  panels.set(context, panel);
  context.addSibling(panel, { mode: other ? "tab-after" : `split-${side}`, ref: (other ?? notebook).id, activate: false });
  if (!other) requestAnimationFrame(() => divide(panel.parent));
  panel.disposed.connect(() => {
    context.pathChanged?.disconnect(rename);
    if (panels.get(context) === panel) panels.delete(context);
  });
  return panel;
}

// The tab says whose bench it is: by the number of the lesson, or by the notebook's name.
function titleOf(path) {
  const name = path.split("/").pop().replace(/\.ipynb$/, "");
  return { label: `Workbench ${/^\d+(?=-)/.exec(name)?.[0] ?? name}`, caption: `The workbench of ${name}` };
}

// Goes along with its notebook: makes room when another notebook is in front, comes back with its own, and ends with it.
function accompany(model, area, notebook) {
  const { context } = model.widget_manager;
  let isAway = false;
  const widgets = () => [...(area?.widgets?.() ?? [])];
  const own = widgets().find(({ node }) => node === notebook);
  const follow = () => {
    const panel = panels.get(context);
    // JupyterLab opens a notebook where the keyboard was last, which may be on the bench.
    const strayed = panel && widgets().find(({ id, node }) => node.matches(".jp-NotebookPanel") && isOver(panel, { id }));
    if (strayed && strayed !== own) {
      area.addWidget(strayed, { mode: "tab-after", ref: own });
      area.selectWidget(strayed);
    }
    if (notebook.checkVisibility()) {
      if (isAway) open(model, bench.place);
      isAway = false;
    } else if (panel?.node.contains(bench.node) && isAnyInFront()) {
      isAway = true;
      panel.dispose();
    }
  };
  area?.layoutModified?.connect(follow);
  notebook.addEventListener("focusin", () => panels.has(context) && raise(panels.get(context)));
  own?.disposed.connect(() => {
    area.layoutModified.disconnect(follow);
    panels.get(context)?.dispose();
  });
  return follow;
}

const isAnyInFront = () => [...document.querySelectorAll(`${DOCK} .jp-NotebookPanel`)].some((one) => one.checkVisibility());

// Gives the notebook its share, where nothing but the two is in the dock.
function divide(area) {
  const handles = [...(area?.layout?.handles?.() ?? [])].filter((handle) => handle.checkVisibility());
  if (handles.length !== 1) return;
  const { clientWidth, clientHeight } = area.node;
  const height = Math.min(clientHeight * NOTEBOOK_SHARE.bottom, clientHeight - LOWEST_DRAWER);
  area.layout.moveHandle(handles[0], clientWidth * NOTEBOOK_SHARE.right, height);
}

// Whether both are tabs of one place, where the bench would hide its notebook.
function isOver(panel, notebook) {
  const places = [...(panel.parent?.tabBars?.() ?? [])].map(({ titles }) => titles.map(({ owner }) => owner.id));
  return places.some((ids) => ids.includes(panel.id) && ids.includes(notebook.id));
}

const raise = (panel) => panel.parent?.selectWidget?.(panel); // brings its tab forward, and leaves the focus alone

// A view that is never shown leads to the class that a dock takes: the front end does not hand it out otherwise.
async function findWidgetClass(model) {
  const { widget_manager: manager } = model;
  const view = await manager.create_view(await manager.get_model(model.get("name")));
  if (!view.luminoWidget) return null;
  let kind = Object.getPrototypeOf(view.luminoWidget);
  while (Object.getPrototypeOf(kind) !== Object.prototype) kind = Object.getPrototypeOf(kind);
  view.remove();
  return kind.constructor;
}

// What is on the bench

function makeBench(model) {
  const terminal = makeTerminal(model, () => setupCell(model, made.place) && again);
  const goals = makeGoals();
  const path = makePath(model, terminal);
  const cluster = makeCluster(model, terminal);
  const news = element("div", { className: "ks-unseen" });
  news.setAttribute("role", "status");
  const views = element("div", { className: "ks-views" }, goals.node, path.node, cluster.node);
  const node = element("section", { className: "ks-bench ks-flow" }, views, terminal.node, news);
  node.setAttribute("aria-label", "Workbench");
  const made = { node, focus: terminal.focus, run: terminal.run, notebook: null, place: null };
  // Ctrl+` leads from the notebook to the terminal, and back; by its place on the keyboard, as it may be a dead key.
  addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.code !== "Backquote" || !made.notebook?.checkVisibility()) return;
    event.preventDefault();
    event.stopPropagation();
    if (node.contains(document.activeElement)) leave();
    else if (made.place.isConnected) open(model, made.place).then(terminal.focus);
  }, true);
  const { context } = model.widget_manager ?? {};
  // Another bench takes the place of this one, with what was being typed.
  function again(text) {
    drafts.set(context, text);
    revive(model, made.place);
  }
  if (drafts.has(context)) isInPage(node).then(() => terminal.fill(drafts.get(context)) || drafts.delete(context));
  const leave = () => made.notebook?.focus({ preventScroll: true });
  keepKeys(node, { leave, all: true });
  const follow = (name, draw) => {
    model.on(`change:${name}`, () => draw(model.get(name)));
    draw(model.get(name));
  };
  follow("goals", (view) => {
    goals.draw(view);
    path.fold(Boolean(view.title) && !view.done);
  });
  follow("path", (view) => {
    path.draw(view);
    if (made.path !== undefined && view.news && view.news !== made.path) news.textContent = view.news;
    made.path = view.news ?? "";
  });
  follow("objects", cluster.draw);
  return made;
}
