// The road at the top of the workbench: the hops of a pull as stations on one line, and the words of the chosen one
// below. After a change, a packet moves from kubectl to the last station reached, and back from the one where the pull
// is stuck. Nothing moves with prefers-reduced-motion. The data are the trait `path` (road.py), and the stations are
// real text.

const STEP = 120; // milliseconds from one station to the next
const BACK = 60; // milliseconds from one station to the next on the way back
const PULSE = 700; // milliseconds
const NO_POD = "The path is drawn as soon as there's a Pod.";
const DAY = 86400; // seconds
const NEXT_KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const RING = "M18 2a16 16 0 1 1 0 32a16 16 0 1 1 0-32"; // the circle around the icon of a waiting station

const secondsOf = (time) => time.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);

function makeRoad(model) {
  const about = element("b");
  const next = element("span", { className: "ks-next-try" });
  const list = element("ol", { className: "ks-stations" });
  const packet = element("span", { className: "ks-packet", ariaHidden: "true", hidden: true });
  const words = element("div");
  const evidence = element("span", { className: "ks-evidence" });
  const node = element("section", { className: "ks-road", ariaLabel: "The path of the image" },
    element("p", { className: "ks-about" }, about, next), element("div", { className: "ks-way" }, list, packet), element("div", { className: "ks-told" }, words, evidence));
  let chosen = ""; // the key of the station that the learner picked; "" for the usual one
  let before = null; // the value of `path` drawn last

  const view = () => model.get("path");
  const buttons = () => [...list.querySelectorAll("button")];
  const stuckAt = (stations) => stations.findIndex(({ rank, icon }) => rank === "cause" || icon === "failed");
  const lastReached = (stations) => stations.findLast(({ icon }) => ["passed", "waiting"].includes(icon));
  const usual = (stations) => (stations[stuckAt(stations)] ?? lastReached(stations) ?? stations[0])?.key;

  // Shows the number of lines in the last output about the chosen station (evidence.js).
  const showCount = (count) => setText(evidence, count ? `${count === 1 ? "1 line" : `${count} lines`} about this below` : "");

  // Shows the words of the chosen station, or of the usual one. The list has one tab stop, on that station.
  function drawWords() {
    const now = view();
    const key = now.stations?.some((one) => one.key === chosen) ? chosen : usual(now.stations ?? []);
    for (const one of buttons()) {
      one.tabIndex = one.dataset.key === key ? 0 : -1;
      one.ariaPressed = String(one.dataset.key === key);
    }
    const station = now.stations?.find((one) => one.key === key);
    keepOne(words, station && [station, now.title, now.sent, now.answered, now.concealed ?? ""], () => stationWords(station, now));
  }

  function choose(key) {
    chosen = key;
    drawWords();
    node.dispatchEvent(new CustomEvent("kubesim-station", { detail: key, bubbles: true }));
  }

  list.addEventListener("click", ({ target }) => choose(target.closest("button")?.dataset.key ?? ""));
  list.addEventListener("keydown", (event) => {
    const by = NEXT_KEYS[event.key];
    if (!by) return;
    const all = buttons();
    const to = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
    to.focus();
    choose(to.dataset.key);
    event.preventDefault();
  });

  // Shows the simulated time until the next attempt, and the share of the back-off that is left as a ring.
  function drawWait() {
    const { next: at = "", pause = 0 } = view();
    const left = at ? (secondsOf(at) - secondsOf(model.get("time")) + DAY) % DAY : 0;
    setText(next, at ? `Next attempt in ${spell(left)}` : "");
    list.querySelector("[data-icon=waiting] .ks-ring")?.setAttribute("stroke-dasharray", `${100 * Math.min(1, left / (pause || left || 1))} 100`);
  }

  function draw() {
    const now = view();
    if (!now.stations) return;
    setText(about, now.about || "The path of an image");
    if (before && now.title !== before.title) chosen = "";
    const hadFocus = list.contains(document.activeElement);
    keep(list, now.stations, stationOf);
    drawWords();
    if (hadFocus) list.querySelector("[tabindex='0']")?.focus();
    drawWait();
    const isOtherAttempt = before && now.attempt !== before.attempt;
    if (isOtherAttempt) showCount(0);
    const hasChanged = before?.title === now.title && JSON.stringify(now.stations) !== JSON.stringify(before.stations);
    const hasMoved = hasChanged || (isOtherAttempt && now.attempt);
    if (hasMoved && now.title && list.checkVisibility() && !matchMedia("(prefers-reduced-motion: reduce)").matches)
      travel(list, packet, stuckAt(now.stations), before.stations);
    before = now;
  }

  model.on("change:path", draw);
  model.on("change:time", drawWait);
  draw();
  return { node, choose: (key) => view().stations?.some((one) => one.key === key) && choose(key), showCount };
}

