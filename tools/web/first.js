// The first page: three switches move the road, which is the workbench's (road.js), and who comes back goes on.

const PLACE_OF_LAST = "kubesim last place"; // as steps.js keeps it
const START = "lab/index.html?path=notebooks/00-start.ipynb";

const scenes = JSON.parse(document.querySelector("#scenes").textContent);
const switches = [...document.querySelectorAll("#switches input")];
const listeners = [];
const positions = () => switches.map(({ checked }) => Number(checked)).join("");
const model = {
  get: (name) => (name === "path" ? scenes[positions()] : "00:00:00"),
  on: (name, draw) => name === "change:path" && listeners.push(draw),
};

function draw() {
  const { screen, problem } = scenes[positions()];
  listeners.forEach((change) => change());
  document.querySelector("#screen").textContent = `$ kubectl get pods\n${screen}`;
  document.querySelector("#verdict").textContent = problem;
  document.querySelector("#lab").classList.toggle("green", positions() === "111");
}

document.querySelector("#road").append(makeRoad(model).node);
for (const one of switches) one.addEventListener("change", draw);
draw();

// "Continue: 03, step 4", for who has been here.
function offerToContinue() {
  const main = document.querySelector("#main");
  let last = null;
  try {
    last = JSON.parse(localStorage.getItem(PLACE_OF_LAST) ?? "null");
  } catch {
    return; // a browser that keeps nothing, or something else under that name
  }
  const path = typeof last?.path === "string" ? last.path : "";
  const [, name] = /^notebooks\/([\w-]+)\.ipynb$/.exec(path) ?? [];
  if (!name || !Number.isInteger(last.step)) return;
  const number = /^\d\d/.exec(name)?.[0] ?? name;
  document.querySelector("#others").prepend(element("a", { href: START, textContent: "Start again: fix your first Pod" }));
  main.href = `lab/index.html?path=notebooks/${name}.ipynb`;
  main.textContent = `Continue: ${number}, step ${last.step}`;
}

offerToContinue();

// Who reads this page is going to need these, unless they want to save data.
const files = JSON.parse(document.querySelector("#early").textContent);
const load = () => files.forEach((name) => fetch(name).then((answer) => answer.arrayBuffer(), () => {}));
if (!navigator.connection?.saveData) addEventListener("load", load);
