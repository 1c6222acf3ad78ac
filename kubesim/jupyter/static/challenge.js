// The page's half of the challenge (challenge.py): a board with score and clocks, the row of tasks, and the open task.
// All words come from Python, except for the real time: the core has no clock, so each message brings the page's
// (`wall`).

const MARKS = { solved: "✓", "solution shown": "–", started: "…", "not started": "" };

function render({ model, el }) {
  const part = (name) => element("div", { className: `ks-${name}` });
  const title = element("h3");
  const [score, simulated, real] = [element("b"), element("span"), element("span")];
  const board = element("p", { className: "ks-board" }, "Score ", score, " · simulated ", simulated, " · real ", real);
  const tasks = element("ol", { className: "ks-tasks", ariaLabel: "Tasks of this round" });
  const heading = element("h3");
  const goals = element("ul", { className: "ks-notes ks-goals", ariaLabel: "Goals" });
  const [rules, text, advice, hints, why, over, warnings, end, buttons] = ["rules", "text", "advices", "hints", "whys", "overs", "warnings", "ends", "buttons"].map(part);
  const news = announcer();
  const card = element("section", { className: "ks-card ks-task ks-challenge" },
    title, board, tasks, rules, heading, text, goals, advice, warnings, buttons, hints, why, over, end, news);
  let [newsTold] = model.get("feedback").news; // the number of the last announcement

  const ask = connect(model, card);
  const send = (action, number) => ask({ do: action, number, wall: Date.now() / 1000 });

  const drawTask = ({ label, state, current }, number) => {
    const mark = markOf(MARKS[state]);
    const made = element("button", {
      type: "button",
      className: `ks-${state.replaceAll(" ", "-")}`,
      title: label,
      ariaLabel: label,
      ariaCurrent: current ? "true" : null,
      onclick: () => send("open", number),
    }, `${number + 1} `, mark);
    return element("li", {}, made);
  };

  const tick = () => {
    const { real: before, since } = model.get("feedback");
    setText(real, spell(before + (since ? Date.now() / 1000 - since : 0)));
  };

  const draw = () => {
    const view = model.get("feedback");
    const task = view.task.title ? view.task : null;
    title.textContent = card.ariaLabel = model.get("content").label;
    score.textContent = view.score;
    simulated.textContent = view.simulated;
    tick();
    const focused = [...tasks.children].findIndex((item) => item.contains(document.activeElement));
    keep(tasks, view.tasks, drawTask);
    tasks.hidden = view.tasks.length === 1;
    if (focused >= 0) tasks.children[focused].firstChild.focus();
    keepOne(rules, task ? "" : model.get("content").html, (content) => html("div", "", content));
    heading.innerHTML = task?.title ?? "";
    heading.hidden = !task;
    keepOne(text, task?.html, (content) => html("div", "", content));
    keep(goals, task?.goals ?? [], goalLine);
    keepOne(advice, task?.advice, (content) => warning(`Not yet. ${content}`));
    keepOne(warnings, view.warning, (content) => warning(content));
    keep(hints, task?.hints ?? [], hintLine);
    keepOne(why, task?.why, (content) => html("div", "ks-hint", content));
    keepOne(over, task?.over, (content) => html("div", "ks-verdict", content));
    keepOne(end, view.end, (content) => reveal(`The round is over: ${view.score}`, content));
    over.classList.toggle("ks-solved", Boolean(view.tasks.find(({ current, state }) => current && state === "solved")));
    const [count, words] = view.news;
    if (count !== newsTold) news.textContent = words;
    newsTold = count;
    drawButtons(buttons, view.buttons, send);
    if (view.asks_time) send("tick"); // the task has just ended: its real time needs one more reading of our clock
  };

  // After a click on the button above the round's text (lesson.js), a round of one task opens that task: its card has nothing else to choose.
  const openAtOnce = () => {
    const { tasks: [only, ...others] } = model.get("feedback");
    if (card.closest(".jp-Cell")?.dataset.begins && !others.length && only.state === "not started") send("open", 0);
  };

  keepKeys(card);
  model.on("change:feedback", draw);
  draw();
  const timer = setInterval(tick, 1000);
  el.append(card);
  isInPage(card).then(openAtOnce);
  return () => {
    clearInterval(timer);
    model.off("change:feedback", draw);
  };
}

export default { render };
