// node compile.mjs PYODIDE PACKAGES SCRIPT: run SCRIPT in Pyodide, which is also its folder /pyodide, beside /packages.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [runtime, packages, script] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: runtime });
pyodide.mountNodeFS("/pyodide", runtime);
pyodide.mountNodeFS("/packages", packages);
pyodide.runPython(readFileSync(script, "utf8"));
