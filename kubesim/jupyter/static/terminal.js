// The page's half of kubesim/jupyter/terminal.py: screen, clock and buttons. The prompt is in prompt.js, the editor for
// files in editor.js. Typed and printed text becomes text nodes, never HTML: keep it so.

// Makes the terminal. `reviver()` returns the function that sets the notebook up again, given the text at the prompt,
// or a falsy value if there is none.

function makeTerminal(model, reviver) {
  const notice = element("div", { className: "notice", role: "status" });
  const screen = makeScreen();
  const hear = (reply, isOurs) => {
    screen.add(reply);
    if (isOurs && reply.start) screen.begin(reply.start);
  };
  const show = (state, words) => {
    setText(notice, words);
    const setUpAgain = state === "gone" && reviver();
    if (setUpAgain) notice.append(" ", button(REVIVE, () => setUpAgain(prompt.text())));
  };
  const channel = openChannel(model, show, hear);
  const prompt = makePrompt(channel.ask, screen);
  const bar = makeBar(channel.ask, prompt.focus);
  const home = element("div", { className: "home" }, screen.node, prompt.node, bar.node);
  const node = element("div", { className: "kubesim-terminal", role: "group", ariaLabel: "Terminal" }, home, notice);
  screen.log.addEventListener("click", () => getSelection().isCollapsed && prompt.focus());
  let editor = null;

  function showEditor() {
    const file = model.get("editing");
    if (file.name && !editor) {
      editor = makeEditor(file, channel.ask);
      const typing = home.contains(document.activeElement);
      home.hidden = true;
      home.after(editor.node);
      if (typing) editor.focus();
    } else if (!file.name && editor) {
      const typing = editor.node.contains(document.activeElement);
      editor.node.remove(); // a focus inside goes to the body
      editor = null;
      home.hidden = false;
      screen.toEnd();
      if (typing || document.activeElement === document.body) prompt.focus();
    }
  }

  const showTime = () => bar.showTime(model.get("time"));
  model.on("change:time", showTime);
  model.on("change:editing", showEditor);
  showTime();
  showEditor();

  // Puts a text into the prompt, to be run or changed.
  function fill(text) {
    prompt.set(text);
    prompt.focus();
  }

  return {
    node,
    begun: channel.ask({ do: "start", wall: wall() }),
    fill,
    focus: () => (editor ?? prompt).focus(),
    run(text) {
      prompt.set(text);
      prompt.enter();
      prompt.focus();
    },
    set: prompt.set,
    typed: prompt.text,
    insert(word) {
      const before = prompt.text().replace(/(?<=\S)$/, " ");
      fill(`${before}${word} `);
    },
  };
}

// Small tools

const button = (label, click, title = "") => element("button", { type: "button", onclick: click, title }, label);

const ctrl = (event, key) => event.ctrlKey && !event.altKey && !event.metaKey && event.key.toLowerCase() === key;

// The clock in seconds for Seat.catch_up. Unlike Date.now, it never jumps.
const wall = () => (performance.timeOrigin + performance.now()) / 1000;

