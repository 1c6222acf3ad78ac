// The workbench ("bench"): putting its views together, and its place. There is one bench for each model. It is in a
// panel of the dock (dock.js), on a phone in a sheet, else in the cell that showed it last. Its work on the notebook's
// cells is in lesson.js.

const PHONE = "(max-width: 700px)";
const CHIPS = ["kubectl", "get", "describe", "-n"]; // words that are long to type on a phone
// Global, because each run of the setup cell loads this module again.
const drafts = (globalThis.kubesimDrafts ??= new WeakMap()); // texts at the prompt of lost benches, by notebook context
const benches = (globalThis.kubesimBenches ??= new WeakMap()); // the present bench, by notebook node

let bench = null; // set by initialize; each model has a copy of this module, and so one bench

// The bench listens to the model from here on. In `render`, anywidget would remove its listeners with the view, when
// the cell is run again or cleared.
function initialize({ model }) {
  bench = makeBench(model);
}

async function render({ model, el }) {
  const button = element("button", { type: "button", textContent: "Show the workbench", title: "Ctrl+` leads to the terminal, and back" });
  const place = element("div", { className: "ks-place" });
  const opener = element("div", { className: "ks-opener ks-opener-of-bench" }, button);
  el.append(opener, place);
  button.addEventListener("click", () => openBench(model, place).then(bench.focus));
  keepKeys(opener);
  if (!(await isInPage(el))) return;
  if (!bench.place) await foldFiles(model, opener);
  await openBench(model, place, bench.node.isConnected);
}

export default { initialize, render };

// Puts the bench into the dock, else into `place`, a node of its cell. With `elsewhere`, a bench that is in the page
// already stays where it is, unless there is a dock.
async function openBench(model, place, elsewhere = false) {
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
  if (panel) await isInPage(panel.node); // JupyterLab attaches it later while it restores a page
  if (panel && !bench.isAccompanied) accompany(model, panel.parent, place.closest(".jp-NotebookPanel"));
  if (panel) raise(panel);
  else panels.get(context)?.dispose(); // the page has become too narrow for the panel
  notebook?.closest(".jp-NotebookPanel")?.classList.remove("ks-awaits"); // set by room.js in labextensions/
  if (!bench.followsSize) followSize(model);
}

// The node inside a sheet that slides up from below: the bench's place on a phone in lesson mode (room.js). Else null.
function sheetOf(notebook) {
  const panel = notebook?.closest(".jp-NotebookPanel");
  const old = panel?.querySelector(":scope > .ks-sheet");
  if (!panel || !document.body.classList.contains("ks-room") || !matchMedia(PHONE).matches) {
    old?.remove();
    return null;
  }
  if (old) return old.lastChild;
  const toggle = button("Terminal", () => slide(toggle.ariaExpanded !== "true"));
  const slide = (isOpen) => {
    toggle.ariaExpanded = String(isOpen);
    sheet.classList.toggle("ks-up", isOpen);
  };
  const chips = CHIPS.map((word) => button(word, () => {
    slide(true);
    bench.insert(word);
  }));
  const sheet = element("div", { className: "ks-sheet ks-opener" }, element("div", { className: "ks-grip" }, toggle, ...chips), element("div"));
  slide(false);
  keepKeys(sheet);
  panel.append(sheet);
  return sheet.lastChild;
}

// Moves the bench when the size of the dock asks for another side, and keeps a drawer from getting too low.
function followSize(model) {
  bench.followsSize = true;
  const move = () => {
    if (!bench.node.isConnected || !bench.place.isConnected) return;
    const panel = panels.get(model.widget_manager?.context);
    if (sideOf(model) !== bench.side) openBench(model, bench.place);
    else if (bench.side === "bottom" && panel.node.clientHeight < LOWEST_DRAWER - TAB) divide(panel.parent);
  };
  new ResizeObserver(() => requestAnimationFrame(move)).observe(document.querySelector(DOCK) ?? document.body);
}

// Ties the panel to its notebook: closes it when another notebook comes to the front, opens it again with its own, and
// closes it for good when the notebook is closed.
function accompany(model, area, notebook) {
  const { context } = model.widget_manager;
  bench.isAccompanied = true;
  let isAway = false;
  const widgets = () => [...(area?.widgets?.() ?? [])];
  const own = widgets().find(({ node }) => node === notebook);
  const follow = () => {
    const panel = panels.get(context);
    // JupyterLab opens a notebook as a tab beside the focused panel, which may be the bench: move it to our notebook.
    const strayed = panel && widgets().find(({ id, node }) => node.matches(".jp-NotebookPanel") && isOver(panel, { id }));
    if (strayed && strayed !== own) {
      area.addWidget(strayed, { mode: "tab-after", ref: own });
      area.selectWidget(strayed);
    }
    if (notebook.checkVisibility()) {
      if (isAway) openBench(model, bench.place);
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
}

// Hides the list of files to make room, and waits until JupyterLab has widened the dock: `sideOf` would choose a drawer
// before.
async function foldFiles(model, opener) {
  const area = document.querySelector(DOCK);
  if (!area || !document.querySelector("#filebrowser")?.checkVisibility()) return;
  const width = area.clientWidth;
  command(model, opener, "application:toggle-left-area");
  for (let tries = 0; tries < 20 && area.clientWidth === width; tries += 1) await new Promise((go) => setTimeout(go, 10));
}

// Puts the terminal and all views together.
function makeBench(model) {
  const { context } = model.widget_manager ?? {};
  const terminal = makeTerminal(model, () => setupCell(model, made.place) && setUpAgain);
  const road = makeRoad(model);
  linkEvidence(road, terminal.node.querySelector(".screen"));
  const goals = makeGoals();
  const path = makePath(model, terminal);
  const cluster = makeCluster(model, terminal);
  const news = announcer();
  const views = element("div", { className: "ks-views" }, path.node, cluster.node);
  const node = element("section", { className: "ks-bench ks-flow", ariaLabel: "Workbench" }, road.node, views, goals.node, terminal.node, news);
  const { focus, typed, insert } = terminal;
  // `openBench` sets the place and side; the last two keep it from observing the page again.
  const made = { node, focus, typed, insert, join, notebook: null, place: null, side: "", isAccompanied: false, followsSize: false };

  // Makes this the bench of a notebook. Text at the prompt of the bench before, whose kernel may be gone, is taken
  // over. From now on, "Run in terminal" reaches this bench, even before it is in the page.
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

  // Runs the setup cell again, which makes another bench; it finds the text at the prompt in `drafts`.
  function setUpAgain(text) {
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

// Ctrl+` moves the focus to the terminal, and back to the notebook. Compares `code`, the place on the keyboard, because
// ` is a dead key in many layouts.
function bindShortcut(model, made, leave) {
  addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.code !== "Backquote" || !made.notebook?.checkVisibility()) return;
    event.preventDefault();
    event.stopPropagation();
    if (made.node.contains(document.activeElement)) leave();
    else if (made.place.isConnected) openBench(model, made.place).then(made.focus);
  }, true);
}

function followViews(model, { goals, path, cluster, news }) {
  const follow = (name, draw) => {
    model.on(`change:${name}`, () => draw(model.get(name)));
    draw(model.get(name));
  };
  let told = model.get("path").news; // the last sentence about the path; only another one is announced
  follow("goals", goals.draw);
  follow("path", (view) => {
    path.draw(view);
    if (view.news && view.news !== told) news.textContent = view.news;
    told = view.news;
  });
  follow("objects", cluster.draw);
}
