// The workbench: what is around the terminal, and where it is. There is one a model: a panel of the dock holds it (dock.js),
// or the cell that showed it last. What it does for the cells of the notebook is in lesson.js, the terminal in terminal.js.

const PATIENCE_FOR_PAGE = 200; // times 50 ms: a cell that runs with all others is drawn long before it is in the page
const PHONE = "(max-width: 700px)";
const CHIPS = ["kubectl", "get", "describe", "-n"]; // words that are long to type on a phone
const drafts = (globalThis.kubesimDrafts ??= new WeakMap()); // by context: what was in the prompt of a bench that was lost
const benches = (globalThis.kubesimBenches ??= new WeakMap()); // by notebook: the bench of now

let bench = null;

// What listens to the model is bound here: whatever a view binds goes with it, when its cell is run again or cleared.
function initialize({ model }) {
  bench = makeBench(model);
}

async function render({ model, el }) {
  const button = element("button", { type: "button", textContent: "Show the workbench", title: "Ctrl+` leads to the terminal, and back" });
  const place = element("div", { className: "ks-place" });
  const opener = element("div", { className: "ks-opener ks-opener-of-bench" }, button);
  el.append(opener, place);
  button.addEventListener("click", () => open(model, place).then(bench.focus));
  keepKeys(opener);
  if (!(await isInPage(el))) return;
  if (!bench.place) await foldFiles(model, opener);
  await open(model, place, bench.node.isConnected);
}

export default { initialize, render };

async function isInPage(el) {
  for (let tries = 0; tries < PATIENCE_FOR_PAGE && !el.isConnected; tries += 1) await new Promise((go) => setTimeout(go, 50));
  return el.isConnected;
}

// Puts the bench into the dock where there is one, or else into `place`, unless it is `elsewhere` and stays there.
async function open(model, place, elsewhere = false) {
  const { context } = model.widget_manager ?? {};
  const notebook = place.closest(".jp-Notebook");
  bench.place = place;
  if (notebook && !notebook.classList.contains("ks-lesson")) prepare(notebook, model);
  if (notebook) bench.join(notebook);
  const side = sideOf(model);
  const panel = side && (await dock(model, place.closest(".jp-NotebookPanel"), side));
  if (!panel && elsewhere) return;
  bench.side = bench.node.dataset.side = panel ? side : "";
  bench.node.classList.toggle("ks-docked", Boolean(panel));
  const target = panel ? panel.node : sheetOf(notebook) ?? place;
  bench.node.classList.toggle("ks-in-sheet", target.matches(".ks-sheet > div"));
  if (bench.node.parentNode !== target) target.replaceChildren(bench.node);
  if (panel) await isInPage(panel.node); // a page that is being restored adds it later
  if (panel) bench.follow ??= accompany(model, panel.parent, place.closest(".jp-NotebookPanel"));
  if (panel) raise(panel);
  else panels.get(context)?.dispose(); // the page has become too narrow for it
  notebook?.closest(".jp-NotebookPanel")?.classList.remove("ks-awaits"); // see labextensions/
  bench.watch ??= watchRoom(model);
}

// On a phone, where a lesson has the whole page, the bench is a sheet that comes up from below.
function sheetOf(notebook) {
  const panel = notebook?.closest(".jp-NotebookPanel");
  const old = panel?.querySelector(":scope > .ks-sheet");
  if (!panel || !document.body.classList.contains("ks-room") || !matchMedia(PHONE).matches) {
    old?.remove();
    return null;
  }
  if (old) return old.lastChild;
  const toggle = button("Terminal", () => open(toggle.ariaExpanded !== "true"));
  const open = (isOpen) => {
    toggle.ariaExpanded = String(isOpen);
    sheet.classList.toggle("ks-up", isOpen);
  };
  const chips = CHIPS.map((word) => button(word, () => {
    open(true);
    bench.insert(word);
  }));
  const sheet = element("div", { className: "ks-sheet ks-opener" }, element("div", { className: "ks-grip" }, toggle, ...chips), element("div"));
  open(false);
  keepKeys(sheet);
  panel.append(sheet);
  return sheet.lastChild;
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

// The list of files takes the room that the notebook and its bench need. JupyterLab gives it to them a moment later: sooner,
// the bench would be a drawer at first.
async function foldFiles(model, opener) {
  const area = document.querySelector(DOCK);
  if (!area || !document.querySelector("#filebrowser")?.checkVisibility()) return;
  const width = area.clientWidth;
  command(model, opener, "application:toggle-left-area");
  for (let tries = 0; tries < 20 && area.clientWidth === width; tries += 1) await new Promise((go) => setTimeout(go, 10));
}

// What is on the bench

function makeBench(model) {
  const { context } = model.widget_manager ?? {};
  const terminal = makeTerminal(model, () => setupCell(model, made.place) && again);
  const road = makeRoad(model);
  linkEvidence(road, terminal.node.querySelector(".screen"));
  const goals = makeGoals();
  const path = makePath(model, terminal);
  const cluster = makeCluster(model, terminal);
  const news = announcer();
  const views = element("div", { className: "ks-views" }, path.node, cluster.node);
  const node = element("section", { className: "ks-bench ks-flow", ariaLabel: "Workbench" }, road.node, views, goals.node, terminal.node, news);
  const made = { node, focus: terminal.focus, typed: terminal.typed, insert: terminal.insert, notebook: null, place: null, join };

  // Takes the place of a bench whose kernel is gone, too, with what that one was told in vain. From now on it hears
  // the buttons of the text, also before it's in the page.
  function join(notebook) {
    if (made.notebook === notebook) return;
    made.notebook = notebook;
    if (context) {
      const steps = makeSteps(notebook, context, model);
      views.prepend(steps.bar);
      terminal.begun.then(({ start }) => start?.again && steps.goBack());
    }
    const unanswered = benches.get(notebook)?.typed();
    if (unanswered) terminal.set(unanswered);
    benches.set(notebook, made);
    notebook.addEventListener(RUN, ({ detail }) => benches.get(notebook) === made && terminal.run(detail));
  }

  // Another bench takes the place of this one, with what was being typed.
  function again(text) {
    drafts.set(context, text);
    revive(model, made.place);
  }

  if (drafts.has(context)) isInPage(node).then(() => terminal.fill(drafts.get(context)) || drafts.delete(context));
  const leave = () => made.notebook?.focus({ preventScroll: true });
  keepKeys(node, { leave, all: true });
  bindShortcut(model, made, leave);
  followViews(model, { goals, path, cluster, news });
  return made;
}

// Ctrl+` leads from the notebook to the terminal, and back; by its place on the keyboard, as it may be a dead key.
function bindShortcut(model, made, leave) {
  addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.code !== "Backquote" || !made.notebook?.checkVisibility()) return;
    event.preventDefault();
    event.stopPropagation();
    if (made.node.contains(document.activeElement)) leave();
    else if (made.place.isConnected) open(model, made.place).then(made.focus);
  }, true);
}

function followViews(model, { goals, path, cluster, news }) {
  const follow = (name, draw) => {
    model.on(`change:${name}`, () => draw(model.get(name)));
    draw(model.get(name));
  };
  let told = model.get("path").news; // what a screen reader was told of the path, or found there
  follow("goals", goals.draw);
  follow("path", (view) => {
    path.draw(view);
    if (view.news && view.news !== told) news.textContent = view.news;
    told = view.news;
  });
  follow("objects", cluster.draw);
}
