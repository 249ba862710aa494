// A shell's bridge may replace the page's fetch by a native one that follows redirects, with the body, and does not say so. Here it is that of Capacitor, as its
// bridge for Android makes it with `CapacitorHttp.enabled`; the native side beneath it is scripted and follows.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { runInThisContext } from "node:vm";
import { ISSUER, load, METADATA, REDIRECT_URI } from "./installed.js";
import { callback, here, stub, TOKENS } from "./shells.js";

const { Client, discover, isPkceError } = await load("pkce-wasm");
const { capacitorHost } = await load("pkce-wasm/capacitor");
const { tauriHost } = await load("pkce-wasm/tauri");

const EVIL = "https://evil.example/token";

/** The servers beneath: the token endpoint sends whoever asks elsewhere, and there tokens are given away. */
const native = { requests: [] };
native.request = ({ url, disableRedirects, data }) => {
  native.requests.push({ url, data });
  if (url !== EVIL && native.isRedirected && disableRedirects)
    return { status: 307, data: "", headers: { Location: EVIL }, url };
  if (url !== EVIL && native.isRedirected) return native.request({ url: EVIL, data });
  const body = url.endsWith("openid-configuration") ? METADATA : TOKENS;
  return { status: 200, data: body, headers: { "Content-Type": "application/json" }, url };
};

const pageFetch = globalThis.fetch;
before(() => {
  globalThis.Document ??= class Document {};
  globalThis.HTMLDocument ??= class HTMLDocument {};
  globalThis.XMLHttpRequest ??= class XMLHttpRequest {};
  globalThis.document ??= new EventTarget();
  globalThis.CapacitorHttpAndroidInterface = { isEnabled: () => true };
  globalThis.androidBridge = {
    postMessage: (text) => {
      const { callbackId, pluginId, methodName, options } = JSON.parse(text);
      const data = native.request(options);
      const answer = JSON.stringify({ callbackId, pluginId, methodName, success: true, data });
      queueMicrotask(() => globalThis.androidBridge.onmessage({ data: answer }));
    },
  };
  runInThisContext(
    readFileSync(here.resolve("@capacitor/android/capacitor/src/main/assets/native-bridge.js"), "utf8"),
  );
  globalThis.Capacitor.PluginHeaders = [
    { name: "CapacitorHttp", methods: [{ name: "request", rtype: "promise" }] },
  ];
  assert.notEqual(globalThis.fetch, pageFetch, "the bridge replaces fetch");
});
after(() => {
  globalThis.fetch = pageFetch;
  for (const name of ["androidBridge", "Capacitor", "CapacitorWebFetch", "CapacitorHttpAndroidInterface"])
    delete globalThis[name];
});

const plugins = { App: {}, Browser: { open: async () => {}, close: async () => {} } };

/** The outcome of a login with that host. */
const signIn = async (host, change) => {
  let opened;
  const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files", host };
  const client = new Client(
    {
      ...config,
      transactionStorage: "memory",
      resourceOrigins: ["https://api.example"],
      ...change,
      host: {
        ...host,
        open: (url) => {
          opened = url;
        },
      },
    },
    METADATA,
  );
  await client.login();
  return client.handleRedirect(callback(opened, REDIRECT_URI));
};

const isRefused = ({ status, error }) => {
  assert.deepEqual([status, error?.code], ["refused", "redirect_not_followed"]);
  assert.ok(isPkceError(error));
};

test("SH4 a token that another host gave after a redirect that a patched fetch has followed is refused", async () => {
  native.isRedirected = true;
  native.requests = [];
  const response = await fetch(METADATA.token_endpoint, { method: "POST", body: "a=b", redirect: "manual" });
  assert.deepEqual([response.status, response.redirected, response.url], [200, false, EVIL], "as it is");
  isRefused(await signIn({}));
});

test("SH4 the adapter asks so that no redirect is followed, with the bridge's fetch in the way and without", async (context) => {
  const { CapacitorHttp } = await import("@capacitor/core");
  for (const given of [{}, { CapacitorHttp }]) {
    native.isRedirected = true;
    native.requests = [];
    const host = capacitorHost({ ...plugins, ...given });
    isRefused(await signIn(host));
    assert.deepEqual(
      native.requests.map(({ url }) => url),
      [METADATA.token_endpoint],
      "the code goes nowhere else",
    );
    native.isRedirected = false;
    assert.equal((await signIn(host)).status, "signed-in");
    assert.equal((await discover(ISSUER, { fetch: host.fetch })).issuer, ISSUER);
  }
  // Without the native call: what the bridge has put aside.
  const put = [];
  stub(context, {
    CapacitorWebFetch: async (url) => {
      put.push(url);
      return Response.json(TOKENS);
    },
    Capacitor: {},
  });
  assert.equal((await signIn(capacitorHost(plugins))).status, "signed-in");
  assert.deepEqual(put, [METADATA.token_endpoint]);
});

/** An answer that says where it is from. */
const from = (url, body = TOKENS, change = {}) =>
  Object.defineProperties(Response.json(body), {
    url: { value: url },
    ...Object.fromEntries(Object.entries(change).map(([name, value]) => [name, { value }])),
  });

test("SH4 in every transport an answer of another address is refused, whatever it says of redirects", async () => {
  native.isRedirected = false;
  for (const url of [
    EVIL,
    `${ISSUER}/token/`,
    `${ISSUER}/token?x`,
    `${ISSUER}:444/token`,
    "http://as.example/token",
    "/other",
  ]) {
    for (const redirected of [undefined, false]) {
      const fetch = async () => from(url, TOKENS, { redirected });
      isRefused(await signIn({ fetch }));
      isRefused(await signIn({ fetch: tauriHost({ deepLink: {}, opener: {}, http: { fetch } }).fetch }));
      await assert.rejects(discover(ISSUER, { fetch }), { code: "redirect_not_followed" });
    }
    const lying = { request: async () => ({ status: 200, data: TOKENS, headers: {}, url }) };
    isRefused(await signIn(capacitorHost({ ...plugins, CapacitorHttp: lying })));
  }
  for (const url of [
    "",
    `${ISSUER}/token`,
    "HTTPS://AS.example:443/token",
    "/token",
    `${ISSUER}/token#part`,
  ]) {
    assert.equal((await signIn({ fetch: async () => from(url) })).status, "signed-in", url);
  }
});

test("SH4 so it is with requests of the application that take the token along", async () => {
  native.isRedirected = false;
  const API = "https://api.example/a?b=c";
  let url;
  const fetch = async (asked) => from(asked.startsWith(ISSUER) ? asked : url);
  const { session } = await signIn({ fetch });
  url = API;
  assert.equal((await session.fetch(`${API}#part`)).status, 200);
  for (url of ["https://evil.example/a?b=c", "https://api.example/a", "https://api.example/a?b=d"]) {
    for (const redirect of ["follow", "manual"]) {
      await assert.rejects(
        session.fetch(API, { redirect }),
        { code: "redirect_not_followed" },
        `${url} ${redirect}`,
      );
    }
  }
});
