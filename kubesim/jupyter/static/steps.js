// The steps of a notebook, which are its headings: which of them are done, where one is, and where one was last time. A
// step is done when its questions are answered, its goals reached and its other cells run; one of text when it was seen.

const PLACE = "kubesim place: "; // and the path, in the browser's storage
const LAST = "kubesim last place"; // the notebook and the step, for the site's first page
const RAN = "kubesim ran: "; // the same: the ids of the cells that were run
const SEEN = "kubesim seen: "; // the same: the ids of the headings of text whose end was on the screen
const HEADING = /^##? +(.+)/;
const ASKS = /^%(quiz|predict|explore|review|task|challenge)\b/; // lines that ask for something; Python knows what is done
const WORDS = { quiz: "a question", predict: "a prediction", explore: "something to try", review: "a review", task: "a task", challenge: "broken clusters" };

function makeSteps(notebook, context, model) {
  const cells = () => [...context.model.cells]; // a learner may add some
  const nodeOf = (cell) => cellNode(notebook, cells().indexOf(cell));
  const goTo = (cell, block = "start") => {
    nodeOf(cell)?.scrollIntoView({ block });
    nodeOf(cell)?.focus({ preventScroll: true });
  };
  const steps = findSteps(cells());
  const ran = makeIds(RAN + context.path);
  const seen = makeIds(SEEN + context.path);
  const buttons = steps.map(({ heading }) => button("", () => goTo(heading)));
  const recap = cells().findLast(({ type, sharedModel }) => type === "markdown" && sharedModel.source.includes(".ipynb"));
  const linkOn = () => [...(nodeOf(recap)?.querySelectorAll('a[href*=".ipynb"]') ?? [])].at(-1); // the one before leads back
  const next = button("Next notebook", () => linkOn()?.click());
  next.className = "ks-next ks-lead";
  const bar = element("nav", { className: "ks-steps", ariaLabel: "Steps of this notebook" }, ...buttons, next);
  let current = 0;

  // What is left of a step, in words.
  const left = ({ heading, code, asks }) => {
    const open = asks.filter((line) => !model.get("done").includes(line)).map((line) => WORDS[ASKS.exec(line)[1]]);
    if (code.some(({ id }) => !ran.has(id))) open.unshift("a cell to run");
    if (!code.length && !asks.length && !seen.has(heading.id)) open.push("the text");
    return [...new Set(open)].join(", ");
  };

  const draw = () => {
    noteRun(cells(), ran);
    const lefts = steps.map(left);
    buttons.forEach((made, number) => {
      const words = `Step ${number + 1} of ${steps.length}: ${steps[number].title}`;
      made.title = lefts[number] ? `${words}. Left: ${lefts[number]}.` : `${words}, done`;
      made.ariaLabel = lefts[number] ? words : made.title;
      made.classList.toggle("ks-done", !lefts[number]);
      made.ariaCurrent = number === current ? "step" : null;
    });
    next.hidden = !linkOn() || lefts.some(Boolean);
    bar.hidden = !buttons.length;
    const detail = { number: current + 1, of: steps.length };
    if (steps.length) notebook.dispatchEvent(new CustomEvent("kubesim-step", { detail, bubbles: true })); // see labextensions/
  };
  notebook.addEventListener("focusin", ({ target }) => {
    const number = target.closest(".jp-Cell")?.dataset.windowedListIndex;
    if (number === undefined) return;
    localStorage.setItem(PLACE + context.path, number);
    current = Math.max(0, steps.findLastIndex(({ heading }) => cells().indexOf(heading) <= Number(number)));
    localStorage.setItem(LAST, JSON.stringify({ path: context.path, step: current + 1 }));
    draw();
  });
  for (const cell of cells()) cell.stateChanged?.connect((_, { name }) => name === "executionCount" && draw());
  model.on("change:done", draw);
  model.send({ do: "asks", lines: steps.flatMap(({ asks }) => asks) });
  watchTexts(steps.filter(({ code, asks }) => !code.length && !asks.length), nodeOf, ({ heading }) => {
    seen.add(heading.id);
    draw();
  });

  const place = cells()[Number(localStorage.getItem(PLACE + context.path))];
  const isAnyRunning = cells().some((cell) => isRunning(nodeOf(cell)));
  // After a reload, and not when the cell of the bench is run, the page is where it was.
  const goBack = () => {
    if (isAnyRunning || !place || place === cells()[0]) return;
    stayAt(notebook, () => goTo(place, "center"), (target) => target === nodeOf(place) || target === notebook);
  };
  draw();
  return { bar, goBack };
}

// The headings of a notebook, each with its last cell, the cells below it that are to be run, and the lines that ask.
function findSteps(cells) {
  const steps = [];
  for (const cell of cells) {
    const source = cell.sharedModel.source.trim();
    const [, title] = (cell.type === "markdown" && HEADING.exec(source)) || [];
    if (title) steps.push({ title: title.replace(/[`*]/g, ""), heading: cell, code: [], asks: [] });
    const step = steps.at(-1);
    if (!step || !source) continue;
    step.last = cell;
    if (cell.type !== "code") continue;
    const asks = source.split("\n").filter((line) => ASKS.test(line));
    step.asks.push(...asks);
    if (!asks.length) step.code.push(cell);
  }
  return steps;
}

// Tells once of each step of text that its end is on the screen, or fills half of it.
function watchTexts(steps, nodeOf, tell) {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, intersectionRatio, intersectionRect, rootBounds } of entries) {
      if (intersectionRatio < 0.5 && intersectionRect.height < (rootBounds?.height ?? Infinity) / 2) continue;
      watcher.unobserve(target);
      tell(steps.find(({ last }) => nodeOf(last) === target));
    }
  }, { threshold: [0.1, 0.25, 0.5, 0.75, 1] });
  for (const { last } of steps) if (nodeOf(last)) watcher.observe(nodeOf(last));
}

// Ids that the browser keeps for the next visit.
function makeIds(key) {
  const ids = new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
  return {
    has: (id) => ids.has(id),
    add(id) {
      if (ids.has(id)) return;
      ids.add(id);
      localStorage.setItem(key, JSON.stringify([...ids]));
    },
  };
}

// Which cells have run here. A notebook comes with the counts and outputs of its authors. JupyterLab trusts a cell once it
// has run here, and a notebook that was saved when all of its cells had.
function noteRun(cells, ran) {
  for (const { type, trusted, id } of cells) if (type === "code" && trusted) ran.add(id);
}

// Goes to a place again while the page grows, until somebody does something, or a screen reader moves the focus.
function stayAt(notebook, go, isThere) {
  const observer = new ResizeObserver(go);
  const stop = () => {
    observer.disconnect();
    removeEventListener("focusin", stopElsewhere);
  };
  const stopElsewhere = ({ target }) => !isThere(target) && stop();
  for (const act of ["pointerdown", "wheel", "keydown"]) addEventListener(act, stop, { capture: true, once: true });
  addEventListener("focusin", stopElsewhere);
  observer.observe(notebook.querySelector(".jp-WindowedPanel-viewport") ?? notebook);
}
