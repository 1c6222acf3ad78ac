// Keeps the page for a visit without a network: all of its files come with the first visit, under names that tell their content.
const RELEASE = "kubesim-why {{RELEASE}}";
const FILES = {{FILES}};

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(RELEASE);
  await cache.addAll(FILES.map((name) => new Request(name, { cache: "force-cache" })));
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("kubesim-why ") && name !== RELEASE);
  await Promise.all(old.map((name) => caches.delete(name)));
})()));

// The page itself is asked for anew, so that a release is seen at once; what has its content in its name is the same for ever.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(request.mode === "navigate" ? firstAsked(request) : firstKept(request));
});

async function firstAsked(request) {
  return (await fetch(request).catch(() => null)) ?? (await caches.match(request, { ignoreSearch: true })) ?? caches.match("./");
}

async function firstKept(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}
