// The connection of a widget with its kernel. It is "ready", "busy" (no reply for SOON) or "gone" (the kernel has
// ended), and a gone widget offers to set the notebook up again. Copied in front of each widget's script, like
// parts.js.

const SOON = 300; // milliseconds without a reply until the widget says that the kernel is busy
const LATE = 3000; // milliseconds without a reply until we ask whether the kernel still has this widget
const BUSY = "Waiting for the kernel: it is busy or just starting.";
const GONE = "Disconnected: this kernel is gone.";
const REVIVE = "Set up again";
const SETUP = /^%load_ext kubesim/m; // in the cell that sets a notebook up

// Returns `ask`, which sends a message to Python and resolves to the reply, or to {lost: true} if the kernel is gone.
// `show(state, words)` is called with each state, and `hear(message, isOurs)` with every message from Python; `isOurs`
// is true for a reply to this page. Other pages show the same model, and get the same messages.
function openChannel(model, show, hear = () => {}) {
  const waiting = new Map(); // the functions that take a reply, by the id of the message
  const page = Math.random().toString(36).slice(2); // begins the ids of this page's messages
  const { kernel } = model.widget_manager ?? {};
  let count = 0;
  let isOver = false; // the kernel was shut down or restarted, here or in another page

  function answer(id, reply) {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  }

  // Answers all waiting messages as lost.
  function giveUp() {
    for (const id of [...waiting.keys()]) answer(id, { lost: true });
    show("gone", GONE);
  }

  function close() {
    isOver = true;
    giveUp();
  }

  function ask(question) {
    const id = `${page}-${++count}`;
    return new Promise((resolve) => {
      const soon = setTimeout(() => show("busy", BUSY), SOON);
      const late = setTimeout(async () => (await isForgotten(model)) && waiting.has(id) && giveUp(), LATE);
      waiting.set(id, (reply) => {
        clearTimeout(soon);
        clearTimeout(late);
        resolve(reply);
      });
      if (isOver) return giveUp();
      try {
        model.send({ ...question, id });
      } catch {
        giveUp();
      }
    });
  }

  // After a reconnection, messages that were sent before it, or their replies, may be lost. Unless replies come within
  // LATE, they are given up.
  async function resume() {
    show("ready", "");
    const unsure = [...waiting.keys()];
    if (unsure.length && (await isForgotten(model))) return giveUp();
    setTimeout(() => unsure.forEach((id) => answer(id, { lost: true })), LATE);
  }

  model.on("msg:custom", (reply) => {
    const isOurs = Boolean(reply.re?.startsWith(page));
    hear(reply, isOurs);
    if (!isOurs) return;
    show("ready", reply.error ?? "");
    answer(reply.re, reply);
  });
  model.on("comm_live_update", close);
  // For a restart in another page, this message is the only sign that JupyterLab passes on.
  kernel?.iopubMessage?.connect((_, { header }) => header.msg_type === "shutdown_reply" && close());
  kernel?.connectionStatusChanged?.connect((_, status) => {
    if (status === "disconnected" && waiting.size) giveUp();
    if (status === "connected" && !isOver) resume();
  });
  return { ask };
}

// True if the present kernel doesn't have this widget. Waiting for a reply can't tell that: a kernel may be slow, and
// its status says "idle" while a thread of its own handles widgets.
async function isForgotten(model) {
  const { kernel } = model.widget_manager ?? {};
  if (!kernel) return false;
  if (kernel.connectionStatus === "disconnected") return true;
  try {
    const { content } = await kernel.requestCommInfo({ target_name: "jupyter.widget" });
    return !(model.get("name") in content.comms);
  } catch {
    return true; // the kernel has ended
  }
}

// Opens the channel of a card and returns its `ask`. The card's last line shows the state; while the kernel is gone,
// the rest of the card is inert.
function connect(model, card) {
  const notice = element("div", { className: "ks-life", ariaLive: "polite" });
  card.append(notice);
  const setUpAgain = element("button", { type: "button", className: "ks-lead", textContent: `${REVIVE}, with this cell`, onclick: () => revive(model, card) });
  return openChannel(model, (state, words) => {
    const isGone = state === "gone";
    const focused = card.contains(document.activeElement);
    for (const part of card.children) part.inert = isGone && part !== notice;
    card.dataset.life = state;
    notice.replaceChildren(words);
    if (!isGone || !setupCell(model, card)) return;
    notice.append(" ", setUpAgain);
    if (focused) setUpAgain.focus();
  }).ask;
}

// The node of the setup cell, which loads kubesim, in the notebook around `node`.
function setupCell({ widget_manager: manager }, node) {
  const cells = [...(manager?.context?.model?.cells ?? [])];
  const number = cells.findIndex(({ type, sharedModel }) => type === "code" && SETUP.test(sharedModel.source));
  return cellNode(node?.closest(".jp-Notebook"), number);
}

// Runs the setup cell again, then the cell of `node`. Starts a new kernel if the old one doesn't answer.
async function revive(model, node) {
  const { sessionContext } = model.widget_manager.context;
  if (!(await isAnswering(sessionContext))) {
    const { name } = sessionContext.session?.kernel ?? { name: sessionContext.kernelPreference.name };
    await sessionContext.shutdown().catch(() => {});
    await sessionContext.changeKernel({ name });
  }
  for (const cell of new Set([setupCell(model, node), node.closest(".jp-Cell")])) {
    cell.focus({ preventScroll: true }); // focus makes it the active cell, which the command runs
    command(model, node, "notebook:run-cell");
  }
}

async function isAnswering({ session }) {
  if (!session?.kernel) return false;
  if (session.kernel.status === "busy") return true; // it is alive, and answers later
  const isAnswered = session.kernel.requestKernelInfo().then(() => true, () => false);
  return Promise.race([isAnswered, new Promise((done) => setTimeout(done, LATE, false))]);
}

// Runs a JupyterLab command by its name. A widget has no access to the command registry, but JupyterLab runs the
// command of any trusted link with these attributes on a click.
function command(model, node, name) {
  const link = element("a");
  link.dataset.commandlinkerCommand = name;
  link.dataset.commandlinkerArgs = "{}";
  trust(model, link);
  node.append(link);
  link.click();
  link.remove();
}

// Marks a node as trusted. In a notebook that isn't trusted yet, JupyterLab asks before it runs a command; it trusts
// the outputs of cells that ran here, except for widgets.
function trust(model, node) {
  model.widget_manager?.rendermime?.trustHandler?.markTrusted(node);
}
