// The steps of a notebook, one for each heading: a bar with the done ones and the present one, and the return to the
// last place after a reload. A step is done when its questions are answered, its goals reached and its other cells run;
// a step of text alone, when its end was on the screen.

// Keys in localStorage. The notebook's path follows those that end in a colon.
const PLACE = "kubesim place: "; // the number of the cell focused last
const LAST = "kubesim last place"; // the notebook and step used last, for the site's first page
const RAN = "kubesim ran: "; // ids of cells that were run
const SEEN = "kubesim seen: "; // ids of the headings of text steps whose end was on the screen
const HEADING = /^##? +(.+)/;
const ASKS = /^%(quiz|predict|explore|review|task|challenge)\b/; // lines with questions or tasks; Python reports the done ones
const WORDS = { quiz: "a question", predict: "a prediction", explore: "something to try", review: "a review", task: "a task", challenge: "broken clusters" };

function makeSteps(notebook, context, model) {
  const cells = () => [...context.model.cells]; // read each time, because a learner may add cells
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

  // The unfinished parts of a step in words; "" for a done step.
  const unfinished = ({ heading, code, asks }) => {
    const open = asks.filter((line) => !model.get("done").includes(line)).map((line) => WORDS[ASKS.exec(line)[1]]);
    if (code.some(({ id }) => !ran.has(id))) open.unshift("a cell to run");
    if (!code.length && !asks.length && !seen.has(heading.id)) open.push("the text");
    return [...new Set(open)].join(", ");
  };

  const draw = () => {
    noteRun(cells(), ran);
    const allUnfinished = steps.map(unfinished);
    buttons.forEach((made, number) => {
      const words = `Step ${number + 1} of ${steps.length}: ${steps[number].title}`;
      made.title = allUnfinished[number] ? `${words}. Left: ${allUnfinished[number]}.` : `${words}, done`;
      made.ariaLabel = allUnfinished[number] ? words : made.title;
      made.classList.toggle("ks-done", !allUnfinished[number]);
      made.ariaCurrent = number === current ? "step" : null;
    });
    next.hidden = !linkOn() || allUnfinished.some(Boolean);
    bar.hidden = !buttons.length;
    const detail = { number: current + 1, of: steps.length };
    if (steps.length) notebook.dispatchEvent(new CustomEvent("kubesim-step", { detail, bubbles: true })); // for room.js in labextensions/
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
  // Scrolls to the last place after a reload, but not while cells run, as in Run All.
  const goBack = () => {
    if (isAnyRunning || !place || place === cells()[0]) return;
    stayAt(notebook, () => goTo(place, "center"), (target) => target === nodeOf(place) || target === notebook);
  };
  draw();
  return { bar, goBack };
}

// The steps of a notebook: title, heading cell, last cell, code cells to run, and lines with questions and tasks.
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

// Calls `tell` once for each text step: when half of its last cell is visible, or that cell fills half of the screen.
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

// A set of ids in localStorage.
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

// Adds the cells that have run here to `ran`. Execution counts can't tell, because a notebook comes with those of its
// authors. `trusted` can: JupyterLab sets it when a cell runs here, and for a notebook that was saved after all cells
// had run.
function noteRun(cells, ran) {
  for (const { type, trusted, id } of cells) if (type === "code" && trusted) ran.add(id);
}

// Calls `go` whenever the page grows, as outputs load late, until the user acts or a screen reader moves the focus.
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
