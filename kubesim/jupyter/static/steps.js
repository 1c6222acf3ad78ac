// The steps of a notebook, which are its headings: which of them are done, where one is, and where one was last time.

const PLACE = "kubesim place: "; // and the path, in the browser's storage
const RAN = "kubesim ran: "; // the same: the numbers of the cells that were run
const HEADING = /^##? +(.+)/;

function makeSteps(notebook, context) {
  const cells = [...context.model.cells];
  const nodeOf = (number) => notebook.querySelector(`.jp-Cell[data-windowed-list-index="${number}"]`);
  const titles = cells.map(({ type, sharedModel }) => (type === "markdown" && HEADING.exec(sharedModel.source)?.[1]) || "");
  const starts = titles.flatMap((title, number) => (title ? [number] : []));
  const codeOf = (step) => cells.slice(starts[step], starts[step + 1]).filter(({ type }) => type === "code");
  // A notebook comes with the counts and outputs of its authors. JupyterLab trusts a cell once it has run here, and a notebook
  // that was saved when all of its cells had.
  const ran = new Set(JSON.parse(localStorage.getItem(RAN + context.path) ?? "[]"));
  const noteWhatRan = () => {
    cells.forEach(({ type, trusted }, number) => type === "code" && trusted && ran.add(number));
    localStorage.setItem(RAN + context.path, JSON.stringify([...ran]));
  };
  const isDone = (step) => codeOf(step).every((cell) => ran.has(cells.indexOf(cell)));
  const stepOf = (number) => starts.findLastIndex((start) => start <= number);
  const bar = element("nav", { className: "ks-steps" });
  bar.setAttribute("aria-label", "Steps of this notebook");
  let current = 0;

  const goTo = (number) => {
    nodeOf(number)?.scrollIntoView({ block: "start" });
    nodeOf(number)?.focus({ preventScroll: true });
  };
  const buttons = starts.map((start) => button("", () => goTo(start)));
  const linkOn = () => [...(nodeOf(cells.length - 1)?.querySelectorAll('a[href*=".ipynb"]') ?? [])].at(-1); // the one before leads back
  const next = button("Next notebook", () => linkOn()?.click());
  next.className = "ks-next ks-lead";
  const draw = () => {
    noteWhatRan();
    buttons.forEach((made, step) => {
      const words = `Step ${step + 1} of ${starts.length}: ${titles[starts[step]].replace(/[`*]/g, "")}`;
      made.title = words;
      made.setAttribute("aria-label", isDone(step) ? `${words}, done` : words);
      made.classList.toggle("ks-done", isDone(step));
      if (step === current) made.setAttribute("aria-current", "step");
      else made.removeAttribute("aria-current");
    });
    next.hidden = !linkOn() || !buttons.every((_, step) => isDone(step));
    bar.hidden = !buttons.length;
  };
  notebook.addEventListener("focusin", ({ target }) => {
    const number = target.closest(".jp-Cell")?.dataset.windowedListIndex;
    if (number === undefined) return;
    localStorage.setItem(PLACE + context.path, number);
    current = Math.max(0, stepOf(Number(number)));
    draw();
  });
  for (const cell of cells) cell.stateChanged?.connect((_, { name }) => name === "executionCount" && draw());

  // After a reload, and not when the cell of the bench is run, the page is where it was: while it grows, too, until
  // somebody does something, or a screen reader moves the focus.
  const place = Number(localStorage.getItem(PLACE + context.path));
  const isRunning = cells.some((_, number) => nodeOf(number)?.querySelector(".jp-InputPrompt")?.textContent.includes("*"));
  function goBack() {
    if (isRunning || !place || place >= cells.length) return;
    const observer = new ResizeObserver(() => goTo(place));
    const stop = () => {
      observer.disconnect();
      removeEventListener("focusin", stopElsewhere);
    };
    const stopElsewhere = ({ target }) => target !== nodeOf(place) && target !== notebook && stop();
    for (const act of ["pointerdown", "wheel", "keydown"]) addEventListener(act, stop, { capture: true, once: true });
    addEventListener("focusin", stopElsewhere);
    observer.observe(notebook.querySelector(".jp-WindowedPanel-viewport") ?? notebook);
  }
  bar.append(...buttons, next);
  draw();
  return { bar, goBack };
}
