// The kernel's worker, begun with the first frame: JupyterLab makes one only when a notebook is open, seconds later. This is
// JupyterLite's own worker, which is imported first, with a Python that is on its way already. JupyterLite asks this
// module for Pyodide ("pyodideUrl"), and gets that one; so does a worker of its own making, as after a restart.
import "{{WORKER}}";
import { loadPyodide as load } from "./pyodide.mjs";

// Imported as long as nobody waits for Python, in this order: what a notebook's first cells need.
const AHEAD = {{AHEAD}};
const ROOT = new URL("../../", import.meta.url); // of the site, which the addresses are below
const options = {{OPTIONS}};
for (const name of ["stdLibURL", "lockFileURL"]) options[name] = new URL(options[name], ROOT).href;

const output = { stdout: console.log, stderr: console.error };
const stdout = (text) => output.stdout(text);
const stderr = (text) => output.stderr(text);
let isAwaited = false;
const python = load({ ...options, indexURL: new URL(".", import.meta.url).href, stdout, stderr });
python.then(importAhead).catch(() => {}); // whoever waits for it hears of an error

export async function loadPyodide({ stdout, stderr }) {
  isAwaited = true;
  Object.assign(output, { stdout, stderr });
  return python;
}

async function importAhead(pyodide) {
  for (const module of AHEAD) {
    await new Promise((go) => setTimeout(go)); // a message that has come meanwhile is read first
    if (isAwaited) return;
    pyodide.runPython(`import ${module}`);
  }
}
