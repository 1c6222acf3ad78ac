// The steps of a notebook, which are its headings: which of them are done, where one is, and where one was last time.

const PLACE = "kubesim place: "; // and the path, in the browser's storage
const RAN = "kubesim ran: "; // the same: the ids of the cells that were run
const HEADING = /^##? +(.+)/;

function makeSteps(notebook, context) {
  const cells = () => [...context.model.cells]; // a learner may add some
  const nodeOf = (cell) => cellNode(notebook, cells().indexOf(cell));
  const goTo = (cell, block = "start") => {
    nodeOf(cell)?.scrollIntoView({ block });
    nodeOf(cell)?.focus({ preventScroll: true });
  };
  const steps = findSteps(cells());
  const ran = makeRan(context);
  const isDone = ({ code }) => code.every(({ id }) => ran.has(id));
  const buttons = steps.map(({ heading }) => button("", () => goTo(heading)));
  const recap = cells().findLast(({ type, sharedModel }) => type === "markdown" && sharedModel.source.includes(".ipynb"));
  const linkOn = () => [...(nodeOf(recap)?.querySelectorAll('a[href*=".ipynb"]') ?? [])].at(-1); // the one before leads back
  const next = button("Next notebook", () => linkOn()?.click());
  next.className = "ks-next ks-lead";
  const bar = element("nav", { className: "ks-steps", ariaLabel: "Steps of this notebook" }, ...buttons, next);
  let current = 0;

  const draw = () => {
    ran.note(cells());
    buttons.forEach((made, number) => {
      const words = `Step ${number + 1} of ${steps.length}: ${steps[number].title}`;
      made.title = words;
      made.ariaLabel = isDone(steps[number]) ? `${words}, done` : words;
      made.classList.toggle("ks-done", isDone(steps[number]));
      made.ariaCurrent = number === current ? "step" : null;
    });
    next.hidden = !linkOn() || !steps.every(isDone);
    bar.hidden = !buttons.length;
  };
  notebook.addEventListener("focusin", ({ target }) => {
    const number = target.closest(".jp-Cell")?.dataset.windowedListIndex;
    if (number === undefined) return;
    localStorage.setItem(PLACE + context.path, number);
    current = Math.max(0, steps.findLastIndex(({ heading }) => cells().indexOf(heading) <= Number(number)));
    draw();
  });
  for (const cell of cells()) cell.stateChanged?.connect((_, { name }) => name === "executionCount" && draw());

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

// The headings of a notebook, each with the cells of code below it.
function findSteps(cells) {
  const steps = [];
  for (const cell of cells) {
    const source = cell.sharedModel.source.trim();
    const [, title] = (cell.type === "markdown" && HEADING.exec(source)) || [];
    if (title) steps.push({ title: title.replace(/[`*]/g, ""), heading: cell, code: [] });
    if (cell.type === "code" && source) steps.at(-1)?.code.push(cell);
  }
  return steps;
}

// Which cells have run here. A notebook comes with the counts and outputs of its authors. JupyterLab trusts a cell once it
// has run here, and a notebook that was saved when all of its cells had.
function makeRan(context) {
  const ids = new Set(JSON.parse(localStorage.getItem(RAN + context.path) ?? "[]"));
  return {
    has: (id) => ids.has(id),
    note(cells) {
      for (const { type, trusted, id } of cells) if (type === "code" && trusted) ids.add(id);
      localStorage.setItem(RAN + context.path, JSON.stringify([...ids]));
    },
  };
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
