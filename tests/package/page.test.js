// What stands in a page and in its channels is not believed by its name alone: elements that are named like globals, features of a pop-up that
// part it from this page, messages that are none. The page is a stand-in; real ones are in tests/e2e.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ISSUER, load, METADATA, pageStorage, REDIRECT_URI, until } from "./installed.js";

const { Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

const API = "https://api.example";
const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
const fetch = async () => Response.json({ access_token: "at", token_type: "Bearer" });

const changed = new Map();
const stub = (name, value) => {
  if (!changed.has(name)) changed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
};
afterEach(() => {
  for (const [name, descriptor] of changed) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  changed.clear();
});

/** An element with the members that other elements in it give it by their names. */
const element = (members = {}) => Object.assign(new EventTarget(), { nodeType: 1, ...members });
/** Some engines let an element of a plug-in be called. */
const plugin = () => Object.assign(() => assert.fail("an element is called"), { nodeType: 1 });
/** The window of a frame of another origin. */
const frame = () =>
  new Proxy(
    {},
    {
      get: () => {
        throw new DOMException("Blocked a frame from accessing a cross-origin frame", "SecurityError");
      },
    },
  );

test("EN8 NA1 elements and frames that are named like the globals of a shell make no shell of a page", () => {
  const left = [];
  stub("location", { href: "https://app.example/", assign: (url) => left.push(url) });
  stub("navigator", { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/127.0.0.0 Safari/537.36" });
  stub("sessionStorage", pageStorage());
  for (const name of ["__TAURI_INTERNALS__", "Capacitor", "cordova"]) {
    const named = (make) =>
      element({ invoke: make(), isNativePlatform: make(), platformId: make(), metadata: make() });
    const clobbered = {
      "a link": element(),
      "a form": named(element),
      "a form with a plug-in": named(plugin),
      "two of a name": { length: 2, 0: element(), 1: element(), item: () => {}, namedItem: () => {} },
      "a frame": frame(),
      "a frame of this origin": {
        length: 1,
        invoke: element(),
        isNativePlatform: element(),
        platformId: frame(),
      },
      "a text": "https://app.example/",
      "a number": 1,
      true: true,
      "an empty object": {},
      "no function": { invoke: true, isNativePlatform: true, platformId: true },
      "what says nothing": { isNativePlatform: () => "android", platformId: "" },
    };
    for (const [what, value] of Object.entries(clobbered)) {
      stub(name, value);
      const client = new Client({ ...config, transactionStorage: "session" }, METADATA);
      client.login();
      assert.match(left.pop() ?? "", /^https:\/\/as\.example\/auth\?/, `${name}: ${what}`);
    }
    stub(name, undefined);
  }
});

test("EN8 an element that is named like the base of the page changes no address", async () => {
  stub("document", { baseURI: element() });
  stub("location", { href: "https://app.example/inbox/" });
  const sent = [];
  const opened = [];
  const host = {
    open: (url) => void opened.push(url),
    fetch: async (url) => {
      sent.push(url);
      return fetch();
    },
  };
  const origins = [API, "https://app.example"];
  const client = new Client(
    { ...config, resourceOrigins: origins, transactionStorage: "memory", host },
    METADATA,
  );
  client.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { session } = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  await session.fetch(`${API}/`);
  await session.fetch("messages");
  assert.deepEqual(sent.slice(1), [`${API}/`, "https://app.example/inbox/messages"]);
});

const popupOf = (features, given = {}) => {
  const page = { opened: [], storage: pageStorage(), popup: { closed: false, close: () => {} } };
  stub("sessionStorage", page.storage);
  stub("open", (...parameters) => {
    page.opened.push(parameters);
    return page.popup;
  });
  stub("addEventListener", () => {});
  stub("removeEventListener", () => {});
  stub("Document", { prototype: { hasFocus: () => true } });
  stub("document", { hasFocus: element() });
  const client = new Client({ ...config, transactionStorage: "session", host: { fetch } }, METADATA);
  page.outcome = client.loginWithPopup({ features, ...given });
  page.outcome.catch(() => {});
  return page;
};

test("EN9 features that part the pop-up from this page are refused before anything is opened or kept", async () => {
  for (const features of [
    "noopener",
    "noreferrer",
    "NoOpener",
    "popup,noopener",
    "popup, noopener",
    "popup noopener",
    "width=1,noreferrer,height=2",
    "popup\tnoopener",
    "popup\nNOREFERRER\n",
    "popup\fnoopener",
    "noopener=1",
    "noopener=yes",
    "noopener=true",
    "noopener=YES",
    "noopener = 1",
    "noopener=",
    "noopener=,popup",
    "noopener==1",
    "noopener=007",
    "noopener=-1",
    "noopener=+2",
    "noopener=1x",
    "=noopener",
    ",,noopener,,",
    "noopener=0,noreferrer",
    "noopener=0,noopener",
    "noopener popup=1",
  ]) {
    const page = popupOf(features);
    await assert.rejects(
      page.outcome,
      (error) => isPkceError(error) && error.code === "config_invalid" && error.subject === "features",
      features,
    );
    assert.deepEqual([page.opened, page.storage.length], [[], 0], features);
  }
});

test("EN9 other features are passed on", async () => {
  for (const features of [
    undefined,
    "",
    "popup",
    "noopener=0",
    "noopener=no",
    "noopener=false",
    "noopener=00",
    "noopener = 0 , popup",
    "noreferrer=0,noopener=no",
    "noopenerx",
    "xnoopener",
    "no-opener",
    "left=0,top=0",
  ]) {
    const controller = new AbortController();
    const page = popupOf(features, { signal: controller.signal });
    const [[, , passed]] = page.opened;
    assert.equal(passed, features ?? "popup,width=480,height=640");
    controller.abort();
    await assert.rejects(page.outcome, { code: "aborted" });
  }
});

test("EN9 SB6 only the callback of the login ends it, and no other message on its channel", async (context) => {
  const { BroadcastChannel } = globalThis;
  let listening = 0;
  stub(
    "BroadcastChannel",
    class extends BroadcastChannel {
      constructor(name) {
        super(name);
        listening += 1;
      }
    },
  );
  const page = popupOf();
  const [[address]] = page.opened;
  const [record] = [...page.storage.items.keys()].filter((name) => name.includes("popup."));
  const channel = new BroadcastChannel(`pkce-wasm:${record.slice(record.indexOf("popup."))}`);
  context.after(() => channel.close());
  let taken = 0;
  channel.onmessage = ({ data }) => {
    if (data === "taken") taken += 1;
  };
  const state = new URL(address).searchParams.get("state");
  const callback = `${REDIRECT_URI}?code=c&state=${state}`;
  const messages = [
    undefined,
    null,
    0,
    10n,
    "",
    "taken",
    callback,
    [],
    [callback],
    new Date(),
    new Map([["callback", callback]]),
    new Error(callback),
    new Uint8Array(4),
    {},
    { callback: undefined },
    { callback: null },
    { callback: 1 },
    { callback: [callback] },
    { callback: { href: callback } },
    { callback: "" },
    { callback: "https://app.example/" },
    { callback: REDIRECT_URI },
    { callback: `${REDIRECT_URI}?code=c&state=other` },
    { callback: `${callback}${"x".repeat(1 << 20)}` },
    { code: "popup_closed" },
    { outcome: { status: "signed-in" } },
  ];
  // What it listens with is loaded when the pop-up is open.
  await until(() => listening === 1);
  for (const message of messages) channel.postMessage(message);
  channel.postMessage({ callback });
  assert.equal((await page.outcome).status, "signed-in");
  await until(() => taken === 1);
});
