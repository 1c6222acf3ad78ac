// What the cards are made of.

const WAYS_ON = new Set(["onward", "check", "next", "another", "break"]); // actions whose button is filled
const ASIDE = new Set(["reveal", "undo", "redo", "restart", "end"]); // actions whose button is only text
// The shapes of base.css by the signs that stand for them as text.
const ICONS = { "✓": "passed", "✗": "failed", "…": "waiting", "⚠": "warning", "○": "open", "◐": "begun", "·": "unreached", "–": "unneeded" };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// For an id, or a group of radio buttons: each card on a page has a module of its own, so that none can count them.
const uniqueName = (prefix) => `${prefix}-${Math.random().toString(36).slice(2)}`;

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

// A sign such as ✓, drawn as an icon; what it means is in words beside it.
function markOf(sign) {
  const made = element("span", { className: "ks-mark", ariaHidden: "true", textContent: sign });
  if (sign in ICONS) made.dataset.icon = ICONS[sign];
  return made;
}

// Words behind an icon, which stay in a column of their own.
const marked = (sign, ...words) => element("div", { className: "ks-marked" }, markOf(sign), element("div", {}, ...words));

// What a screen reader says, and nobody sees.
const announcer = () => element("div", { className: "ks-unseen", role: "status" });

// The node of a notebook's cell, by its number, and whether it runs or waits for its turn.
const cellNode = (notebook, number) => notebook?.querySelector(`.jp-Cell[data-windowed-list-index="${number}"]`);
const isRunning = (cell) => Boolean(cell?.querySelector(".jp-InputPrompt")?.textContent.includes("*"));

// A duration in words, as Python's `spell` has it: "13 s", "2 min 5 s".
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

// A hint, an answer that was asked for, and a warning.
const hintLine = (content, number) => element("div", { className: "ks-hint" },
  element("p", {}, element("b", { textContent: `Hint ${number + 1}. ` }), html("span", "", content)));
const reveal = (title, content) => element("div", { className: "ks-reveal" },
  element("p", {}, element("b", { textContent: title })), html("div", "", content));
const warning = (content) => element("div", { className: "ks-warning" }, marked("⚠", html("span", "", content)));

// A row of buttons, each an action and its label; the first is filled if it is the way on, and the answer is at the right.
// The focus stays on the button that has it; if it goes, on the first.
function drawButtons(row, buttons, press) {
  const key = JSON.stringify(buttons);
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  const isLast = ([action]) => action === "reveal";
  const inOrder = [...buttons.filter((one) => !isLast(one)), ...buttons.filter(isLast)];
  row.replaceChildren(...inOrder.map(([action, textContent], place) => {
    const made = element("button", { type: "button", textContent, onclick: () => (action === "onward" ? goOn(made) : press(action)) });
    made.classList.toggle("ks-lead", place === 0 && WAYS_ON.has(action));
    made.classList.toggle("ks-text", ASIDE.has(action));
    made.classList.toggle("ks-last", action === "reveal");
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
