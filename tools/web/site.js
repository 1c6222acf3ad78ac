// What the site adds to JupyterLab, where a page is all there is: what is asked for before Python is there waits for it,
// one notebook has a kernel at a time, a cluster that went with the page can be built up again, a newer lesson is offered,
// and what a visit has loaded is kept for one without a network. start.js has begun to load Python before.

const ROOT = new URL(".", import.meta.url);
const GREETED = "kubesim was here";
const LAST_RUN = "kubesim last cell run: "; // and the path, in the browser's storage

const PRACTICE = new URLSearchParams(location.search).get("practice"); // the cause that a link of /why/ names

const { kubesimStart } = globalThis;
let early = null; // the session that began before its notebook was open
const app = await until(() => globalThis.jupyterapp);
waitForPython();
beginSession();
await app.restored;
kubesimStart.progress();
if (!localStorage.getItem(GREETED) && matchMedia("(prefers-color-scheme: dark)").matches) // as dark as the first page
  app.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" });
localStorage.setItem(GREETED, "yes"); // from now on the theme is the learner's
app.shell.currentChanged.connect((_, { newValue }) => newValue?.sessionContext && arrive(newValue));
if (app.shell.currentWidget?.sessionContext) arrive(app.shell.currentWidget);

async function until(holds) {
  while (!holds()) await new Promise((go) => setTimeout(go, 50));
  return holds();
}

// JupyterLab would ask which kernel to use, and start a second Python beside the one that is on its way.
function waitForPython() {
  const execute = app.commands.execute.bind(app.commands);
  const isRun = (id) => /^(notebook|runmenu):(run|restart)/.test(id);
  let earlier = Promise.resolve();
  app.commands.execute = (id, options) => {
    const panel = app.shell.currentWidget;
    if (!isRun(id) || !panel?.sessionContext || hasPython(panel)) return execute(id, options);
    kubesimStart.wait();
    earlier = earlier.then(() => python(panel)).then(() => execute(id, options));
    return earlier;
  };
}

// The notebook that opens finds the session of its path, whose Python has begun while JupyterLab was still drawing.
async function beginSession() {
  const path = new URLSearchParams(location.search).get("path") ?? "";
  const { sessions, kernelspecs } = app.serviceManager;
  await Promise.all([kubesimStart.hasFiles, until(() => kernelspecs.specs?.kernelspecs.python)]);
  if (!path.endsWith(".ipynb") || app.shell.currentWidget?.sessionContext) return;
  const session = await sessions.startNew({ path, name: path.split("/").pop(), type: "notebook", kernel: { name: "python" } });
  early = session.model;
  session.dispose(); // only this connection: the notebook's own is to have the widgets
}

// An address without a notebook, for example, leaves a session that nothing uses.
function endUnused({ sessionContext }) {
  if (early && early.id !== sessionContext.session?.id) app.serviceManager.sessions.shutdown(early.id);
  early = null;
}

const hasPython = ({ sessionContext }) => /^(idle|busy)$/.test(sessionContext.session?.kernel?.status ?? "");

async function python(panel) {
  await until(() => panel.isDisposed || hasPython(panel));
  await panel.sessionContext?.session?.kernel?.info;
}

async function arrive(panel) {
  if (panel.hasClass("ks-arrived")) return;
  panel.addClass("ks-arrived");
  await panel.context.ready;
  kubesimStart.showNotebook();
  python(panel).then(() => endUnused(panel)).then(() => kubesimStart.ready()).then(keepForLater);
  if (/^[a-z-]+$/.test(PRACTICE ?? "")) python(panel).then(() => practice(panel));
  makeRoom(panel.sessionContext);
  const address = `?path=${encodeURIComponent(panel.context.path)}`;
  history.replaceState(history.state, "", address); // which a reload, a bookmark and a copied link lead back to
  for (const other of [...app.shell.widgets("main")]) if (other !== panel && other.sessionContext) await leave(other);
  offerNewer(panel);
  const remembered = localStorage.getItem(LAST_RUN + panel.context.path);
  if (remembered) offerAgain(panel, remembered);
  const { sessionContext } = panel;
  const watch = () => sessionContext.session?.kernel?.anyMessage.connect(remember(panel));
  sessionContext.kernelChanged.connect(watch);
  sessionContext.statusChanged.connect((_, status) => {
    const last = localStorage.getItem(LAST_RUN + panel.context.path);
    if (status === "restarting" && last) offerAgain(panel, last);
  });
  watch();
}

