// The views above the workbench's terminal: goals of the open task, details of the pull, and the cluster at a glance.
// Each `make…` returns a node and `draw`, which takes the value of the trait `goals`, `path` or `objects`
// (workbench.py).

const UNROLL = 400; // milliseconds
const SWEEP = 900; // milliseconds

// A <details> that is open, with these nodes below its empty summary.
function makeDetails(className, ...content) {
  const summary = element("summary");
  const node = element("details", { className, open: true }, summary, ...content);
  return { node, summary };
}

// The open task: its goals, the output of each check now and at the goal, and the score of a done task.
function makeGoals() {
  const list = element("ul", { className: "ks-notes" });
  const score = element("div", { className: "ks-score", role: "status" });
  const { node, summary } = makeDetails("ks-goals", list, score);
  let lastTitle = ""; // of the task drawn last
  let wasDone = false; // `done` of the task drawn last
  return {
    node,
    draw({ title, goals = [], done, comparison, solution }) {
      node.hidden = !title;
      if (!title) return;
      const count = `${goals.filter(({ ok }) => ok).length} of ${goals.length} reached`;
      const heading = done ? ` Task: ${title}. Well done.` : `Task: ${title}. ${count}.`;
      keep(summary, [[done, heading]], () => element("span", {}, ...(done ? [markOf("✓")] : []), heading));
      keep(list, goals, besideLine);
      const drawScore = () => solution ? folded(`${comparison} Compare?`, solution) : element("p", {}, comparison);
      keepOne(score, comparison && [comparison, solution], drawScore);
      if (title !== lastTitle) node.open = true;
      else if (done && !wasDone) sweep(node);
      node.classList.toggle("ks-reached", Boolean(done));
      lastTitle = title;
      wasDone = done;
    },
  };
}

// Animates the X-ray when it opens: the JSON unrolls below its base64, and the common letters light up one by one.
function unroll(node) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const hidden = (side) => ({ clipPath: `inset(${side})` });
  for (const json of node.querySelectorAll(".ks-unrolled"))
    json.animate([hidden("0 0 100% 0"), hidden("0")], { duration: UNROLL });
  for (const mark of node.querySelectorAll(".ks-letters mark"))
    mark.animate([{ backgroundSize: "0 100%" }, { backgroundSize: "100% 100%" }],
      { delay: UNROLL, duration: UNROLL, fill: "backwards", easing: `steps(${mark.textContent.length || 1})` });
}

// Moves a green light over a task that is just done, unless reduced motion is preferred.
function sweep(node) {
  if (!node.checkVisibility() || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const light = element("div", { className: "ks-sweep", ariaHidden: "true" });
  node.append(light);
  const moves = [{ transform: "translateX(-100%)" }, { transform: "translateX(100%)" }];
  light.animate(moves, { duration: SWEEP, easing: "ease-in-out" }).finished.then(() => light.remove(), () => {});
}

// A closed <details>; its content is HTML.
const folded = (words, content) => element("details", {}, element("summary", {}, words), html("div", "", content));

// A goal, and below it the output of its check now and at the goal.
function besideLine({ now, goal, ...line }) {
  const item = goalLine(line);
  if (goal === undefined) return item;
  const cell = (name, label, text) => element("span", { className: name }, element("span", { className: "ks-unseen" }, `${label}: `), element("code", {}, text || "nothing"));
  const state = line.ok ? [] : [cell("ks-now", "now", now), " → "];
  item.lastChild.append(element("div", { className: "ks-beside-goal" }, ...state, cell("ks-then", "goal", goal)));
  return item;
}

// The details of a pull that the road (road.js) leaves out, each in a <details>: advice, story, X-ray and anatomy.
function makePath(model, terminal) {
  const names = ["advice", "story", "xray", "anatomy"];
  const parts = names.map((name) => makeDetails(`ks-${name}`, element("div")));
  const [advice, story, xray, anatomy] = parts;
  xray.summary.textContent = "X-ray of the Secret";
  anatomy.summary.textContent = "Anatomy of the error";
  xray.node.addEventListener("toggle", () => xray.node.open && unroll(xray.node));
  const node = element("div", { className: "ks-path" }, ...parts.map((part) => part.node));
  let lastTitle = ""; // drawn last; another one closes all parts
  const drawPart = (content) => html("div", "", content);
  const drawAdvice = (content) => {
    const made = drawPart(content);
    for (const code of made.querySelectorAll("pre")) {
      const text = code.textContent;
      layOutCommand(code);
      code.append(button("Fill in", () => terminal.fill(text), "Put it into the prompt"));
    }
    return made;
  };
  for (const part of parts) part.node.addEventListener("click", ({ detail }) => detail && terminal.focus());
  return {
    node,
    draw(view) {
      const { title = "", broken } = view;
      setText(story.summary, view.past ? `Why? The attempt of ${view.past}` : "Why? The last attempt, step by step");
      if (title !== lastTitle) for (const part of parts) part.node.open = false;
      lastTitle = title;
      node.classList.toggle("ks-broken", Boolean(broken));
      setText(advice.summary, broken ? "What's wrong, and how to fix it" : "In one sentence");
      parts.forEach(({ node: part }, number) => {
        const content = view[names[number]];
        keepOne(part.lastChild, content, part === advice.node ? drawAdvice : drawPart);
        part.hidden = !content;
      });
    },
  };
}

// Namespaces with their objects, each a button; the trait `objects` has [namespace, objects, how many more] for each, and
// [kind, name, words, sign] for each object (glance.py).
function makeCluster(model, terminal) {
  const list = element("div");
  const { node, summary } = makeDetails("ks-cluster", list);
  summary.textContent = "The cluster";
  // Fills the prompt with a command, and puts a Pod into focus.
  const describe = (kind, name, namespace) => {
    if (kind === "Pod") model.send({ do: "focus", namespace, pod: name });
    const place = namespace && namespace !== "default" ? ` -n ${namespace}` : "";
    terminal.fill(`kubectl describe ${kind.toLowerCase()} ${name}${place}`);
  };
  const drawObject = (namespace) => ([kind, name, words, sign]) => {
    const made = button("", () => describe(kind, name, namespace), "Fill in kubectl describe");
    made.className = { "✓": "ks-passed", "✗": "ks-failed" }[sign] ?? "";
    made.append(markOf(sign), `${kind} `, element("b", { textContent: name }), words && ` ${words}`);
    return element("li", {}, made);
  };
  const drawNamespace = ([namespace, objects, more]) => {
    const items = objects.map(drawObject(namespace));
    if (more) items.push(element("li", { textContent: `and ${more} more` }));
    const heading = button(`Namespace ${namespace}:`, () => describe("Namespace", namespace, ""), "Fill in kubectl describe");
    return element("div", { className: "ks-namespace" }, heading, element("ul", {}, ...items));
  };
  return { node, draw: (namespaces) => keep(list, namespaces, drawNamespace) };
}
