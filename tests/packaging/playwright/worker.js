// A service worker that is the authorization server of its origin. The browser ends it when it is idle: what it knows is kept in a cache.
import { createServer } from "pkce-wasm/testing";

const issuer = `${location.origin}/as`;
let starting;

const start = async () => {
  const cache = await caches.open("authorization-server");
  const saved = await (await cache.match("/saved"))?.text();
  const keep = (text) => cache.put("/saved", new Response(text));
  return createServer({ issuer, decide: "ask", saved, keep });
};

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (!/^\/(as|\.well-known)\//.test(pathname)) return;
  starting ??= start();
  event.respondWith(starting.then((server) => server.fetch(event.request)));
});
