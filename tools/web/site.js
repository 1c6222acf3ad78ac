// What the site adds to JupyterLab, where a page is all there is: Python starts together with the page, one notebook
// has a kernel at a time, a cluster that went with the page can be built up again, and a newer lesson is offered.

const ROOT = new URL(".", import.meta.url);
const GREETED = "kubesim was here";
const LAST_RUN = "kubesim last cell run: "; // and the path, in the browser's storage

// A compiled module is shared with the kernel's worker for as long as this page holds it; the archives come from the cache.
const PYTHON = new URL("static/pyodide/", ROOT);
globalThis.kubesimPython = WebAssembly.compileStreaming(fetch(new URL("pyodide.asm.wasm", PYTHON)));
for (const name of ["python_stdlib.zip", "packages.tar"]) fetch(new URL(name, PYTHON)).then((answer) => answer.arrayBuffer());

const app = await until(() => globalThis.jupyterapp);
await app.restored;
if (!localStorage.getItem(GREETED) && matchMedia("(prefers-color-scheme: dark)").matches) // as dark as the first page
  app.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" });
localStorage.setItem(GREETED, "yes"); // from now on the theme is the learner's
app.shell.currentChanged.connect((_, { newValue }) => newValue?.sessionContext && arrive(newValue));
if (app.shell.currentWidget?.sessionContext) arrive(app.shell.currentWidget);

async function until(found) {
  while (!found()) await new Promise((go) => setTimeout(go, 50));
  return found();
}

async function arrive(panel) {
  if (panel.hasClass("ks-arrived")) return;
  panel.addClass("ks-arrived");
  await panel.context.ready;
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
