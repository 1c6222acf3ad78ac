// What is above the terminal of a workbench: a task's goals, the path of a pull, and the cluster at a glance.

const TRAVEL = 600; // milliseconds that a dot takes along the path of an attempt
const NO_POD = "It's drawn here as soon as there's a Pod.";
const DAY = 86400; // seconds

const secondsOf = (time) => time.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);

function folding(className, ...content) {
  const summary = element("summary");
  const node = element("details", { className, open: true }, summary, ...content);
  return { node, summary };
}

function makeGoals() {
  const list = element("ul", { className: "ks-notes" });
  const { node, summary } = folding("ks-goals", list);
  return {
    node,
    draw({ title, goals = [], done }) {
      node.hidden = !title;
      const count = `${goals.filter(({ ok }) => ok).length} of ${goals.length} reached`;
      const words = done ? ` Task: ${title}. Well done.` : `Task: ${title}. ${count}.`;
      keep(summary, [[done, words]], () => element("span", {}, ...(done ? [markOf("✓")] : []), words));
      keep(list, goals, goalLine);
    },
  };
}

// A dot goes along the hops of an attempt, to the one where it stops; not where nobody would see it, as in a folded path.
function travel(chain) {
  const hops = [...chain.querySelectorAll("li:not(.ks-not-reached, .ks-not-needed)")];
  if (!hops.length || !chain.checkVisibility() || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const dot = element("span", { className: "ks-dot", ariaHidden: "true" });
  chain.append(dot);
  const way = hops.map((hop) => ({ transform: `translateY(${hop.offsetTop + hop.offsetHeight / 2}px)` }));
  dot.animate([...way, way.at(-1)], { duration: TRAVEL, easing: "ease-in-out" }).finished.then(() => dot.remove(), () => {});
}

// When the attempt was that the path shows, and how long it is until the next one, by the simulated clock.
function makePast(model) {
  const node = element("p", { className: "ks-how" });
  const draw = () => {
    const { past = "", next = "" } = model.get("path"); // nothing without a Pod, or where it's concealed
    const wait = past && (secondsOf(next) - secondsOf(model.get("time")) + DAY) % DAY;
    setText(node, past && `${past} The next one is in ${spell(wait)}.`);
    node.hidden = !past;
  };
  model.on("change:time", draw);
  return { node, draw };
}

function makePath(model, terminal) {
  const hops = element("div");
  const chain = element("div", { className: "ks-way" }, hops); // and the dot
  const past = makePast(model);
  const [advice, story] = [folding("ks-advice", element("div")), folding("ks-story", element("div"))];
  story.summary.textContent = "Why? The last attempt, step by step";
  const { node, summary } = folding("ks-path", chain, past.node, advice.node, story.node);
  let before = null; // the view that was drawn last
  const drawAdvice = (words) => {
    const made = html("div", "", words);
    for (const code of made.querySelectorAll("pre")) {
      const text = code.textContent;
      code.append(button("Fill in", () => terminal.fill(text), "Put it into the prompt"));
    }
    return made;
  };
  for (const part of [advice, story]) part.node.addEventListener("click", ({ detail }) => detail && terminal.focus());
  return {
    node,
    fold: (folded) => (node.open = !folded),
    draw(view) {
      const { title = "", concealed = title ? "" : NO_POD, attempt, broken } = view;
      setText(summary, title ? `The path of the image: ${title}` : "The path of an image");
      keepOne(hops, concealed ? `<p>${concealed}</p>` : view.chain, (words) =>
        html("div", "", words.replaceAll("</div><div>", "</div> <div>"))); // or words run together
      past.draw();
      if (before && attempt && attempt !== before.attempt) travel(chain);
      if (title !== (before?.title ?? "")) advice.node.open = story.node.open = false;
      before = view;
      node.classList.toggle("ks-broken", Boolean(broken));
      setText(advice.summary, broken ? "What's wrong, and how to fix it" : "In one sentence");
      keepOne(advice.node.lastChild, view.advice, drawAdvice);
      keepOne(story.node.lastChild, view.story, (words) => html("div", "", words));
      advice.node.hidden = !view.advice;
      story.node.hidden = !view.story;
    },
  };
}

function makeCluster(model, terminal) {
  const list = element("div");
  const { node, summary } = folding("ks-cluster", list);
  summary.textContent = "The cluster";
  // A Pod comes into focus as well.
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
