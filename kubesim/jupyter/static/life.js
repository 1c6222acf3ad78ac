// The life of a widget: it is ready, busy when an answer takes longer than SOON, or gone with its kernel.

const SOON = 300; // milliseconds
const LATE = 3000; // the same, after which we ask whether the kernel has this widget
const BUSY = "Waiting for the kernel: it is busy or just starting.";
const GONE = "Disconnected: this kernel is gone.";
const REVIVE = "Set up again";
const SETUP = /^%load_ext kubesim/m; // in the cell that sets a notebook up

// `ask` puts a question to Python, which answers each; {lost: true} is the answer of a kernel that is gone. `show` gets the
// state and what to say about it, `hear` every message of Python's, and whether it answers a question of this page.
function openChannel(model, show, hear = () => {}) {
  const waiting = new Map(); // by a question's id: what takes its answer
  const page = Math.random().toString(36).slice(2); // the same widget in several pages gets the same answers
  const { kernel } = model.widget_manager ?? {};
  let count = 0;
  let isOver = false; // the kernel was ended or started anew, here or in another page

  function settle(id, reply) {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  }

  function leave() {
    for (const id of [...waiting.keys()]) settle(id, { lost: true });
    show("gone", GONE);
  }

  function end() {
    isOver = true;
    leave();
  }

  function ask(question) {
    const id = `${page}-${++count}`;
    return new Promise((resolve) => {
      const soon = setTimeout(() => show("busy", BUSY), SOON);
      const late = setTimeout(async () => (await isForgotten(model)) && waiting.has(id) && leave(), LATE);
      waiting.set(id, (reply) => {
        clearTimeout(soon);
        clearTimeout(late);
        resolve(reply);
      });
      if (isOver) return leave();
      try {
        model.send({ ...question, id });
      } catch {
        leave();
      }
    });
  }

  // What was asked while the connection was down may never have left, and its answer may be lost: a kernel that has time
  // again would have answered.
  async function resume() {
    show("ready", "");
    const unsure = [...waiting.keys()];
    if (unsure.length && (await isForgotten(model))) return leave();
    setTimeout(() => unsure.forEach((id) => settle(id, { lost: true })), LATE);
  }

  model.on("msg:custom", (reply) => {
    const isOurs = Boolean(reply.re?.startsWith(page));
    hear(reply, isOurs);
    if (!isOurs) return;
    show("ready", reply.error ?? "");
    settle(reply.re, reply);
  });
  model.on("comm_live_update", end);
  // Of a restart in another page, JupyterLab tells this one no more than that the kernel has said good-bye.
  kernel?.iopubMessage?.connect((_, { header }) => header.msg_type === "shutdown_reply" && end());
  kernel?.connectionStatusChanged?.connect((_, status) => {
    if (status === "disconnected" && waiting.size) leave();
    if (status === "connected" && !isOver) resume();
  });
  return { ask };
}

// Whether the kernel that there is now lacks this widget. It has to be asked: how long an answer takes says nothing, because a
// kernel may be far away, and it answers widgets in a thread of their own, while it is idle for JupyterLab.
async function isForgotten(model) {
  const { kernel } = model.widget_manager ?? {};
  if (!kernel) return false;
  if (kernel.connectionStatus === "disconnected") return true;
  try {
    const { content } = await kernel.requestCommInfo({ target_name: "jupyter.widget" });
    return !(model.get("name") in content.comms);
  } catch {
    return true; // it has ended meanwhile
  }
}

// A channel of a card, which says what state it is in in its last line. Without a kernel its buttons can't be reached.
function live(model, card) {
  const notice = element("div", { className: "ks-life", ariaLive: "polite" });
  card.append(notice);
  const again = element("button", { type: "button", className: "ks-lead", textContent: `${REVIVE}, with this cell`, onclick: () => revive(model, card) });
  return openChannel(model, (state, words) => {
    const isGone = state === "gone";
    const focused = card.contains(document.activeElement);
    for (const part of card.children) part.inert = isGone && part !== notice;
    card.dataset.life = state;
    notice.replaceChildren(words);
    if (!isGone || !setupCell(model, card)) return;
    notice.append(" ", again);
    if (focused) again.focus();
  }).ask;
}

// The cell that sets the notebook of `node` up.
function setupCell({ widget_manager: manager }, node) {
  const cells = [...(manager?.context?.model?.cells ?? [])];
  const number = cells.findIndex(({ type, sharedModel }) => type === "code" && SETUP.test(sharedModel.source));
  return cellNode(node?.closest(".jp-Notebook"), number);
}

// Runs the setup cell again, and the cell of `node`; starts a kernel if there is none any more.
async function revive(model, node) {
  const { sessionContext } = model.widget_manager.context;
  if (!(await isAnswering(sessionContext))) {
    const { name } = sessionContext.session?.kernel ?? { name: sessionContext.kernelPreference.name };
    await sessionContext.shutdown().catch(() => {});
    await sessionContext.changeKernel({ name });
  }
  for (const cell of new Set([setupCell(model, node), node.closest(".jp-Cell")])) {
    cell.focus({ preventScroll: true }); // which makes it the active one
    command(model, node, "notebook:run-cell");
  }
}

async function isAnswering({ session }) {
  if (!session?.kernel) return false;
  if (session.kernel.status === "busy") return true; // it will
  const answer = session.kernel.requestKernelInfo().then(() => true, () => false);
  return Promise.race([answer, new Promise((done) => setTimeout(done, LATE, false))]);
}

// A command of JupyterLab's.
function command(model, node, name) {
  const link = element("a");
  link.dataset.commandlinkerCommand = name;
  link.dataset.commandlinkerArgs = "{}";
  trust(model, link);
  node.append(link);
  link.click();
  link.remove();
}

// JupyterLab asks before a command of a notebook that it doesn't trust, as long as some of its cells haven't run here. It
// trusts what they draw, but for widgets: these have to say so themselves.
function trust(model, node) {
  model.widget_manager?.rendermime?.trustHandler?.markTrusted(node);
}