// The screen with all entries. New output scrolls to its end, where `kubectl describe` has its events; the output of
// `why` and `help` scrolls to its beginning.
function makeScreen() {
  const log = { role: "log", ariaLive: "polite", ariaLabel: "Terminal output", tabIndex: 0 };
  const screen = element("div", { className: "screen", ...log });
  const more = button("", () => goTo?.());
  const node = element("div", { className: "frame" }, element("div", { className: "more", hidden: true }, more), screen);
  const history = [];
  let isProse = false; // the last command was `why` or `help`
  let hasBegun = false; // the reply to "start" has come; news before that are ignored
  let goTo = null; // the action of the button `more`
  let isAtEnd = false; // the end is shown, and stays shown when the screen gets another size

  // Shows all entries of the reply to "start".
  function begin(all) {
    hasBegun = true;
    screen.replaceChildren();
    history.length = 0;
    add({ gone: 0, ...all });
    toEnd();
  }

  // Applies the news of a reply (Screen.take_news in screen.py): removes `gone` entries at the top, and appends new ones.
  function add({ gone = 0, entries = [], history: typed = [] }) {
    if (!hasBegun) return;
    for (let left = gone; left > 0; left -= 1) screen.firstChild.remove();
    const fresh = entries.map(([kind, text]) => {
      if (kind === "command") isProse = TOLD.test(text);
      return drawEntry(kind, text, isProse);
    });
    screen.append(...fresh);
    history.push(...typed);
    if (fresh.length) toEnd(isProse ? fresh[0] : null);
    screen.querySelectorAll(".ks-table").forEach(makeScrollable);
  }

  // Scrolls to the end, or to the top of the entry `first`. The button above the screen, once shown, takes a line.
  function toEnd(first) {
    const wasHidden = more.parentNode.hidden;
    screen.style.paddingBottom = "";
    screen.scrollTop = first ? topOf(first) : screen.scrollHeight;
    isAtEnd = !first || topOf(first) >= screen.scrollHeight - screen.clientHeight;
    if (isAtEnd) beginWithLine();
    showMore();
    if (wasHidden && !more.parentNode.hidden) toEnd(first);
  }

  // Scrolls a little further, so that no line is cut at the upper edge.
  function beginWithLine() {
    const { top } = screen.getBoundingClientRect();
    const edge = (line) => line.getBoundingClientRect().top - top;
    const cut = screen.scrollTop > 0 ? [...screen.querySelectorAll(".ks-line")].map(edge).find((from) => from > -1) : 0;
    if (!(cut > 1)) return;
    screen.style.paddingBottom = `${cut}px`;
    screen.scrollTop += cut;
  }

  const topOf = (entry) => entry.offsetTop - screen.offsetTop;

  // Shows on a button how many lines of the last output are out of sight, below or above; a click scrolls there.
  function showMore() {
    const line = parseFloat(getComputedStyle(screen).lineHeight) || 16;
    const command = [...screen.querySelectorAll(":scope > .command")].at(-1);
    const below = Math.round((screen.scrollHeight - screen.clientHeight - screen.scrollTop) / line);
    const above = command ? Math.round((screen.scrollTop - topOf(command)) / line) : 0;
    goTo = below > 0 ? () => toEnd() : above > 0 ? () => toEnd(command) : null;
    more.parentNode.hidden = !goTo;
    if (below > 0) setText(more, `↓ ${counted(below)} more${isAhead(/^Events:/m) ? " · Events" : ""}`);
    else if (above > 0) setText(more, `↑ ${counted(above)} above`);
  }

  // True if a line of the last entry below the visible part matches.
  function isAhead(words) {
    const end = screen.getBoundingClientRect().bottom;
    const lines = [...(screen.lastElementChild?.children ?? [])];
    return lines.some((one) => one.getBoundingClientRect().top > end && words.test(one.textContent));
  }

  screen.addEventListener("scroll", () => {
    isAtEnd &&= screen.scrollHeight - screen.clientHeight - screen.scrollTop < 2;
    showMore();
  });
  new ResizeObserver(() => {
    screen.querySelectorAll(".ks-table").forEach(makeScrollable);
    if (isAtEnd) toEnd();
    else showMore();
  }).observe(screen);
  copyTrueText(screen);
  return { node, log: screen, begin, add, toEnd, history };
}

const counted = (lines) => `${lines} ${lines === 1 ? "line" : "lines"}`;

function drawEntry(kind, text, isProse) {
  if (kind !== "command") return element("div", { className: kind }, ...drawLines(runsOfEscapes(text), { prose: isProse || kind === "note" }));
  const sign = (index) => element("span", { className: "sign" }, index ? "> " : "$ ");
  const lines = text.split("\n").map((line, index) => element("div", { className: "ks-line ks-prose" }, sign(index), ...drawWords(`${line}\n`)));
  return element("div", { className: kind }, ...lines);
}

// Text with escape sequences as [class, text] pairs: colours become classes, other sequences disappear.
function runsOfEscapes(text) {
  const [plain, ...marked] = text.split("\x1b[");
  return [["", plain], ...marked.map(runOfPart)];
}

