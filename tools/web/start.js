// Runs in the first frame, before JupyterLab: loads Python and counts what has come, shows the stored notebook meanwhile,
// says what went wrong, and keeps the page usable where the browser stores nothing. site.js tells it what comes later.
(() => {
  const SILENCE = 20_000; // milliseconds without anything new, after which a person should hear about it
  const LEAVE = 1_500; // milliseconds that "Ready" stays
  const LOADING = 0.6; // the share of the bar that is for loading; the rest is for Python, which starts then
  const TOOK = "kubesim start took"; // in the browser's storage: milliseconds that Python took to start last time
  const USUAL = 5_000; // the same where there was no last time
  const ALMOST = 0.95; // how much of its share the start gets before Python is there
  const start = document.getElementById("ks-start");
  const part = (name) => start.querySelector(name);
  const { files, megabytes, binder, keep, python } = JSON.parse(document.getElementById("ks-loads").textContent);
  const notebook = new URLSearchParams(location.search).get("path") ?? "";
  const name = notebook.split("/").pop().replace(/\.ipynb$/, "");
  const total = Object.values(files).reduce((sum, size) => sum + size, 0);
  let loaded = 0;
  let progressAt = performance.now();
  let isReady = false;
  let startedAt = 0; // when all was loaded
  let tellHasFiles;
  const hasFiles = new Promise((go) => { tellHasFiles = go; }); // that JupyterLite would give Python the notebook's folder

  const { serviceWorker } = navigator;
  const hasStorage = storesText();
  if (!hasStorage) replaceStorage();
  if (hasStorage && serviceWorker) {
    // JupyterLite unregisters all workers when it meets one that it doesn't know, and a Python that starts meanwhile gets
    // no files: what is done in it would be lost. Ours renews itself, so there is none to unregister.
    serviceWorker.getRegistrations = async () => [];
  } else {
    trouble("This browser stores nothing for this page, so what you do here is gone when you close it.", binder);
  }
  part(".ks-notebook").textContent = name;
  part(".ks-again").addEventListener("click", () => location.reload());
  addEventListener("error", ({ target }) => {
    const address = target?.src ?? target?.href;
    if (address) fail(`${address.split("/").pop().split("?")[0]} didn't load.`);
  }, true); // scripts and styles that fail don't bubble
  new PerformanceObserver(progress).observe({ type: "resource" });
  const watch = setInterval(() => {
    if (performance.now() - progressAt > SILENCE) fail("Nothing has arrived for 20 seconds.", "silence");
  }, 1_000);
  preview();

  if (/\.ipynb$/.test(notebook) && hasStorage && serviceWorker && !crossOriginIsolated) {
    beginPython();
    for (const name of ["getRegistration", "register"]) tellWhenAsked(name);
  }
  Promise.all(Object.keys(files).map(load)).then(() => isReady || startPython(), () => {});
  globalThis.kubesimStart = { progress, showNotebook, wait, ready, hasFiles, keep: [...Object.keys(files), ...keep] };

  // JupyterLab makes the kernel's worker once a notebook is open, and the first time gets the one that has begun here. That
  // needs a service worker in front of it, or it has no files: on a first visit, the one that JupyterLite would register.
  async function beginPython() {
    const { Worker } = globalThis;
    let begun = null;
    globalThis.Worker = new Proxy(Worker, {
      construct(_, [address, options]) {
        if (!/\/comlink\.worker\./.test(address)) return new Worker(address, options);
        globalThis.Worker = Worker;
        return begun ?? new Worker(address, options);
      },
    });
    if (!serviceWorker.controller) {
      const controlled = new Promise((go) => serviceWorker.addEventListener("controllerchange", go, { once: true }));
      await serviceWorker.register("../service-worker.js?enableCache=false").then(() => controlled, () => {});
    }
    const isLate = globalThis.Worker === Worker;
    if (serviceWorker.controller && !isLate) begun = new Worker(new URL(python, location), { type: "module" });
  }

  // JupyterLite gives Python the notebook's folder only once it has been told of the service worker, by one of these.
  function tellWhenAsked(name) {
    const ask = serviceWorker[name].bind(serviceWorker);
    serviceWorker[name] = async (...given) => {
      const registration = await ask(...given);
      if (registration) setTimeout(tellHasFiles);
      return registration;
    };
  }

  async function load(file) {
    try {
      const answer = await fetch(new URL(file, location));
      if (!answer.ok) throw new Error(answer.statusText);
      const copy = answer.clone();
      // A compiled module is shared with the kernel's worker for as long as the page holds it.
      if (file.endsWith(".wasm")) globalThis.kubesimPython = WebAssembly.compileStreaming(answer).catch(() => {});
      const reader = copy.body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) count(piece.value.length);
    } catch (error) {
      fail(`${file.split("/").pop()} didn't load.`);
      throw error;
    }
  }

  function count(bytes) {
    loaded += bytes;
    progress();
    const share = Math.min(loaded / total, 1);
    part("progress").value = LOADING * share;
    if (share < 1) say(`${(share * megabytes).toFixed(1)} of ${megabytes.toFixed(1)} MB`);
  }

  // Nothing tells how far Python has come, so the bar goes on as it went last time, and never to its end.
  function startPython() {
    say("Python is starting");
    startedAt = performance.now();
    const usual = Number(localStorage.getItem(TOOK)) || USUAL;
    const timer = setInterval(() => {
      if (isReady) return clearInterval(timer);
      const share = Math.min((performance.now() - startedAt) / usual, ALMOST);
      part("progress").value = LOADING + (1 - LOADING) * share;
    }, 100);
  }

  function progress() {
    progressAt = performance.now();
    if (part(".ks-trouble").dataset.failure === "silence") trouble("");
  }

  function say(words) {
    part(".ks-state").textContent = words;
  }

  // `kind`: "file" stays until the page is loaded again, "silence" until something arrives.
  function fail(words, kind = "file") {
    if (isReady || part(".ks-trouble").dataset.failure) return;
    trouble(`${words} The connection may be down, or the page is being renewed.`);
    part(".ks-trouble").dataset.failure = kind;
    part(".ks-again").hidden = false;
  }

  function trouble(words, link) {
    const line = part(".ks-trouble");
    line.textContent = words;
    delete line.dataset.failure;
    part(".ks-again").hidden = true;
    if (link) line.append(" ", Object.assign(document.createElement("a"), { href: link, textContent: "Open it on Binder" }));
  }

  // The stored beginning of the notebook; a copy that the learner has changed replaces it when JupyterLab is there.
  async function preview() {
    const answer = await fetch(new URL(`../preview/${name}.html`, location)).catch(() => null);
    if (!answer?.ok || !part(".ks-preview")) return;
    part(".ks-preview").innerHTML = await answer.text();
    progress();
  }

  function showNotebook() {
    progress();
    part(".ks-preview")?.remove();
    start.classList.add("ks-small");
  }

  function wait() {
    if (!isReady) say("Runs when Python is there");
  }

  function ready() {
    if (isReady) return;
    isReady = true;
    clearInterval(watch);
    if (startedAt) localStorage.setItem(TOOK, String(Math.round(performance.now() - startedAt)));
    const line = part(".ks-trouble");
    if (line.dataset.failure) trouble("");
    part("progress").value = 1;
    say("Ready");
    if (!line.textContent) setTimeout(() => start.remove(), LEAVE);
    else part("progress").remove();
  }

  function storesText() {
    try {
      localStorage.setItem("kubesim tries the storage", "");
      localStorage.removeItem("kubesim tries the storage");
      return true;
    } catch {
      return false;
    }
  }

  function replaceStorage() {
    const items = new Map();
    const memory = {
      getItem: (key) => items.get(String(key)) ?? null,
      setItem: (key, value) => void items.set(String(key), String(value)),
      removeItem: (key) => void items.delete(String(key)),
      clear: () => items.clear(),
      key: (index) => [...items.keys()][index] ?? null,
      get length() { return items.size; },
    };
    for (const storage of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, storage, { value: memory, configurable: true });
  }
})();
