// The page's Python. It has no connection: it is made of what the page has loaded, and inherits that none is allowed.
let explain;
const begun = new Promise((go) => addEventListener("message", ({ data }) => go(data), { once: true }));

const ready = begun.then(async ({ library, rooms, lock, module, python, parts }) => {
  const served = { ".zip": library, ".json": lock };
  globalThis.fetch = async (address) => {
    const kept = served[/\.\w+$/.exec(String(address).split("?")[0])?.[0]];
    return kept ? new Response(kept) : Object.assign(new Response(""), { isModule: true });
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    await source;
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
  const { loadPyodide } = await import(python);
  const options = { indexURL: new URL(".", python).href, stdLibURL: "https://kept/library.zip", lockFileURL: "https://kept/lock.json" };
  const pyodide = await loadPyodide({ ...options, packages: [] });
  pyodide.unpackArchive(rooms, "zip", { extractDir: "/rooms" });
  pyodide.runPython("import sys; sys.path.insert(0, '/rooms')");
  explain = pyodide.pyimport("ask").explain;
  postMessage({ isReady: true });
});
ready.catch((error) => postMessage({ failed: String(error.message ?? error) }));

addEventListener("message", async ({ data }) => {
  if (!data.number) return;
  await ready;
  postMessage({ number: data.number, ...JSON.parse(explain(data.text, data.reply)) });
});
