// The kernel's worker, begun with the first frame: JupyterLab makes one only when a notebook is open, seconds later. This is
// JupyterLite's own worker, which is imported first, with a Python that is on its way already. JupyterLite asks this
// module for Pyodide ("pyodideUrl"), and gets that one; so does a worker of its own making, as after a restart.
import "{{WORKER}}";
import { loadPyodide as load } from "./pyodide.mjs";

const AHEAD = {{AHEAD}}; // ahead.py
const ROOT = new URL("../../", import.meta.url); // of the site, which the addresses are below
const options = {{OPTIONS}};
for (const name of ["stdLibURL", "lockFileURL"]) options[name] = new URL(options[name], ROOT).href;

const output = { stdout: console.log, stderr: console.error };
const stdout = (text) => output.stdout(text);
const stderr = (text) => output.stderr(text);
const python = load({ ...options, indexURL: new URL(".", import.meta.url).href, stdout, stderr }).then((pyodide) => {
  pyodide.runPython(AHEAD);
  return pyodide;
});
python.catch(() => {}); // whoever waits for it hears of an error

export async function loadPyodide({ stdout, stderr }) {
  Object.assign(output, { stdout, stderr });
  return python;
}