function stationOf({ key, title, icon, rank, state }) {
  const sign = markOf(Object.keys(ICONS).find((one) => ICONS[one] === icon) ?? "○");
  const stop = element("span", { className: "ks-stop", ariaHidden: "true" }, sign);
  if (icon === "waiting") stop.append(ring());
  const made = element("button", { type: "button" }, stop, element("b", {}, ...breakable(title)), " ", element("small", {}, element("span", {}, ...breakable(state))));
  Object.assign(made.dataset, { key, icon, rank });
  return element("li", {}, made);
}

// Words that may break before capitals inside them, as in ImagePullBackOff.
const breakable = (words) => words.split(/(?<=[a-z])(?=[A-Z])/).flatMap((part, number) => (number ? [element("wbr"), part] : [part]));

function ring() {
  const made = html("span", "", `<svg viewBox="0 0 36 36"><path class="ks-ring" pathLength="100" d="${RING}"/></svg>`);
  return made.firstChild;
}

// The words of a station. The kubelet also shows its request, the registry the answer, and the cause both.
function stationWords({ key, title, words, rank, state, icon }, { sent, answered, title: pod, concealed }) {
  const line = pod ? element("p", {}, element("b", { textContent: title }), ` ${words || state}`) : element("p", {}, NO_POD);
  const made = element("div", { className: `ks-words ks-${rank || icon}` }, line);
  const wire = [];
  if (sent && (key === "kubelet" || (key === "registry" && rank === "cause"))) wire.push(" ", element("code", { textContent: sent }));
  if (sent && (key === "registry" || rank === "cause")) wire.push(" → ", element("code", { textContent: answered }));
  made.append(...wire);
  if (concealed && pod) made.append(" ", html("p", "ks-how", concealed));
  return made;
}

// Moves the packet from the first station to the last one reached, or to the number `stuck` and back. Stations whose
// state has changed since `before` fade in when the packet arrives. A pull that reaches the last station ends with a
// pulse.
function travel(list, packet, stuck, before) {
  const items = [...list.children];
  const isStuck = stuck >= 0;
  const end = isStuck ? stuck : items.findLastIndex(isReached);
  if (end < 1) return;
  for (const one of list.getAnimations({ subtree: true })) one.cancel();
  packet.hidden = false;
  packet.className = "ks-packet";
  items.forEach((item, number) => {
    if (item.firstChild.dataset.icon !== before[number]?.icon)
      item.animate([{ opacity: 0.3 }, { opacity: 1 }], { delay: STEP * Math.min(number, end + 1), duration: STEP, fill: "backwards" });
  });
  setTimeout(() => packet.classList.toggle("ks-bounced", isStuck), STEP * end);
  const duration = STEP * end + (isStuck ? BACK * end : 0);
  packet.animate(wayOf(items, end, isStuck, duration), { duration }).finished.then(() => {
    packet.hidden = true;
    packet.classList.remove("ks-bounced");
    if (!isStuck && end === items.length - 1) pulse(items[end].querySelector(".ks-stop"));
  }, () => {});
}

const isReached = ({ firstChild: { dataset } }) => ["passed", "failed"].includes(dataset.icon) && dataset.rank !== "follows";

// The packet's places as frames of an animation: each station up to the number `end`, and back if the pull is stuck there.
function wayOf(items, end, isStuck, duration) {
  const there = items.slice(0, end + 1).map((item, number) => ({ transform: placeOf(item), offset: (STEP * number) / duration }));
  const back = there.slice(0, -1).reverse().map((frame, number) => ({ ...frame, offset: (STEP * end + BACK * (number + 1)) / duration }));
  return isStuck ? [...there, ...back] : there;
}

function placeOf(item) {
  const stop = item.querySelector(".ks-stop");
  return `translate(${item.offsetLeft + stop.offsetLeft + stop.offsetWidth / 2}px, ${stop.offsetTop + stop.offsetHeight / 2}px)`;
}

function pulse(stop) {
  const wide = { boxShadow: "0 0 0 14px transparent" };
  stop.animate([{ boxShadow: "0 0 0 0 currentColor" }, wide], { duration: PULSE, easing: "ease-out" });
}
