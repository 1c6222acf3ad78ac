// The bench's place beside or below its notebook: a panel of JupyterLab's dock, which goes along with the notebook.

const BESIDE = 1100; // CSS pixels of a dock in which the bench is at the right of its notebook
const LOW = { width: 760, height: 600 }; // of one, as at 150 %, in which a drawer would leave five lines of the notebook
const BELOW = { width: 640, height: 420 }; // of one in which it is a drawer below; with less room it is in the cell
const NOTEBOOK_SHARE = { right: 0.55, bottom: 0.5 }; // of the dock: at 1280 px the pictures of the notebook still fit
const LOWEST_DRAWER = 310; // CSS pixels: the prompt, the buttons, and ten lines
const TAB = 30; // CSS pixels: what the tab of a drawer takes
const DOCK = "#jp-main-dock-panel:not([data-mode=single-document])";
const panels = (globalThis.kubesimPanels ??= new Map()); // by the notebook's context, which a new name or kernel keeps

// Where the dock has room for the bench: "right" of the notebook, at the "bottom", or "".
function sideOf({ widget_manager: manager }) {
  const area = document.querySelector(DOCK);
  if (!area || !manager?.context?.addSibling || !manager.create_view) return "";
  if (area.clientWidth >= (area.clientHeight < LOW.height ? LOW.width : BESIDE)) return "right";
  return area.clientWidth >= BELOW.width && area.clientHeight >= BELOW.height ? "bottom" : "";
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
  panel.parent?.processMessage({ type: "fit-request" });
  if (!other) divide(panel.parent);
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

const isAnyInFront = () => [...document.querySelectorAll(`${DOCK} .jp-NotebookPanel`)].some((one) => one.checkVisibility());

// Gives the notebook its share, where nothing but the two is in the dock.
function divide(area) {
  const handles = [...(area?.layout?.handles?.() ?? [])].filter((handle) => handle.checkVisibility());
  if (handles.length !== 1) return;
  const { clientWidth, clientHeight } = area.node;
  const height = Math.min(clientHeight * NOTEBOOK_SHARE.bottom, clientHeight - LOWEST_DRAWER);
  area.layout.moveHandle(handles[0], clientWidth * NOTEBOOK_SHARE.right, height);
  area.processMessage({ type: "update-request" }); // at once, as "fit-request" above, or a frame would show two halves
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