// The playground opens with a cluster that has the cause: its goals are on the workbench, and its card is shown.
async function practice(panel) {
  const run = async (id) => {
    panel.content.deselectAll();
    panel.content.activeCellIndex = panel.content.widgets.findIndex(({ model }) => model.id === id);
    await app.commands.execute("notebook:run-cell");
  };
  await run("load");
  await panel.sessionContext.session.kernel.requestExecute({ code: `%playground ${PRACTICE}`, store_history: false }).done;
  await run("playground");
}

// The list of files would take the room that the notebook and its workbench need. JupyterLab opens it while it starts.
function makeRoom({ ready }) {
  const fold = () => app.shell.leftCollapsed || app.shell.collapseLeft();
  app.shell.layoutModified.connect(fold);
  ready.then(() => app.shell.layoutModified.disconnect(fold));
  fold();
}

// Each notebook has a Python of its own, of which a tab can carry but one.
async function leave(panel) {
  if (panel.context.model.dirty) await panel.context.save();
  await panel.sessionContext.shutdown();
  panel.dispose();
}

// The worker keeps what this visit has loaded, and all that the map and the links lead to.
async function keepForLater() {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const linked = kubesimStart.keep.map((name) => new URL(name, location).href);
  const registration = await navigator.serviceWorker?.ready;
  registration?.active.postMessage({ keep: [location.href.split("?")[0], ...loaded, ...linked].filter(isOurs) });
}

const isOurs = (address) => address.startsWith(ROOT.href) && !address.includes("/api/drive");

const remember = (panel) => (_, { msg, direction }) => {
  if (direction !== "send" || msg.header.msg_type !== "execute_request" || !msg.metadata.cellId) return;
  localStorage.setItem(LAST_RUN + panel.context.path, msg.metadata.cellId);
  panel.node.querySelector(".ks-again")?.remove();
};

function offerAgain(panel, last) {
  const index = panel.content.widgets.findIndex(({ model }) => model.id === last);
  if (index < 0) return;
  offer(panel, "ks-again", "The cluster went with the page: there's no server that keeps it. Your answers and files are still here.", {
    "Run the cells again, up to where you were": async () => {
      panel.content.deselectAll();
      panel.content.activeCellIndex = index;
      await app.commands.execute("notebook:run-all-above");
      await app.commands.execute("notebook:run-cell");
    },
  });
}

// The browser keeps what a learner has saved, and shows that instead of the lesson.
async function offerNewer(panel) {
  const { path, model } = panel.context;
  const answer = await fetch(new URL(`files/${path}`, ROOT), { cache: "no-cache" });
  const lesson = answer.ok && (await answer.json()).metadata?.kubesim;
  if (!lesson || lesson === model.getMetadata("kubesim")) return;
  const mine = path.replace(/\.ipynb$/, `-mine-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.ipynb`);
  offer(panel, "ks-newer", "There's a newer version of this lesson than your copy.", {
    [`Open it, and keep mine as ${mine.split("/").pop()}`]: async () => {
      await panel.context.save();
      await app.serviceManager.contents.rename(path, mine);
      localStorage.removeItem(LAST_RUN + path);
      await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
    },
  });
}

function offer(panel, name, words, answers) {
  panel.node.querySelector(`.${name}`)?.remove();
  const bar = document.createElement("div");
  bar.className = `ks-offer ${name}`;
  bar.setAttribute("role", "status");
  const buttons = Object.entries({ ...answers, "Not now": () => {} }).map(([label, act]) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    made.addEventListener("click", () => {
      bar.remove();
      panel.content.node.focus({ preventScroll: true });
      act();
    });
    return made;
  });
  bar.append(Object.assign(document.createElement("span"), { textContent: words }), ...buttons);
  bar.addEventListener("keydown", (event) => event.key !== "Tab" && event.stopPropagation());
  panel.node.append(bar);
}
