// The page's half of the map of progress (progress.py): the track, the table, download and upload. All words come from
// Python.

const NAME = "kubesim-progress.json";
const PULSES = 700; // milliseconds
const WAIT = 2000; // milliseconds without a reply until the file in `content` is saved: a download works without a kernel

// A link to a notebook. In JupyterLab it runs the command that opens a tab; other front ends follow the href.
function notebookLink(model, { href, title }) {
  const made = element("a", { href, textContent: title });
  const path = model.widget_manager?.context?.path;
  if (path && document.querySelector("#jp-main-dock-panel")) {
    made.dataset.commandlinkerCommand = "docmanager:open";
    made.dataset.commandlinkerArgs = JSON.stringify({ path: path.replace(/[^/]*$/, href) });
    trust(model, made);
  }
  return made;
}

function tableRow(model, row) {
  const bar = element("span", { className: "ks-bar", ariaHidden: "true" }, element("span"));
  bar.firstChild.style.width = `${100 * row.share}%`;
  const sign = markOf(row.sign);
  const title = element("th", { scope: "row" }, notebookLink(model, row));
  const cells = [row.questions, row.tasks].map((text) => element("td", { textContent: text || "–" }));
  const state = element("td", { className: "ks-state" }, sign, ` ${row.state}`);
  if (row.score) state.append(`, best score ${row.score}`);
  if (row.due) state.append(`, ${row.due} to review`);
  if (row.share > 0 && row.share < 1) state.append(bar);
  return element("tr", {}, title, ...cells, state);
}

// A heading above the first notebook of each part of the course.
function tableRows(model, rows) {
  return rows.flatMap((row, number) => {
    if (row.part === rows[number - 1]?.part) return [tableRow(model, row)];
    const heading = element("th", { scope: "rowgroup", colSpan: 4, className: "ks-part", textContent: row.part });
    return [element("tr", {}, heading), tableRow(model, row)];
  });
}

// The course as a track: a stop for each notebook, filled by its share, which pulses once if a review is due. It is
// hidden from screen readers and keyboard: the table below has the same words and the links.
function drawTrack(track, model, table) {
  const { rows } = model.get("content");
  const stopOf = (row) => {
    const stop = element("span", { className: "ks-halt", title: `${row.title}: ${row.state}${row.due ? `, ${row.due} to review` : ""}` },
      element("span", { textContent: /^\d+/.exec(row.title)?.[0] ?? "" }));
    stop.style.setProperty("--share", `${100 * row.share}%`);
    stop.dataset.state = row.state;
    stop.dataset.due = String(Boolean(row.due));
    stop.addEventListener("click", () => table.querySelector(`[href="${row.href}"]`)?.click());
    return stop;
  };
  const parts = [...new Set(rows.map(({ part }) => part))];
  keep(track, parts.map((part) => rows.filter((row) => row.part === part)), (ofPart) =>
    element("span", { className: "ks-stretch" }, element("small", { textContent: ofPart[0].part }),
      element("span", { className: "ks-halts" }, ...ofPart.map(stopOf))));
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const stop of track.querySelectorAll("[data-due=true]"))
    stop.animate([{ scale: 1 }, { scale: 1.25 }, { scale: 1 }], { duration: PULSES });
}

function drawTable(table, model) {
  const { total, rows } = model.get("content");
  const focused = table.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const heads = ["Notebook", "Questions", "Tasks", "State"].map((textContent) =>
    element("th", { scope: "col", textContent }));
  table.replaceChildren(
    element("caption", { textContent: total }),
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...tableRows(model, rows)));
  if (focused) table.querySelector(`[href="${focused}"]`)?.focus();
}

function save({ name, type, text }) {
  const made = element("a", { href: `data:${type};charset=utf-8,${encodeURIComponent(text)}`, download: name });
  document.body.append(made);
  made.click();
  made.remove();
}

function render({ model, el }) {
  let timer;
  const table = element("table");
  const track = element("div", { className: "ks-track", ariaHidden: "true" });
  const notice = element("p", { className: "ks-notice" });
  const due = element("p");
  const status = element("div", { className: "ks-said", role: "status" });
  const button = (textContent, onclick) => element("button", { type: "button", textContent, onclick });
  const store = (file) => {
    clearTimeout(timer);
    save(file);
  };
  const upload = element("input", { type: "file", accept: ".json,application/json" });
  upload.addEventListener("change", async () => {
    const [file] = upload.files;
    if (!file) return;
    send({ do: "upload", text: file.size > model.get("content").limit ? null : await file.text() });
    upload.value = ""; // else choosing the same file again would be no change
  });

  const card = element("section", { className: "ks-progress", ariaLabel: "Your progress" }, track, element("div", { className: "ks-table" }, table), due, notice,
    element("div", { className: "ks-buttons" },
      button("Refresh", () => send({ do: "refresh" })),
      button("Download my progress", () => {
        send({ do: "download" });
        timer = setTimeout(() => store({ name: NAME, type: "application/json", text: model.get("content").file }), WAIT);
      }),
      button("My skills, to print", () => send({ do: "skills", form: "html" })),
      button("My skills, as Markdown", () => send({ do: "skills", form: "markdown" })),
      element("label", {}, "Upload earlier progress ", upload)), status);
  const send = connect(model, card);
  keepKeys(card);

  const draw = () => {
    const content = model.get("content");
    drawTable(table, model);
    drawTrack(track, model, table);
    notice.innerHTML = content.notice;
    notice.hidden = !content.notice;
    due.innerHTML = content.due;
    due.hidden = !content.due;
  };
  const say = () => {
    const { ok, html } = model.get("feedback");
    status.replaceChildren(element("p", { className: ok ? "ks-ok" : "ks-no" }, markOf(ok ? "✓" : "✗"), " ", element("span", { innerHTML: html })));
  };
  const onMessage = (message) => message.do === "save" && store(message);
  // Asks for news when the map comes into view, as after another notebook. Python has no method "look", but refreshes.
  const watcher = new IntersectionObserver(([seen]) => seen.isIntersecting && send({ do: "look" }));

  model.on("change:content", draw);
  model.on("change:feedback", say);
  model.on("msg:custom", onMessage);
  draw();
  el.append(card);
  watcher.observe(card);
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
    model.off("change:content", draw);
    model.off("change:feedback", say);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
