// What JupyterLab loads with its page: a lesson's text has the width from the start that it keeps beside the workbench,
// so that nothing that is being read wraps anew when the workbench docks. From then on, static/workbench.js has the say.
// And a notebook that was only opened has nothing to save.
// No build makes this file: it is an extension in the form in which JupyterLab looks for one.

{
  const WORKBENCH = /^%workbench\b/m; // in the cell that sets a lesson up

  // Where the workbench will dock, and what it leaves to the notebook, are BESIDE and NOTEBOOK_SHARE of static/dock.js;
  // 66px are JupyterLab's bars at both sides, and 7.5px the rims of the dock.
  const STYLE = `
    @media (min-width: 1166px) {
      #jp-main-dock-panel:not([data-mode=single-document]) > .ks-awaits .jp-WindowedPanel-outer {
        box-sizing: border-box;
        padding-right: max(0px, 100% - (100vw - 66px) * 0.57 + 7.5px) !important; /* the page sets 0 there itself */
      }
    }
    .ks-awaits .jp-WindowedPanel-outer::after { visibility: hidden; } /* blank, but a browser counts it among what moves */
  `;

  // JupyterLab notes in a notebook which kernel it has just got, and takes that for a change that is to be saved.
  async function keepSaved(model, kernel) {
    if (model.dirty) return;
    const cells = () => JSON.stringify(model.sharedModel.toJSON().cells);
    const before = cells();
    await Promise.all([kernel.info, kernel.spec]);
    if (!model.isDisposed && cells() === before) model.dirty = false;
  }

  const extension = {
    id: "kubesim:room",
    autoStart: true,
    activate({ docRegistry, shell, restored }) {
      document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
      const createNew = (panel, { ready, model, sessionContext }) => {
        sessionContext.kernelChanged.connect((_, { newValue: kernel }) => kernel && keepSaved(model, kernel));
        ready.then(() => {
          if (![...model.cells].some(({ sharedModel }) => WORKBENCH.test(sharedModel.source))) return;
          panel.addClass("ks-awaits");
          // A lesson that the page begins with has no list of files beside it. Whoever opens one from the list keeps that.
          if (!navigator.userActivation?.hasBeenActive) restored.then(() => shell.collapseLeft?.());
        });
      };
      docRegistry.addWidgetExtension("Notebook", { createNew });
    },
  };

  const get = async () => () => extension;
  (globalThis._JUPYTERLAB ??= {}).kubesim = { init() {}, get };
}
