// Draws the map of what is done. Python says everything that is shown; here are the table, the download and the upload.

const NAME = "kubesim-progress.json";
const PULSES = 700; // milliseconds
const WAIT = 2000; // milliseconds until the file as last known is stored, should the kernel not answer

// JupyterLab opens a notebook in a tab of its own if asked by this name; elsewhere the link is an ordinary one.
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

// The course as a track: a stop for each notebook, filled as far as it's solved; where a review is due, it pulses once. The
// table below says the same, and has the links for who uses no mouse.
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
    upload.value = ""; // so that the same file can be chosen again
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
  const send = live(model, card);
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
  // Whoever comes back from another notebook sees what was done there.
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
