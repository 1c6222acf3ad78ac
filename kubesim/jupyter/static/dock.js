// The bench's panel in JupyterLab's dock, at the right of its notebook or as a drawer below it. This file knows
// JupyterLab's (Lumino's) layout, and nothing of what is on the bench.

// Sizes in CSS pixels, beside those of sizes.js in labextensions/, which comes before this file.
// A dock lower than this, as at 150 % zoom, needs only this width: a drawer would leave five lines of the notebook.
const LOW = { width: 760, height: 600 };
const BELOW = { width: 640, height: 420 }; // the least dock for a drawer; with less room the bench is in its cell
const LOWEST_DRAWER = 310; // the prompt, the buttons, and ten lines
const TAB = 30; // the height of a drawer's tab
const DOCK = "#jp-main-dock-panel:not([data-mode=single-document])";
// Panels by their notebook's context, which stays the same after a rename or a restart. It is global because each run
// of the setup cell loads this module again.
const panels = (globalThis.kubesimPanels ??= new Map());

// The side of the notebook with room for the bench: "right", "bottom", or "" if there is none, or no dock.
function sideOf({ widget_manager: manager }) {
  const area = document.querySelector(DOCK);
  if (!area || !manager?.context?.addSibling || !manager.create_view) return "";
  if (area.clientWidth >= (area.clientHeight < LOW.height ? LOW.width : BESIDE)) return "right";
  return area.clientWidth >= BELOW.width && area.clientHeight >= BELOW.height ? "bottom" : "";
}

// Opens the panel of this notebook at a side, or returns the one that is there. Null if the front end can't do that.
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

// The label and caption of the panel's tab: the number of the lesson, else the notebook's name.
function titleOf(path) {
  const name = path.split("/").pop().replace(/\.ipynb$/, "");
  return { label: `Workbench ${/^\d+(?=-)/.exec(name)?.[0] ?? name}`, caption: `The workbench of ${name}` };
}

const isAnyInFront = () => [...document.querySelectorAll(`${DOCK} .jp-NotebookPanel`)].some((one) => one.checkVisibility());

// Gives the notebook its share of the dock, if only the two are in it: one handle is visible then.
function divide(area) {
  const handles = [...(area?.layout?.handles?.() ?? [])].filter((handle) => handle.checkVisibility());
  if (handles.length !== 1) return;
  const { clientWidth, clientHeight } = area.node;
  const height = Math.min(clientHeight * NOTEBOOK_SHARE.bottom, clientHeight - LOWEST_DRAWER);
  area.layout.moveHandle(handles[0], clientWidth * NOTEBOOK_SHARE.right, height);
  area.processMessage({ type: "update-request" }); // at once, like "fit-request" above: else two halves flash for a frame
}

// True if both are tabs of the same tab bar, so that the bench would hide its notebook.
function isOver(panel, notebook) {
  const places = [...(panel.parent?.tabBars?.() ?? [])].map(({ titles }) => titles.map(({ owner }) => owner.id));
  return places.some((ids) => ids.includes(panel.id) && ids.includes(notebook.id));
}

const raise = (panel) => panel.parent?.selectWidget?.(panel); // brings its tab forward, without moving the focus

// Lumino's class Widget, which a dock needs for its panels. JupyterLab doesn't export it, so we take it from a view
// that is never shown: the last class before Object in its prototype chain. Null in front ends without Lumino.
async function findWidgetClass(model) {
  const { widget_manager: manager } = model;
  const view = await manager.create_view(await manager.get_model(model.get("name")));
  if (!view.luminoWidget) return null;
  let kind = Object.getPrototypeOf(view.luminoWidget);
  while (Object.getPrototypeOf(kind) !== Object.prototype) kind = Object.getPrototypeOf(kind);
  view.remove();
  return kind.constructor;
}

