// The page for pasting: loads Python for a worker, hands it what was pasted, and shows the parts of its answer as text.
// Once everything is there, it forbids itself and the worker each connection, so that nothing that is pasted can leave the tab.
const { files, examples, practice: playground, docs } = JSON.parse(`{{SETTINGS}}`);
const part = (id) => document.getElementById(id);
const box = part("pasted");
const answer = part("answer");
const HYPHENED = /([^\s-]*-\S*)/;
let number = 0; // of the question, whose answer is awaited
let last = "";

for (const [title, text] of Object.entries(examples)) {
  const button = made("button", title, { type: "button" });
  button.addEventListener("click", () => {
    box.value = text;
    ask();
  });
  const item = document.createElement("li");
  item.append(button);
  part("examples").append(item);
}
part("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
});
addEventListener("unhandledrejection", ({ reason }) => say(`This page couldn't load Python: ${reason?.message ?? reason}. Reload it to try again.`));
if (navigator.serviceWorker) navigator.serviceWorker.register("service-worker.js").catch(() => {});

const worker = begin();

// Fetches what Python needs, forbids connections, and then begins the worker, which inherits that from this page.
async function begin() {
  const [library, rooms, lock, module] = await Promise.all([
    load(files.library), load(files.rooms), load(files.lock), WebAssembly.compileStreaming(fetch(url(files.wasm))),
  ]);
  const code = await (await fetch(url(files.worker))).text();
  forbid("default-src 'none'; connect-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; worker-src 'self' blob:");
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const begun = new Worker(address, { type: "module" });
  begun.postMessage({ library, rooms, lock, module, python: url(files.python), parts: url(files.parts) });
  return new Promise((ready, fail) => {
    begun.addEventListener("error", ({ message }) => fail(new Error(message)));
    begun.addEventListener("message", ({ data }) => {
      if (data.isReady) {
        say(number ? "" : "Ready.");
        ready(begun);
      } else if (data.failed) fail(new Error(data.failed));
      else if (data.number === number) show(data);
    });
  });
}

function url(file) {
  return new URL(file, import.meta.url).href;
}

async function load(file) {
  const got = await fetch(url(file));
  if (!got.ok) throw new Error(`${file.split("/").pop()} didn't load`);
  return got.arrayBuffer();
}

function forbid(content) {
  document.head.append(Object.assign(document.createElement("meta"), { httpEquiv: "Content-Security-Policy", content }));
}

function say(words) {
  part("state").textContent = words;
}

async function ask(reply = "") {
  const text = reply ? last : box.value;
  last = text;
  number += 1;
  const asked = number;
  say("Reading what you pasted …");
  const python = await worker;
  if (asked === number) python.postMessage({ number, text, reply });
}

// --- the answer, whose every word is set as text: nothing in it is read as HTML

function show({ error, flows, rests, markdown }) {
  answer.hidden = false;
  if (error) {
    say("That can't be explained.");
    answer.replaceChildren(made("p", error, { className: "wrong" }));
  } else {
    say("Explained.");
    answer.replaceChildren(...flows.flatMap(story), ...rests.map((line) => made("p", line)), row(copier(markdown)));
  }
  answer.focus({ preventScroll: true });
  answer.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

// The verdict comes first; what else it may be is folded, a line each.
function story({ subject, parts, practice }) {
  const nodes = [];
  let other = null;
  for (const told of parts) {
    if (told.isOther && told.form === "paragraph") nodes.push((other = details(`${told.title}: ${told.lines.join(" ")}`)));
    else if (told.isOther) other.append(...shown(told));
    else nodes.push(...shown(told));
    if (told.form === "verdict") nodes.push(made("p", subject, { className: "subject" }));
    if (told.asks) nodes.push(row(button("Yes", () => ask("yes")), button("No", () => ask("no"))));
  }
  if (!parts.some(({ form }) => form === "verdict")) nodes.unshift(made("h2", subject));
  if (practice) nodes.push(row(link(`${playground}${practice}`, "Practice it: a broken cluster with this failure", "button")));
  return nodes;
}

function shown({ form, title, note, lines }) {
  const heading = title ? [made("h3", `${title}${note}`)] : [];
  switch (form) {
    case "verdict":
      return [made("h2", `${title}${note}: ${lines.join(" ")}`, { className: "verdict" })];
    case "evidence":
    case "fix":
    case "check":
    case "command":
      return [...heading, ...lines.map(command)];
    case "steps":
      return [details(title, list("ol", lines))];
    case "points":
      return [details(`${title}${note}`, list("ul", lines))];
    case "link": {
      const [page, heading] = lines[0].replace(/^docs\//, "").split("#");
      return [whole("p", `${title}: `, link(`${docs}${page}`, heading.replaceAll("-", " ")))];
    }
    default:
      return [made("p", [title, lines.join(" ")].filter(Boolean).join(": "))];
  }
}

// A command, which breaks at its spaces and not at the hyphens of its options.
function command(line) {
  const words = line.split(HYPHENED).map((part, place) => (place % 2 ? made("span", part, { className: "word" }) : part));
  return Object.assign(whole("pre", ...words), { tabIndex: 0 });
}

function details(title, ...inside) {
  return whole("details", made("summary", title), ...inside);
}

function list(name, lines) {
  return whole(name, ...lines.map((line) => made("li", line)));
}

function whole(name, ...inside) {
  const node = document.createElement(name);
  node.append(...inside);
  return node;
}

function row(...inside) {
  return Object.assign(whole("div", ...inside), { className: "row" });
}

function link(href, words, className = "") {
  return made("a", words, { href, className });
}

function button(words, act) {
  const node = made("button", words, { type: "button" });
  node.addEventListener("click", act);
  return node;
}

function copier(markdown) {
  return button("Copy as Markdown", async () => {
    await navigator.clipboard.writeText(markdown);
    say("Copied, for a ticket.");
  });
}

function made(name, words, more = {}) {
  return Object.assign(document.createElement(name), { textContent: words, ...more });
}
