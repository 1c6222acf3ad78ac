// What the cards are made of.

const WAYS_ON = new Set(["onward", "check", "next", "another", "break"]); // actions

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Keeps what is typed into a widget from the notebook, whose command mode would take the arrow keys, Enter and the space
// bar, and Escape leads back to the cell. In a card, Shift+Enter and the keys with Ctrl still reach the notebook, in the
// bench none. JupyterLab asks for shortcuts after the widget, Notebook 7 before it, unless the target is marked.
function keepKeys(node, { leave = () => node.closest(".jp-Cell")?.focus({ preventScroll: true }), all = false } = {}) {
  const isOurs = ({ ctrlKey, altKey, metaKey, shiftKey, key }) =>
    all || !(ctrlKey || altKey || metaKey || (shiftKey && key === "Enter"));
  const mark = (event) => node.contains(event.target) && event.target.toggleAttribute("data-lm-suppress-shortcuts", isOurs(event));
  node.addEventListener("focusin", () => addEventListener("keydown", mark, true));
  node.addEventListener("focusout", () => removeEventListener("keydown", mark, true));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    if (isOurs(event)) event.stopPropagation();
  });
}

// What is as it was is left alone, so that the page need not be laid out again.
function setText(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

const html = (tag, className, innerHTML) => element(tag, { className, innerHTML });

function goalLine({ ok, what, missing, hint, reason }) {
  const mark = element("span", { className: "ks-mark", textContent: ok ? "✓" : "○" });
  mark.setAttribute("aria-hidden", "true");
  const word = element("span", { className: "ks-unseen", textContent: ok ? "Reached: " : "Not yet: " });
  const body = element("div", {}, word, html("span", "", what));
  if (missing) body.append(html("div", "ks-missing", missing));
  if (missing) {
    body.append(element("details", {}, element("summary", { textContent: "Where to look, and why" }),
      html("p", "", hint), html("p", "", reason)));
  } else if (ok && reason) body.append(html("div", "ks-reason", reason));
  return element("li", { className: ok ? "ks-ok" : "ks-no" }, mark, body);
}

// A hint, an answer that was asked for, and a warning.
const hintLine = (content, number) => element("div", { className: "ks-hint" },
  element("p", {}, element("b", { textContent: `Hint ${number + 1}. ` }), html("span", "", content)));
const reveal = (title, content) => element("div", { className: "ks-reveal" },
  element("p", {}, element("b", { textContent: title })), html("div", "", content));
const warning = (content) => html("div", "ks-warning", `<p>${content}</p>`);

// A row of buttons, each an action and its label; the first is dark if it is the way on. The focus stays on the button
// that has it; if it goes, on the first.
function drawButtons(row, buttons, press) {
  const key = JSON.stringify(buttons);
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  row.replaceChildren(...buttons.map(([action, textContent], place) => {
    const made = element("button", { type: "button", textContent, onclick: () => (action === "onward" ? goOn(made) : press(action)) });
    made.classList.toggle("ks-lead", place === 0 && WAYS_ON.has(action));
    made.dataset.do = action;
    return made;
  }));
  if (focused) (row.querySelector(`[data-do="${focused}"]`) ?? row.querySelector("button"))?.focus();
}

// To the next card of the cell, or to the next cell.
function goOn(node) {
  const cell = node.closest(".jp-Cell");
  const cards = [...(cell?.querySelectorAll(".ks-card") ?? [])];
  const card = cards[cards.indexOf(node.closest(".ks-card")) + 1];
  const next = card?.querySelector("input, textarea, button") ?? cell?.nextElementSibling;
  next?.focus({ preventScroll: true });
  (card ?? next)?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion)").matches ? "auto" : "smooth" });
}

// Only what has changed is redrawn, so that a screen reader reads a tick once, and an unfolded line stays unfolded:
// puts parts into `parent`, one for each item, and leaves those alone whose item is as before.
function keep(parent, items, draw) {
  items.forEach((item, number) => {
    const key = JSON.stringify(item);
    const old = parent.children[number];
    if (old?.dataset.key === key) return;
    const made = draw(item, number);
    made.dataset.key = key;
    const open = old?.querySelector("details")?.open;
    if (open && made.querySelector("details")) made.querySelector("details").open = true;
    if (old) old.replaceWith(made);
    else parent.append(made);
  });
  while (parent.children.length > items.length) parent.lastChild.remove();
}

// The same for a part of which there is one or, where the item is empty, none.
const keepOne = (parent, item, draw) => keep(parent, item ? [item] : [], draw);

// The life of a widget: it is ready, busy when an answer takes longer than SOON, or gone with its kernel. Python answers
// each question; {lost: true} is the answer of a kernel that is gone. `show` gets the state and what to say about it,
// `hear` every message of Python's, and whether it answers a question of this page.

const SOON = 300; // milliseconds
const PATIENCE = 3000; // the same, after which we ask whether the kernel is still there
const BUSY = "Waiting for the kernel: it is busy or just starting.";
const GONE = "Disconnected: this kernel is gone.";
const REVIVE = "Set up again";
const SETUP = /^%load_ext kubesim/m; // in the cell that sets a notebook up

function openChannel(model, show, hear = () => {}) {
  const waiting = new Map();
  const mark = Math.random().toString(36).slice(2); // the same widget in several pages gets the same answers
  const { kernel } = model.widget_manager ?? {};
  let count = 0;
  let isOver = false;

  function settle(id, reply) {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  }

  function leave() {
    for (const id of [...waiting.keys()]) settle(id, { lost: true });
    show("gone", GONE);
  }

  function ask(question) {
    const id = `${mark}-${++count}`;
    return new Promise((resolve) => {
      let tries = 0;
      const soon = setTimeout(() => show("busy", BUSY), SOON);
      const timer = setInterval(() => (isComing(model, ++tries) ? show("busy", BUSY) : leave()), PATIENCE);
      waiting.set(id, (reply) => {
        clearTimeout(soon);
        clearInterval(timer);
        resolve(reply);
      });
      try {
        model.send({ ...question, id });
      } catch {
        leave();
      }
    });
  }

  model.on("msg:custom", (reply) => {
    const isOurs = Boolean(reply.re?.startsWith(mark));
    hear(reply, isOurs);
    if (!isOurs) return;
    show("ready", reply.error ?? "");
    settle(reply.re, reply);
  });
  model.on("comm_live_update", () => { // the kernel was ended, or started anew
    isOver = true;
    leave();
  });
  kernel?.connectionStatusChanged?.connect((_, status) => status === "connected" && !isOver && show("ready", ""));
  return { ask };
}

// An idle kernel would have answered, if it were the one that this widget belongs to.
function isComing(model, tries) {
  const { status, connectionStatus } = model.widget_manager?.kernel ?? {};
  if (connectionStatus === "disconnected") return false;
  if (status === "unknown") return tries < 4; // it may be on its way; one that was ended stays unknown
  return ["busy", "starting", "restarting", "autorestarting"].includes(status);
}

// The same for a card, which says it in its last line. Without a kernel its buttons can't be reached.
function live(model, card) {
  const notice = element("div", { className: "ks-life" });
  notice.setAttribute("aria-live", "polite");
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
  return node?.closest(".jp-Notebook")?.querySelector(`.jp-Cell[data-windowed-list-index="${number}"]`);
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
  const answer = session.kernel.requestKernelInfo().then(() => true, () => false);
  return Promise.race([answer, new Promise((done) => setTimeout(done, PATIENCE, false))]);
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
