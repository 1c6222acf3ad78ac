// The parts that all widgets share: elements, icons, buttons, goals, hints, and redrawing of what has changed. It is
// copied in front of each widget's script (card.py), so its names are top-level there, and each widget has its own
// copy.

const WAYS_ON = new Set(["onward", "check", "next", "another", "break"]); // actions whose button is filled if it is first
const ASIDE = new Set(["reveal", "undo", "redo", "restart", "end"]); // actions whose button has no border
const AT_RIGHT = ["reveal", "end", "restart"]; // actions whose buttons are a group at the right; the last one never moves
const PATIENCE_FOR_PAGE = 200; // times 50 ms
// Names of icons in base.css, by the signs that replace them in plain text.
const ICONS = { "✓": "passed", "✗": "failed", "…": "waiting", "⚠": "warning", "○": "open", "◐": "begun", "·": "unreached", "–": "unneeded" };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A name for an id or a group of radio buttons. It is random, because each card on a page has its own copy of this
// code: a counter would give two cards the same name.
const uniqueName = (prefix) => `${prefix}-${Math.random().toString(36).slice(2)}`;

// Stops key events inside `node` before the notebook gets them: its command mode would take arrow keys, Enter and the
// space bar. Escape calls `leave`, by default back to the cell. Shift+Enter and keys with Ctrl still reach the
// notebook, unless `all` is true. JupyterLab looks for shortcuts after the widget's listeners, but Notebook 7 before
// them, unless the target has the attribute data-lm-suppress-shortcuts; so a listener in the capture phase sets it
// first.
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

// Sets a node's text, unless it is the same already: that saves the browser a new layout.
function setText(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

const html = (tag, className, innerHTML) => element(tag, { className, innerHTML });

// A sign such as ✓, drawn as an icon and hidden from screen readers. Put its meaning beside it in words.
function markOf(sign) {
  const made = element("span", { className: "ks-mark", ariaHidden: "true", textContent: sign });
  if (sign in ICONS) made.dataset.icon = ICONS[sign];
  return made;
}

// Words behind an icon; wrapped lines stay right of the icon.
const marked = (sign, ...words) => element("div", { className: "ks-marked" }, markOf(sign), element("div", {}, ...words));

// An invisible live region: a screen reader speaks each text that is put into it.
const announcer = () => element("div", { className: "ks-unseen", role: "status" });

// True as soon as a node is in the page. With Run All, a cell is drawn long before it is attached.
async function isInPage(node) {
  for (let tries = 0; tries < PATIENCE_FOR_PAGE && !node.isConnected; tries += 1) await new Promise((go) => setTimeout(go, 50));
  return node.isConnected;
}

// The node of the notebook's cell with this number, undefined if it isn't in the page; and true for a cell that is
// running or queued, whose prompt is [*].
const cellNode = (notebook, number) => notebook?.querySelector(`.jp-Cell[data-windowed-list-index="${number}"]`);
const isRunning = (cell) => Boolean(cell?.querySelector(".jp-InputPrompt")?.textContent.includes("*"));

// A duration in words, like Python's `spell` but without hours: "13 s", "2 min 5 s".
function spell(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 60), "min"], [whole % 60, "s"]].filter(([count]) => count);
  return parts.map((part) => part.join(" ")).join(" ") || "0 s";
}

function goalLine({ ok, what, missing, hint, reason }) {
  const word = element("span", { className: "ks-unseen", textContent: ok ? "Reached: " : "Not yet: " });
  const body = element("div", {}, word, html("span", "", what));
  if (missing) body.append(html("div", "ks-missing", missing));
  if (missing) {
    body.append(element("details", {}, element("summary", { textContent: "Where to look, and why" }),
      html("p", "", hint), html("p", "", reason)));
  } else if (ok && reason) body.append(html("div", "ks-reason", reason));
  return element("li", { className: ok ? "ks-ok" : "ks-no" }, markOf(ok ? "✓" : "○"), body);
}

// A hint, a revealed answer, and a warning. Their content is HTML from Python, which has escaped it.
const hintLine = (content, number) => element("div", { className: "ks-hint" },
  element("p", {}, element("b", { textContent: `Hint ${number + 1}. ` }), html("span", "", content)));
const reveal = (title, content) => element("div", { className: "ks-reveal" },
  element("p", {}, element("b", { textContent: title })), html("div", "", content));
const warning = (content) => element("div", { className: "ks-warning" }, marked("⚠", html("span", "", content)));

// Draws a row of [action, label] buttons that call `press(action)`. The first is filled if it is one of WAYS_ON.
// A button without an action is used up and keeps its place. The focus stays on the button with the same action, else on
// the one in its place. A double click presses once, whatever is under the pointer by then.
function drawButtons(row, buttons, press) {
  const key = JSON.stringify(buttons);
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  const allButtons = () => [...row.querySelectorAll("button")];
  const focusedPlace = allButtons().indexOf(focused);
  const atRight = AT_RIGHT.flatMap((action) => buttons.filter(([name]) => name === action));
  const draw = ([action, textContent], place) => {
    const act = ({ detail }) => {
      if (!action || (detail > 1 && row.dataset.pressed !== action)) return;
      row.dataset.pressed = action;
      if (action === "onward") goOn(made);
      else press(action);
    };
    const made = element("button", { type: "button", textContent, onclick: act, ariaDisabled: action ? null : "true" });
    made.classList.toggle("ks-lead", place === 0 && WAYS_ON.has(action));
    made.classList.toggle("ks-text", ASIDE.has(action));
    made.dataset.do = action;
    return made;
  };
  row.replaceChildren(...buttons.filter((one) => !atRight.includes(one)).map(draw));
  if (atRight.length) row.append(element("div", { className: "ks-at-right" }, ...atRight.map((one) => draw(one))));
  if (focused) (row.querySelector(`[data-do="${focused.dataset.do}"]`) ?? allButtons()[focusedPlace] ?? allButtons()[0])?.focus();
}

// Moves focus and view to the next card of the same cell, else to the next cell.
function goOn(node) {
  const cell = node.closest(".jp-Cell");
  const cards = [...(cell?.querySelectorAll(".ks-card") ?? [])];
  const card = cards[cards.indexOf(node.closest(".ks-card")) + 1];
  const next = card?.querySelector("input, textarea, button") ?? cell?.nextElementSibling;
  next?.focus({ preventScroll: true });
  (card ?? next)?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion)").matches ? "auto" : "smooth" });
}

// Makes `parent` hold one node `draw(item, number)` for each item, and keeps nodes whose item hasn't changed. So a
// screen reader reads a new tick alone, and an open <details> stays open. Items must be JSON.
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

// The same for a single item; a falsy one draws nothing.
const keepOne = (parent, item, draw) => keep(parent, item ? [item] : [], draw);
