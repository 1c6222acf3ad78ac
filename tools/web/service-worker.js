// What a visit has loaded is kept, so that a reload, another notebook and the map need no network. JupyterLite's own worker,
// which carries files between page and kernel, comes behind this one.
const RELEASE = "kubesim {{RELEASE}}";
const OF_JUPYTERLITE = /\/api\/(drive|stdin|service-worker-heartbeat)/;
const FIXED = /[.-][0-9a-f]{7,64}\.\w+$/; // a name with a hash: its content never changes

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || OF_JUPYTERLITE.test(pathname)) return;
  event.stopImmediatePropagation();
  event.respondWith(FIXED.test(pathname) ? firstKept(request) : firstAsked(request));
});

// The caches of this release and of the one before it stay: a page that was opened before a release goes on.
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  await caches.open(RELEASE);
  const releases = (await caches.keys()).filter((name) => name.startsWith("kubesim ") && name !== RELEASE);
  await Promise.all(releases.slice(0, -1).map((name) => caches.delete(name)));
})()));

// The page names what it has loaded, and what its links lead to.
self.addEventListener("message", ({ data }) => {
  if (data?.keep) data.keep.reduce((before, address) => before.then(() => keep(address)), Promise.resolve());
});

async function keep(address) {
  const request = new Request(address);
  if (await caches.match(request)) return;
  const answer = await fetch(request, { cache: "force-cache" }).catch(() => null);
  if (answer?.ok) await (await caches.open(RELEASE)).put(request, answer);
}

async function firstKept(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetchAndKeep(request);
}

async function firstAsked(request) {
  try {
    return await fetchAndKeep(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

async function fetchAndKeep(request) {
  const answer = await fetch(request);
  if (answer.status === 200) {
    const copy = answer.clone();
    caches.open(RELEASE).then((cache) => cache.put(request, copy)).catch(() => {}); // a full disk, or storage that is blocked
  }
  return answer;
}

importScripts("jupyterlite-worker.js");
