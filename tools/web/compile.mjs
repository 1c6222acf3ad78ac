// node compile.mjs PYODIDE WHEELS SCRIPT: run SCRIPT in Pyodide, with the folder WHEELS as /wheels.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [runtime, wheels, script] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: runtime });
pyodide.mountNodeFS("/wheels", wheels);
pyodide.runPython(readFileSync(script, "utf8"));
