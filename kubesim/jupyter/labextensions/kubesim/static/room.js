// A JupyterLab extension, without a build step: this is the form in which JupyterLab loads prebuilt extensions.
//
// Lesson mode ("room"): a page that begins with a lesson shows no menu, bars or tabs, but a slim header, and runs the
// cells of the workbench and the questions. "Show JupyterLab" turns it off, for later visits, too. In all other pages,
// a lesson's text has from the start the width that it has beside the workbench, so that no text wraps anew when the
// workbench docks. Commands in cells don't break at hyphens. And opening a notebook doesn't mark it as changed.

{
  const WORKBENCH = /^%workbench\b/m; // a line of a lesson's setup cell
  const CARDS = /^%(quiz|predict|explore|review)\b/; // cells that draw a card, and change nothing in the cluster
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const PATIENCE = 2000; // milliseconds; a kernel in the page (Pyodide) never answers a comm info request, and has no comms
  const AT_ONCE = "at-once"; // the tag of cells that run when their lesson is opened
  const SHOWN = "kubesim: JupyterLab is shown"; // a key in localStorage: lesson mode is turned off
  const IN_ROOM = "kubesim: this tab is a room"; // a key in sessionStorage; its values are the next two
  const [YES, NO] = ["yes", "no"];

  const HYPHENED = /[\w./:=@]*-[\w./:=@-]+/g; // words with hyphens, where a browser would break a line
  const WAYS = { ArrowUp: -1, ArrowDown: 1, k: -1, j: 1 }; // the keys that lead to the next cell
  const SIDE_BARS = 66; // the width of JupyterLab's two side bars, in CSS pixels
  const sizes = import(new URL("sizes.js", document.currentScript.src));

  // 7.5px are the rims of the dock. The font is larger than JupyterLab's own, unless the user has chosen one: JupyterLab
  // writes that into the style attribute of <html>.
  const styleFor = ({ BESIDE, NOTEBOOK_SHARE }) => `
    html.ks-lessons { --jp-content-font-size1: 16px; }
    body { --ks-bars: ${SIDE_BARS}px; }
    body.ks-room { --ks-bars: 0px; }
    @media (min-width: ${BESIDE + SIDE_BARS}px) {
      #jp-main-dock-panel:not([data-mode=single-document]) > .ks-awaits .jp-WindowedPanel-outer {
        box-sizing: border-box;
        padding-right: max(0px, 100% - (100vw - var(--ks-bars)) * ${NOTEBOOK_SHARE.right} + 7.5px) !important; /* the page sets 0 there itself */
      }
    }
    .ks-awaits .jp-WindowedPanel-outer::after { visibility: hidden; } /* blank, but browsers count it as a layout shift */

    .ks-room .ks-awaits .jp-Cell-inputWrapper:has(.jp-InputPlaceholder) { display: none; } /* the workbench hides them later */
    .ks-room :is(#jp-top-panel, #jp-bottom-panel, .lm-DockPanel-tabBar, .jp-NotebookPanel-toolbar) { min-height: 0 !important; max-height: 0.01px !important; }
    .ks-room :is(#jp-top-panel, #jp-bottom-panel, .lm-DockPanel-tabBar, .jp-NotebookPanel-toolbar, .jp-SideBar) { visibility: hidden !important; overflow: hidden; border: 0 !important; }
    .ks-room :is(.lm-DockPanel-tabBar, .jp-NotebookPanel-toolbar, .jp-SideBar) * { visibility: hidden !important; }
    .ks-room .jp-SideBar { min-width: 0 !important; max-width: 0.01px !important; } /* a 0 would be taken for no limit */
    .ks-room :is(.jp-cell-toolbar, .jp-Notebook-footer, .jp-Collapser, .jp-collapseHeadingButton, .jp-Cell:has(.ks-opener-of-bench)) { display: none !important; }
    .ks-room .jp-Notebook .jp-Cell, .ks-room .jp-Notebook .jp-MarkdownOutput { border-color: transparent !important; box-shadow: none !important; }
    .ks-room.ks-by-keys .jp-Notebook .jp-Cell:focus-visible { box-shadow: inset 3px 0 var(--jp-brand-color1) !important; }
    .ks-room .jp-Notebook .jp-CodeCell.jp-mod-active .jp-InputArea-editor { border-color: var(--jp-brand-color1); }
    .ks-room #jp-main-dock-panel { padding: 0 !important; background: var(--jp-layout-color1); }
    .ks-room .lm-DockPanel-widget { border: 0 !important; }
    .ks-room .ks-dock { border-left: 1px solid var(--jp-border-color2); }
    .ks-room-header {
      display: flex; gap: 12px; align-items: center; box-sizing: border-box; height: 36px; min-height: 36px; padding: 0 16px;
      color: var(--jp-ui-font-color1); background: var(--jp-layout-color1); border-bottom: 1px solid var(--jp-border-color2);
      font: 13px/1.5 var(--jp-ui-font-family);
    }
    #kubesim-enter { flex: none; align-self: center; margin-left: auto; padding: 0 12px; }
    .ks-room-header > * { flex: none; white-space: nowrap; }
    .ks-room-header > :nth-child(2) { flex: 0 1 auto; overflow: hidden; text-overflow: ellipsis; }
    .ks-room-header > :nth-child(3) { color: var(--jp-ui-font-color2); }
    .ks-room-header button, .ks-room-enter {
      padding: 2px 8px; color: inherit; background: none; border: 1px solid transparent; border-radius: 6px; font: inherit; cursor: pointer;
    }
    .ks-room-header button:hover, .ks-room-enter:hover { border-color: var(--jp-border-color1); }
    .ks-room-header button:focus-visible, .ks-room-enter:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
    .ks-room-header button:first-child { font-weight: 700; }
    .ks-room-header button:last-child { margin-left: auto; }
    @media (max-width: 700px) {
      .ks-room-header { gap: 4px; padding: 0 8px; }
      .ks-room-header button > span { display: none; }
    }
  `;

  // True if a page that begins with a lesson starts in lesson mode. The tab's own last choice counts first, so that a
  // reload changes nothing; JupyterLab itself reloads a second tab.
  const isWanted = () => (sessionStorage.getItem(IN_ROOM) ?? (localStorage.getItem(SHOWN) ? NO : YES)) === YES;

  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // Keeps a new kernel from marking the notebook as changed: JupyterLab writes the kernel's name into the metadata.
  async function keepSaved(model, kernel) {
    if (model.dirty) return;
    const cells = () => JSON.stringify(model.sharedModel.toJSON().cells);
    const before = cells();
    await Promise.all([kernel.info, kernel.spec]);
    if (!model.isDisposed && cells() === before) model.dirty = false;
  }

  // Lumino's class Widget, the last one before Object in a widget's prototype chain. JupyterLab doesn't export it.
  function widgetClass(widget) {
    let kind = Object.getPrototypeOf(widget);
    while (Object.getPrototypeOf(kind) !== Object.prototype) kind = Object.getPrototypeOf(kind);
    return kind.constructor;
  }

  // Has every part lay itself out again: Lumino doesn't notice parts hidden by a style sheet, and keeps their room.
  function layOut(widget) {
    for (const child of widget.layout ?? []) layOut(child);
    widget.processMessage({ type: "fit-request" });
  }

  function makeRoom({ shell, commands }, panel) {
    const home = make("button", { type: "button", textContent: "kubesim", title: "To the first lesson, which has the map" });
    const title = make("span");
    const step = make("span", { role: "status" });
    const leave = make("button", { type: "button", title: "With its menus, files and tabs" }, make("span", {}, "Show "), "JupyterLab");
    const node = make("header", { className: "ks-room-header" }, home, title, step, leave);
    const Widget = widgetClass(panel);
    const header = Object.assign(new Widget({ node }), { id: "kubesim-room" });
    shell.add(header, "header", { rank: 0 });
    let current = panel;
    for (const part of [header, header.parent]) part.hide();
    const enter = make("button", { type: "button", className: "ks-room-enter", textContent: "Lesson mode", onclick: () => change(true) });
    shell.add(Object.assign(new Widget({ node: make("div", {}, enter) }), { id: "kubesim-enter" }), "top", { rank: 2000 });

    // Turns lesson mode on or off. The tab and later visits keep that.
    const show = (isRoom) => {
      document.body.classList.toggle("ks-room", isRoom);
      localStorage[isRoom ? "removeItem" : "setItem"](SHOWN, YES);
      sessionStorage.setItem(IN_ROOM, isRoom ? YES : NO);
      if (isRoom) {
        shell.collapseLeft();
        shell.collapseRight();
      }
      for (const part of [header, header.parent]) part.setHidden(!isRoom);
      layOut(shell);
    };
    // The same at the learner's wish, when the notebook is open already.
    const change = (isRoom) => {
      show(isRoom);
      current.content.node.focus({ preventScroll: true });
      if (isRoom) runFirstCells(current);
    };
    // Names the lesson that has come to the front.
    const follow = (lesson) => {
      current = lesson;
      const path = lesson.context.path.split("/").pop().replace(/\.ipynb$/, "");
      const heading = lesson.content.model?.sharedModel.cells[0]?.source.match(/^# +(.+)/m)?.[1];
      title.textContent = [/^\d+(?=-)/.exec(path)?.[0], heading ?? path].filter(Boolean).join(" · ");
      step.textContent = "";
    };
    // The cell with the focus is marked for those who use the keyboard. The first one has the focus from the start.
    addEventListener("keydown", () => document.body.classList.add("ks-by-keys"), true);
    addEventListener("pointerdown", () => document.body.classList.remove("ks-by-keys"), true);
    home.addEventListener("click", () => {
      const folder = current.context.path.split("/").slice(0, -1);
      commands.execute("docmanager:open", { path: [...folder, "00-start.ipynb"].join("/"), factory: "Notebook" });
    });
    leave.addEventListener("click", () => change(false));
    addEventListener("kubesim-step", ({ target, detail: { number, of } }) => {
      if (current.node.contains(target)) step.textContent = `step ${number}/${of}`;
    });
    return { show, follow };
  }

  // JupyterLab's keys skip a cell whose input is hidden: in a lesson, that's a question, and they reach it.
  function reachQuestions({ content, node }) {
    const go = (event) => {
      const way = WAYS[event.key];
      const isPlain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey);
      if (!way || !isPlain || content.mode !== "command" || !event.target.matches?.(".jp-Cell, .jp-Notebook")) return;
      const next = content.widgets[content.activeCellIndex + way];
      if (!next?.inputHidden || !node.contains(event.target) || getComputedStyle(next.node).display === "none") return;
      event.preventDefault();
      event.stopPropagation();
      content.deselectAll();
      content.activeCellIndex += way;
      content.scrollToItem(content.activeCellIndex, "smart").then(() => next.node.focus({ preventScroll: true }));
    };
    addEventListener("keydown", go, true); // before JupyterLab, which listens at the document
    content.disposed.connect(() => removeEventListener("keydown", go, true));
  }

  // Runs the cells of the workbench and the questions, unless the notebook shows widgets that its kernel has, as it
  // does after a reload of a saved notebook. One that isn't trusted shows none: not all of its cells ran here.
  async function runFirstCells({ sessionContext, content, context }) {
    await sessionContext.ready;
    const { kernel } = sessionContext.session ?? {};
    if (!kernel) return;
    const asked = kernel.requestCommInfo({ target_name: "jupyter.widget" }).then((reply) => reply.content.comms);
    const comms = (await Promise.race([asked, new Promise((go) => setTimeout(go, PATIENCE))])) ?? {};
    const code = content.widgets.filter(({ model }) => model.type === "code");
    const setup = code.find(({ model }) => WORKBENCH.test(model.sharedModel.source));
    if (!setup) return;
    const isThere = ({ data }) => data?.[VIEW]?.model_id in comms;
    if (setup.model.trusted && setup.model.outputs.toJSON().some(isThere)) return;
    const isFresh = !Object.keys(comms).length;
    const isAtOnce = ({ model }) =>
      CARDS.test(model.sharedModel.source) || (isFresh && model.getMetadata("tags")?.includes(AT_ONCE));
    const wasSaved = !context.model.dirty;
    const runs = [setup, ...code.filter(isAtOnce)];
    await Promise.allSettled(runs.map((cell) => cell.constructor.execute(cell, sessionContext)));
    if (wasSaved && !context.model.isDisposed) context.model.dirty = false; // the learner has changed nothing
  }

  // The extension of all editors that puts each word with hyphens into an element: a browser would break a line there.
  // JupyterLab shares its own modules in the `scope`.
  async function keepWords(scope) {
    const load = async (name) => (await Object.values(scope[name])[0].get())();
    const [{ Decoration, EditorView, MatchDecorator }, { EditorExtensionRegistry: kind, IEditorExtensionRegistry }] =
      await Promise.all([load("@codemirror/view"), load("@jupyterlab/codemirror")]);
    const words = new MatchDecorator({ regexp: HYPHENED, decoration: Decoration.mark({ class: "ks-word" }) });
    const extension = EditorView.decorations.of((view) => words.createDeco(view));
    return {
      id: "kubesim:words",
      autoStart: true,
      requires: [IEditorExtensionRegistry],
      activate: (_, extensions) =>
        extensions.addExtension({ name: "kubesim-words", factory: () => kind.createImmutableExtension(extension) }),
    };
  }

  const extension = {
    id: "kubesim:room",
    autoStart: true,
    activate(app) {
      const { docRegistry, shell, restored } = app;
      sizes.then((shared) => document.head.append(make("style", { textContent: styleFor(shared) })));
      let room = null;

      const openLesson = (panel) => {
        panel.addClass("ks-awaits");
        document.documentElement.classList.add("ks-lessons");
        // Hide the list of files, unless the user has clicked anything, such as the notebook in that list.
        const isBeginning = !navigator.userActivation?.hasBeenActive;
        if (isBeginning) restored.then(() => shell.collapseLeft?.());
        if (!room && shell.mode && shell.collapseRight) { // JupyterLab's: Notebook 7 has no place for the header
          room = makeRoom(app, panel);
          if (isBeginning && isWanted()) restored.then(() => room.show(true));
          else sessionStorage.setItem(IN_ROOM, NO);
        }
        if (!panel.isHidden) room?.follow(panel); // JupyterLab opens the tabs of the last visit, too
        const isRoom = () => document.body.classList.contains("ks-room");
        Promise.all([restored, panel.revealed]).then(() => isRoom() && runFirstCells(panel));
      };

      shell.currentChanged?.connect((_, { newValue }) => newValue?.hasClass?.("ks-lesson-panel") && room?.follow(newValue));
      const createNew = (panel, { ready, model, sessionContext }) => {
        sessionContext.kernelChanged.connect((_, { newValue: kernel }) => kernel && keepSaved(model, kernel));
        ready.then(() => {
          if (![...model.cells].some(({ sharedModel }) => WORKBENCH.test(sharedModel.source))) return;
          panel.addClass("ks-lesson-panel");
          reachQuestions(panel);
          openLesson(panel);
        });
      };
      docRegistry.addWidgetExtension("Notebook", { createNew });
    },
  };

  let scope = null;
  const get = async () => {
    const words = await keepWords(scope).catch(() => null);
    return () => [extension, words].filter(Boolean);
  };
  (globalThis._JUPYTERLAB ??= {}).kubesim = { init: (shared) => (scope = shared), get };
}