function runOfPart(part) {
  const [, codes = "", end = "", text] = /^([0-9;?]*)([ -/]*[@-~])?([^]*)$/.exec(part);
  const names = end === "m" ? codes.split(";").map((code) => `sgr-${Number(code)}`) : [];
  return [names.join(" "), text];
}

// A textarea on top of an invisible copy of its lines. The copy gives it its height, and shows a sign before each line:
// the prompt, or a line number. Call `mirror` after each change of the value by code.
function makePad(attributes, sign) {
  const copy = element("div", { className: "copy", ariaHidden: "true" });
  const input = element("textarea", { rows: 1, spellcheck: false, autocapitalize: "off", ...attributes });
  const node = element("div", { className: "pad" }, copy, input);

  function mirror() {
    const rows = input.value.split("\n").map((line, index) => {
      const row = element("div", {}, line || "\u200b");
      row.dataset.sign = sign(index);
      return row;
    });
    copy.replaceChildren(...rows);
  }

  const keepToOurselves = (event) => event.stopImmediatePropagation(); // JupyterLab's listener would take Enter and Ctrl+Z
  input.addEventListener("beforeinput", keepToOurselves);
  input.addEventListener("input", mirror);
  mirror();
  return { node, input, copy, mirror };
}

// Calls the action of the first [condition, action] pair whose condition holds for the event, and stops the event.
function handleKey(event, keys) {
  if (event.isComposing) return;
  const [, act] = keys.find(([matches]) => matches(event)) ?? [];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

// The buttons and the simulated clock

function makeBar(ask, focusPrompt) {
  const clock = element("span", { className: "clock", title: "Simulated time" });
  // A click moves the focus to the prompt. A key press (`detail` is 0) leaves it on the button, to press again.
  const askingButton = (label, question, title) =>
    button(label, ({ detail }) => ask(question).then(() => detail && focusPrompt()), title);
  const iconButton = (sign, label, question, title) => Object.assign(askingButton(sign, question, `${label}: ${title}`), { ariaLabel: label });
  const restart = button("New cluster…", () => confirm.show(), "Start again with a fresh cluster. Your files stay.");
  const buttons = element("div", { className: "buttons" },
    clock,
    askingButton("+10 s", { do: "advance", seconds: 10 }, "Let simulated time pass"),
    askingButton("+1 min", { do: "advance", seconds: 60 }, "Let simulated time pass"),
    askingButton("Until something changes", { do: "advance_to_change" }, "Let time pass until a Pod is fixed or tried again"),
    iconButton("↶", "Undo", { do: "undo" }, "revert the last command"),
    iconButton("↷", "Redo", { do: "redo" }, "do again what was reverted"),
    restart,
  );
  const confirm = makeChoice("Start again with a fresh cluster? Your files stay.", buttons, {
    "New cluster": () => ask({ do: "restart" }).then(focusPrompt),
    Cancel: () => restart.focus(),
  });
  const showTime = (time) => clock.replaceChildren(element("span", { className: "unseen" }, "Simulated time "), time);
  const node = element("div", { className: "bar", role: "group", ariaLabel: "Terminal controls" }, buttons, confirm.node);
  return { node, showTime };
}

// A question that replaces the node `usual` while it is shown. `answers` are actions by label; Escape gives the last
// answer.
function makeChoice(question, usual, answers) {
  const give = (answer) => () => {
    node.hidden = true;
    usual.hidden = false;
    answer();
  };
  const buttons = Object.entries(answers).map(([label, answer]) => button(label, give(answer)));
  const dialog = { className: "choice", role: "alertdialog", ariaLabel: question };
  const node = element("div", dialog, element("span", {}, question), ...buttons);
  const keys = [[(e) => e.key === "Escape", () => buttons.at(-1).click()]];
  node.addEventListener("keydown", (event) => handleKey(event, keys));
  node.hidden = true;
  return {
    node,
    show() {
      usual.hidden = true;
      node.hidden = false;
      buttons[0].focus();
    },
  };
}
