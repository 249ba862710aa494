/**
 * The demo's authorization server where no other one can be: a service worker of the page's own folder. It is the server of `pkce-wasm/testing`,
 * with a sign-in page. Every key, code and token is real, and stays in this browser.
 */
import { createServer } from "pkce-wasm/testing";
import { errorPage, STYLE, signInPage } from "../server/pages.js";

const TITLE = "Authorization server in your browser";

/** Who can sign in. */
const PEOPLE = [
  { sub: "ada", name: "Ada Lovelace", email: "ada@example.com" },
  { sub: "grace", name: "Grace Hopper", email: "grace@example.com" },
  { sub: "alan", name: "Alan Turing", email: "alan@example.com" },
];

const NOTE =
  "This page was not fetched. A service worker of the demo drew it, and nothing leaves your browser. There is no password.";

const FOLDER = new URL("./", location.href).href;
const ISSUER = `${FOLDER}as`;

/** Where the browser keeps what the server knows: a worker that has nothing to do is ended, and begins again. */
const DATABASE = "pkce-wasm demo: authorization server";
const STORE = "state";

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const open = () => {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
};

/** Does something with what is kept of this issuer. */
const withStore = async (mode, work) => {
  const database = await open();
  try {
    return await settled(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
};

/** What another version kept is not read. The build says which one this is. */
const PLACE = `${VERSION} ${ISSUER}`;

const restore = () => withStore("readonly", (store) => store.get(PLACE));
const keep = (saved) => withStore("readwrite", (store) => store.put(saved, PLACE));

/** A page, under a policy of its own. */
const page = (body, status = 200) => ({
  status,
  headers: {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'self'`,
  },
  body,
});

let styleHash = "";

const hashOf = async (text) => {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...hash));
};

/** What becomes of a visit to the authorization endpoint: a page, or the answer of the person who has filled it in. */
const decide = ({ scope = "", prompt = "" }, { method, form, known }) => {
  if (known && !prompt.split(" ").includes("login")) return true;
  const client = "the pkce-wasm demo page";
  if (method !== "POST") return page(signInPage({ title: TITLE, client, scope, people: PEOPLE, note: NOTE }));
  if (form.action === "cancel") {
    return {
      error: "access_denied",
      errorDescription: "The person at the sign-in page pressed Cancel",
    };
  }
  const user = PEOPLE.find(({ sub }) => sub === form.login);
  return user
    ? { user: { ...user, email_verified: true } }
    : page(errorPage({ title: TITLE, error: "Nobody has that name" }), 400);
};

const start = async () => {
  styleHash = await hashOf(STYLE);
  return createServer({
    issuer: ISSUER,
    decide,
    clients: [{ clientId: "demo", redirectUris: [FOLDER], postLogoutRedirectUris: [FOLDER] }],
    dangerouslyAllowWithoutPkce: true,
    saved: await restore(),
    keep,
  });
};

let starting;
/** The server; begun anew where that failed. */
const server = () => {
  starting = starting ?? start();
  starting.catch(() => {
    starting = undefined;
  });
  return starting;
};

const answer = async (request) => {
  try {
    return await (await server()).fetch(request);
  } catch (error) {
    return new Response(`The authorization server failed: ${error.message}\n`, { status: 500 });
  }
};

addEventListener("install", (event) => event.waitUntil(skipWaiting()));
// The page that has just installed the worker is to be answered by it too.
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(clients.claim());
});
addEventListener("fetch", (event) => {
  if (event.request.url.startsWith(`${ISSUER}/`)) event.respondWith(answer(event.request));
});
