// The adapters of the packed tarball with the shells' own packages, and a scripted native side beneath them: it answers what the
// packages ask of it. Tauri in a real WebView is in tests/webview.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { runInThisContext } from "node:vm";
import { ISSUER, load, METADATA, resolve, until } from "./installed.js";

const { Client, isPkceError, ready } = await load("pkce-wasm");
const { capacitorHost } = await load("pkce-wasm/capacitor");
const { cordovaHost } = await load("pkce-wasm/cordova");
const { electronHost } = await load("pkce-wasm/electron");
const { serveElectronHost } = await load("pkce-wasm/electron/main");
const { tauriHost } = await load("pkce-wasm/tauri");
await ready();

const here = createRequire(import.meta.url);
const SCHEME = "com.example.app";
const REDIRECT_URI = `${SCHEME}:/callback`;
const TOKENS = { access_token: "at", token_type: "Bearer" };

const config = (host, change = {}) => ({
  issuer: ISSUER,
  clientId: "app",
  redirectUri: REDIRECT_URI,
  scope: "files",
  transactionStorage: host.storage ? "host" : "memory",
  storage: host.storage ? "host" : "memory",
  host,
  ...change,
});
const callback = (url, redirectUri = REDIRECT_URI) =>
  `${redirectUri}?code=c&state=${new URL(url).searchParams.get("state")}`;

/** An application as the guides write it: every URL is handed to the client, outcomes are kept. */
const start = async (host, change) => {
  const app = { client: new Client(config(host, change), METADATA), outcomes: [] };
  app.stop = await host.onRedirect(async (url) => {
    app.outcomes.push(await app.client.handleRedirect(url));
  });
  app.statuses = () => app.outcomes.map(({ status }) => status);
  return app;
};

/** Long enough for what should not happen to have happened. */
const quiet = () => pause(60);

/** Gives every test a page of its own. */
const stub = (context, globals) => {
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    context.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
};

// Capacitor: its own bridge of Android, over which its own plugins talk to what stands for the system.

const android = { device: undefined };

before(() => {
  globalThis.window ??= globalThis;
  // The bridge looks at what a page has.
  globalThis.Document ??= class Document {};
  globalThis.HTMLDocument ??= class HTMLDocument {};
  globalThis.XMLHttpRequest ??= class XMLHttpRequest {};
  globalThis.document ??= new EventTarget();
  globalThis.androidBridge = {
    postMessage: (text) => {
      const { callbackId, pluginId, methodName, options } = JSON.parse(text);
      const reply = (change) =>
        globalThis.androidBridge.onmessage({
          data: JSON.stringify({ callbackId, pluginId, methodName, ...change }),
        });
      const call = android.device[`${pluginId}.${methodName}`];
      if (!call) return;
      Promise.resolve()
        .then(() => call(options, (data) => reply({ success: true, save: true, data })))
        .then(
          // A plugin does not answer a call that only says where events are to go.
          (data) => data !== android.device && reply({ success: true, data }),
          (error) => reply({ success: false, error: { message: error.message } }),
        );
    },
  };
  runInThisContext(
    readFileSync(here.resolve("@capacitor/android/capacitor/src/main/assets/native-bridge.js"), "utf8"),
  );
  const promises = (...names) => names.map((name) => ({ name, rtype: "promise" }));
  const listeners = ["addListener", "removeListener"].map((name) => ({ name, rtype: "none" }));
  globalThis.Capacitor.PluginHeaders = [
    { name: "App", methods: [...listeners, ...promises("getLaunchUrl")] },
    { name: "Browser", methods: [...listeners, ...promises("open", "close")] },
    { name: "Preferences", methods: promises("get", "set") },
    { name: "CapacitorHttp", methods: promises("request") },
  ];
});
after(() => {
  for (const name of ["androidBridge", "Capacitor"]) delete globalThis[name];
});

/** A telephone: what outlives the application, and the process of the application that runs. */
const telephone = () => {
  const device = { opened: [], items: new Map(), requests: [], closed: 0 };
  device.answer = () => ({ status: 200, data: TOKENS, headers: { "Content-Type": "application/json" } });
  /** Starts the application anew; a URL that it is started with stays its launch URL. */
  device.launch = (url) => {
    device.launchUrl = url;
    device.hear = undefined;
    android.device = device;
  };
  Object.assign(device, {
    "App.getLaunchUrl": () => (device.launchUrl ? { url: device.launchUrl } : {}),
    "App.addListener": (_, heard) => {
      device.hear = heard;
      return device;
    },
    "App.removeListener": () => {
      device.hear = undefined;
      return device;
    },
    "Browser.open": ({ url }) => {
      device.opened.push(url);
    },
    "Browser.addListener": (_, heard) => {
      device.closes = heard;
      return device;
    },
    "Browser.close": () => {
      device.closed += 1;
      throw new Error("there is no browser to close");
    },
    "Preferences.get": ({ key }) => ({ value: device.items.get(key) ?? null }),
    "Preferences.set": ({ key, value }) => {
      device.items.set(key, value);
    },
    "CapacitorHttp.request": (options) => {
      device.requests.push(options);
      return device.answer(options);
    },
  });
  device.launch();
  return device;
};

const capacitor = async (change = {}) => {
  const { App } = await import("@capacitor/app");
  const { Browser } = await import("@capacitor/browser");
  const { Preferences } = await import("@capacitor/preferences");
  const { Capacitor, CapacitorHttp } = await import("@capacitor/core");
  assert.equal(Capacitor.getPlatform(), "android");
  return capacitorHost({ App, Browser, Preferences, CapacitorHttp, ...change });
};

test("Capacitor: NA1 the login is kept, the system's browser opens, and appUrlOpen leads back", async () => {
  const device = telephone();
  const host = await capacitor();
  assert.equal(host.tier, "plain");
  const app = await start(host);
  await app.client.login();
  assert.match(
    device.opened[0],
    /^https:\/\/as\.example\/auth\?.*redirect_uri=com\.example\.app%3A%2Fcallback/,
  );
  assert.match(device.items.get("pkce-wasm"), /pkce-wasm:2:t:/);

  device.hear({ url: `${REDIRECT_URI}?code=stolen&state=guessed` });
  await until(() => app.outcomes.length === 1);
  assert.equal(device.requests.length, 0, "an unsolicited deep link asks nothing of the server");
  for (let time = 0; time < 2; time++) device.hear({ url: callback(device.opened[0]) });
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual(app.statuses(), ["other-login", "signed-in"]);
  assert.equal(device.requests.length, 1);
  const [{ url, method, headers, data, disableRedirects }] = device.requests;
  assert.deepEqual([url, method, disableRedirects], [METADATA.token_endpoint, "POST", true]);
  assert.equal(headers["Content-Type"], "application/x-www-form-urlencoded");
  assert.match(data, /(^|&)code_verifier=/);
  await host.close();
  assert.equal(device.closed, 1);
  await app.stop();
  await until(() => device.hear === undefined);
});

test("Capacitor: killed while the browser was open, the application is started by the redirect and signs in, once", async () => {
  const device = telephone();
  const before = await start(await capacitor());
  await before.client.login();
  const redirect = callback(device.opened[0]);

  device.launch(redirect);
  const app = await start(await capacitor());
  await until(() => app.outcomes.length === 1);
  // Some systems hand over the URL of the launch a second time.
  device.hear({ url: redirect });
  await quiet();
  assert.deepEqual(app.statuses(), ["signed-in"]);

  // The WebView loads its page again; the launch URL is still there.
  const reloaded = await start(await capacitor());
  await until(() => reloaded.outcomes.length === 1);
  assert.deepEqual(reloaded.statuses(), ["already-completed"]);
  assert.equal(await reloaded.outcomes[0].session.accessToken(), "at");
  assert.equal(device.requests.length, 1);
});

test("Capacitor: the user closes the browser, signs in a second time, and the first answer still counts when it comes", async () => {
  const device = telephone();
  const { Browser } = await import("@capacitor/browser");
  const app = await start(await capacitor());
  let finished = 0;
  await Browser.addListener("browserFinished", () => {
    finished += 1;
  });
  await app.client.login();
  await until(() => device.closes);
  device.closes({});
  await until(() => finished === 1);
  await quiet();
  assert.deepEqual(app.outcomes, [], "nothing has come back");
  assert.equal(await app.client.session(), null);
  assert.equal(device.requests.length, 0);

  await app.client.login();
  assert.equal(device.opened.length, 2);
  for (const url of [device.opened[1], device.opened[0]]) device.hear({ url: callback(url) });
  await until(() => app.outcomes.length === 2);
  assert.deepEqual(app.statuses(), ["signed-in", "signed-in"]);
});

test("Capacitor: URLs that are no callback ask nothing and change nothing", async () => {
  const device = telephone();
  device.launch("com.example.app:/settings");
  const app = await start(await capacitor());
  await app.client.login();
  const kept = device.items.get("pkce-wasm");
  const foreign = [
    "other.scheme:/callback?code=c&state=s",
    "https://evil.example/callback?code=c&state=s",
    "com.example.app://callback?code=c&state=s",
    "",
  ];
  for (const url of foreign) device.hear({ url });
  await until(() => app.outcomes.length === 1 + foreign.length);
  assert.deepEqual(new Set(app.statuses()), new Set(["none"]));
  assert.equal(device.items.get("pkce-wasm"), kept);
  assert.equal(device.requests.length, 0);
});

test("Capacitor: the native HTTP follows no redirect, and what it says of failures is told", async () => {
  for (const [answer, expected] of [
    [{ status: 307, data: "", headers: { Location: "https://evil.example/" } }, "redirect_not_followed"],
    [{ status: 204, data: "", headers: {} }, undefined],
    [
      { status: 400, data: { error: "invalid_grant" }, headers: { "content-type": "application/json" } },
      "token_refused",
    ],
    [new Error("no route to host"), "network_failed"],
  ]) {
    const device = telephone();
    device.answer = () => {
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const app = await start(await capacitor());
    await app.client.login();
    const outcome = await app.client.handleRedirect(callback(device.opened[0]));
    assert.equal(outcome.status, "refused", JSON.stringify(answer));
    assert.ok(isPkceError(outcome.error));
    if (expected) assert.equal(outcome.error.code, expected, JSON.stringify(answer));
    await app.stop();
  }
});

test("Capacitor: the tier in use is told; without native HTTP the page's own fetch is used", async () => {
  telephone();
  const secureStorage = { getItem: async () => null, setItem: async () => {} };
  const secure = await capacitor({ secureStorage });
  assert.deepEqual([secure.tier, secure.storage], ["secure", secureStorage]);
  const page = await capacitor({ Preferences: undefined, CapacitorHttp: undefined });
  assert.deepEqual([page.tier, page.storage, page.fetch], ["page", undefined, undefined]);
  assert.throws(() => capacitorHost({}), TypeError);
  assert.throws(() => capacitorHost(), TypeError);
});

test("Capacitor: a keystore that cannot be read now is no empty one", async () => {
  const device = telephone();
  let locked = false;
  const items = new Map();
  const secureStorage = {
    getItem: async (name) => {
      if (locked) throw new Error("the device is locked");
      return items.get(name) ?? null;
    },
    setItem: async (name, item) => items.set(name, item),
  };
  const app = await start(await capacitor({ secureStorage }));
  await app.client.login();
  const kept = items.get("pkce-wasm");
  locked = true;
  await assert.rejects(app.client.handleRedirect(callback(device.opened[0])), {
    code: "storage_unavailable",
  });
  assert.equal(items.get("pkce-wasm"), kept);
  locked = false;
  assert.equal((await app.client.handleRedirect(callback(device.opened[0]))).status, "signed-in");
});

// Cordova: the modules of its plugins, and an exec that stands for the native side.

/** A module of a plugin, as Cordova's own loader runs it. */
const plugin = (name, exec) => {
  const module = { exports: {} };
  const modules = {
    "cordova/exec": exec,
    "cordova/channel": { create: () => ({ fire: () => {} }) },
    "cordova/modulemapper": {},
    "cordova/urlutil": { makeAbsolute: (url) => url },
  };
  const load = new Function(
    "require",
    "exports",
    "module",
    "cordova",
    readFileSync(here.resolve(name), "utf8"),
  );
  load((wanted) => modules[wanted], module.exports, module, globalThis.cordova);
  return module.exports;
};

const cordova = (context, calls, { browserTab = false, universal = false } = {}) => {
  const heard = {};
  const exec = (success, failure, service, action, parameters) => {
    calls.push([service, action, ...parameters]);
    const answers = {
      "BrowserTab.isAvailable": () => success(browserTab),
      "LaunchMyApp.checkIntent": () => heard.launch && success(heard.launch),
      "UniversalLinks.jsSubscribeForEvent": () => {
        heard.universal = (url) => success({ data: { url } });
      },
      "SecureStorage.init": () => success(),
      "SecureStorage.keys": () => (heard.locked ? failure("locked") : success([...heard.items.keys()])),
      "SecureStorage.get": () =>
        heard.items.has(parameters[1])
          ? success(heard.items.get(parameters[1]))
          : failure(`Key [${parameters[1]}] not found.`),
      "SecureStorage.set": () => {
        heard.items.set(parameters[1], parameters[2]);
        success(parameters[1]);
      },
    };
    setTimeout(() => answers[`${service}.${action}`]?.(), 1);
  };
  heard.items = new Map();
  stub(context, {
    cordova: { platformId: "android", exec, plugins: {} },
    document: new EventTarget(),
    handleOpenURL: undefined,
    universalLinks: undefined,
  });
  globalThis.cordova.InAppBrowser = { open: plugin("cordova-plugin-inappbrowser/www/inappbrowser.js", exec) };
  if (browserTab !== undefined)
    globalThis.cordova.plugins.browsertab = plugin("cordova-plugin-browsertab/www/browsertab.js", exec);
  if (universal)
    globalThis.universalLinks = plugin("cordova-universal-links-plugin/www/universal_links.js", exec);
  plugin("cordova-plugin-customurlscheme/www/android/LaunchMyApp.js", exec);
  return heard;
};
const answering = async () => Response.json(TOKENS);

test("Cordova: NA1 the target _system, or a tab of the browser where there is one, and never a WebView", async (context) => {
  for (const [options, expected] of [
    [{ browserTab: false }, ["InAppBrowser", "open", "_system"]],
    [{ browserTab: undefined }, ["InAppBrowser", "open", "_system"]],
    [{ browserTab: true }, ["BrowserTab", "openUrl", undefined]],
  ]) {
    const calls = [];
    cordova(context, calls, options);
    const { client } = await start(cordovaHost({ fetch: answering }));
    client.login();
    await until(() => calls.some(([, action]) => action === "open" || action === "openUrl"));
    const [service, action, url, target] = calls.at(-1);
    assert.deepEqual([service, action, target], expected);
    assert.match(url, /^https:\/\/as\.example\/auth\?/);
  }
  stub(context, { cordova: undefined });
  await assert.rejects(cordovaHost().open(ISSUER), /cordova-plugin-inappbrowser/);
});

test("Cordova: the URL of the launch waits for the application; handleOpenURL that was there is called too", async (context) => {
  const calls = [];
  const heard = cordova(context, calls);
  const others = [];
  globalThis.handleOpenURL = (url) => others.push(url);
  const opened = [];
  const open = (url) => {
    opened.push(url);
  };
  const items = {
    getItem: (name) => heard.items.get(name),
    setItem: (name, item) => heard.items.set(name, item),
  };
  const first = await start(cordovaHost({ open, fetch: answering, secureStorage: items }));
  await first.client.login();
  const redirect = callback(opened[0]);

  // A new process: the plugin has the URL at deviceready, before the application asks for it.
  globalThis.handleOpenURL = (url) => others.push(url);
  heard.launch = redirect;
  const host = cordovaHost({ open, fetch: answering, secureStorage: items });
  document.dispatchEvent(new Event("deviceready"));
  await until(() => others.length === 1);
  const app = await start(host);
  await until(() => app.outcomes.length === 1);
  globalThis.handleOpenURL(redirect);
  globalThis.handleOpenURL(`${REDIRECT_URI}?code=stolen&state=guessed`);
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual(app.statuses(), ["signed-in", "other-login"]);
});

test("Cordova: NA4 a claimed https URL comes by universal links", async (context) => {
  const calls = [];
  const heard = cordova(context, calls, { universal: true });
  const opened = [];
  const redirectUri = "https://app.example/callback";
  const host = cordovaHost({
    open: (url) => void opened.push(url),
    fetch: answering,
    universalLinkEvent: "back",
  });
  const app = await start(host, { redirectUri });
  await until(() => heard.universal);
  assert.deepEqual(calls.at(-1), ["UniversalLinks", "jsSubscribeForEvent", "back"]);
  app.client.login();
  heard.universal("https://app.example/elsewhere?code=c&state=s");
  heard.universal(callback(opened[0], redirectUri));
  await until(() => app.outcomes.length === 2);
  assert.deepEqual(app.statuses().sort(), ["none", "signed-in"]);
});

test("Cordova: a registration that ends later than the next one begins takes nothing from it", async (context) => {
  for (const universal of [false, true]) {
    const calls = [];
    const heard = cordova(context, calls, { universal });
    const opened = [];
    const redirectUri = universal ? "https://app.example/callback" : REDIRECT_URI;
    const host = cordovaHost({ open: (url) => void opened.push(url), fetch: answering });
    // As an effect does that is run, undone and run again: the promise of the first run is kept after the second has begun.
    const first = start(host, { redirectUri });
    const second = start(host, { redirectUri });
    (await first).stop();
    const app = await second;
    await quiet();
    assert.ok(calls.every(([, action]) => action !== "jsUnsubscribeFromEvent"));
    app.client.login();
    (universal ? heard.universal : globalThis.handleOpenURL)(callback(opened[0], redirectUri));
    await until(() => app.outcomes.length === 1);
    assert.deepEqual(app.statuses(), ["signed-in"]);
    assert.deepEqual((await first).outcomes, [], "who has ended hears nothing more");
  }
});

test("Cordova: a handleOpenURL that was there and throws loses no URL", async (context) => {
  cordova(context, []);
  globalThis.handleOpenURL = () => {
    throw new Error("not mine");
  };
  const opened = [];
  const app = await start(cordovaHost({ open: (url) => void opened.push(url), fetch: answering }));
  app.client.login();
  assert.throws(() => globalThis.handleOpenURL(callback(opened[0])), /not mine/);
  await until(() => app.outcomes.length === 1);
  assert.deepEqual(app.statuses(), ["signed-in"]);
});

test("Cordova: whoever registers later is given the URL of the launch too", async (context) => {
  cordova(context, []);
  const host = cordovaHost({ fetch: answering });
  globalThis.handleOpenURL(`${REDIRECT_URI}?code=c&state=of-another-client`);
  const apps = [await start(host)];
  await until(() => apps[0].outcomes.length === 1);
  apps.push(await start(host, { clientId: "second" }));
  for (const app of apps) {
    await until(() => app.outcomes.length === 1);
    assert.deepEqual(app.statuses(), ["other-login"]);
  }
});

test("Cordova: secure storage that is locked is no empty one", async (context) => {
  const calls = [];
  const heard = cordova(context, calls);
  const SecureStorage = cordovaSecureStorage();
  const secureStorage = await new Promise((done, failed) => {
    const made = new SecureStorage(() => done(made), failed, "pkce-wasm");
  });
  const host = cordovaHost({ secureStorage });
  assert.equal(host.tier, "secure");
  assert.equal(cordovaHost().tier, "page");
  assert.equal(await host.storage.getItem("pkce-wasm"), null);
  await host.storage.setItem("pkce-wasm", "{}");
  assert.equal(await host.storage.getItem("pkce-wasm"), "{}");
  heard.locked = true;
  await assert.rejects(host.storage.getItem("pkce-wasm"), /locked/);
});

function cordovaSecureStorage() {
  plugin("cordova-plugin-secure-storage-echo/www/securestorage.js");
  return globalThis.cordova.plugins.SecureStorage;
}

// Tauri: its own modules, and its own stand-in for the native side.

test("Tauri: launch and event are both drained, once; native HTTP follows no redirect; a store is written at once", async (context) => {
  stub(context, { window: globalThis });
  const { mockIPC, clearMocks } = await import("@tauri-apps/api/mocks");
  const { emit } = await import("@tauri-apps/api/event");
  const deepLink = await import("@tauri-apps/plugin-deep-link");
  const opener = await import("@tauri-apps/plugin-opener");
  const http = await import("@tauri-apps/plugin-http");
  const native = { opened: [], launch: null, requests: [] };
  context.after(clearMocks);
  mockIPC(
    (command, parameters) => {
      if (command === "plugin:deep-link|get_current") return native.launch;
      if (command === "plugin:opener|open_url") native.opened.push(parameters.url);
      if (command === "plugin:http|fetch") native.requests.push(parameters.clientConfig);
      if (command === "plugin:http|fetch_send")
        return {
          status: 200,
          statusText: "OK",
          url: METADATA.token_endpoint,
          headers: [["content-type", "application/json"]],
          rid: 2,
        };
      if (command === "plugin:http|fetch_read_body") {
        const body = native.read ? [1] : [...new TextEncoder().encode(JSON.stringify(TOKENS)), 0];
        native.read = true;
        return body;
      }
    },
    { shouldMockEvents: true },
  );
  const file = { items: new Map(), saved: undefined };
  const store = {
    get: async (name) => file.items.get(name),
    set: async (name, item) => void file.items.set(name, item),
    save: async () => {
      file.saved = new Map(file.items);
    },
  };
  const host = tauriHost({ deepLink, opener, http, store });
  assert.equal(host.tier, "plain");
  const before = await start(host);
  await before.client.login();
  assert.match(file.saved.get("pkce-wasm"), /pkce-wasm:2:t:/, "before the user is sent away");
  before.stop();
  const redirect = callback(native.opened[0]);

  native.launch = [redirect];
  const app = await start(tauriHost({ deepLink, opener, http, store }));
  await until(() => app.outcomes.length === 1);
  await emit("deep-link://new-url", [redirect]);
  await emit("deep-link://new-url", [`${REDIRECT_URI}?code=stolen&state=guessed`]);
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual(app.statuses(), ["signed-in", "other-login"]);
  assert.equal(native.requests.length, 1);
  assert.equal(native.requests[0].maxRedirections, 0);

  assert.equal(tauriHost({ deepLink, opener, secureStorage: store }).tier, "secure");
  assert.deepEqual(
    [tauriHost({ deepLink, opener }).tier, tauriHost({ deepLink, opener }).fetch],
    ["page", undefined],
  );
  assert.throws(() => tauriHost({ deepLink }), TypeError);

  // As the plugins do it with `withGlobalTauri`.
  const global = {};
  for (const [name, value] of Object.entries({ deepLink, opener }))
    Object.defineProperty(global, name, { value });
  stub(context, { __TAURI__: global });
  assert.equal(tauriHost().tier, "page");
});

// Electron: both halves and the preload script, joined by a scripted `electron`.

/** Runs the preload script, which wants a `require` of its own. */
const preload = (electron) =>
  new Function("require", readFileSync(resolve("pkce-wasm/electron/preload.cjs"), "utf8"))((name) => {
    assert.equal(name, "electron");
    return electron;
  });

const electron = (context, change = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "pkce-electron-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const machine = {
    folder,
    opened: [],
    events: {},
    sent: [],
    focused: 0,
    first: true,
    quit: false,
    ...change,
  };
  const mainFrame = { url: "app://bundle/index.html" };
  machine.frame = mainFrame;
  const heard = new Set();
  const window = {
    webContents: {
      mainFrame,
      send: (_, urls) => {
        for (const hear of heard) hear({}, urls);
      },
    },
    isMinimized: () => false,
    focus: () => {
      machine.focused += 1;
    },
  };
  machine.modules = {
    app: {
      quit: () => {
        machine.quit = true;
      },
      getPath: () => folder,
      requestSingleInstanceLock: () => machine.first,
      setAsDefaultProtocolClient: (...parameters) => {
        machine.registered = parameters;
        return true;
      },
      on: (event, listener) => {
        machine.events[event] = listener;
      },
    },
    ipcMain: {
      handle: (_, listener) => {
        machine.handle = listener;
      },
    },
    shell: { openExternal: async (url) => void machine.opened.push(url) },
    safeStorage: {
      isEncryptionAvailable: () => true,
      getSelectedStorageBackend: () => machine.backend ?? "gnome_libsecret",
      encryptString: (text) => Buffer.from(text).map((byte) => byte ^ 0x5a),
      decryptString: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString(),
    },
  };
  machine.serve = () =>
    serveElectronHost(machine.modules, {
      scheme: SCHEME,
      authorizationServers: [ISSUER],
      isTrusted: (url) => url.startsWith("app://bundle/"),
      browserWindow: () => window,
    });
  /** The page, as it is loaded: with the bridge that the preload script has made. */
  machine.page = () => {
    heard.clear();
    let bridge;
    preload({
      contextBridge: {
        exposeInMainWorld: (name, value) => {
          assert.equal(name, "pkceWasmShell");
          bridge = value;
        },
      },
      ipcRenderer: {
        invoke: async (_, ...question) =>
          machine.handle(
            { senderFrame: machine.frame, sender: window.webContents },
            ...structuredClone(question),
          ),
        on: (_, hear) => heard.add(hear),
        removeListener: (_, hear) => heard.delete(hear),
      },
    });
    return electronHost(bridge);
  };
  return machine;
};

test("Electron: NA1 the system's browser opens, a second instance leads back, and the session is encrypted on disk", async (context) => {
  const machine = electron(context);
  assert.equal(machine.serve(), true);
  assert.deepEqual(machine.registered, [SCHEME]);
  const host = await machine.page();
  assert.equal(host.tier, "secure");
  const app = await start({ ...host, fetch: answering });
  await app.client.login();
  const redirect = callback(machine.opened[0]);
  for (const url of [`${REDIRECT_URI}?code=stolen&state=guessed`, redirect, redirect]) {
    machine.events["second-instance"]({}, ["/usr/bin/app", "--flag", url]);
  }
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual(app.statuses().sort(), ["other-login", "signed-in"]);
  assert.equal(machine.focused, 3);
  const file = join(machine.folder, "pkce-wasm.bin");
  assert.doesNotMatch(readFileSync(file, "latin1"), /access_token|"at"/);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  // The page is loaded again: the main process still has the URLs.
  app.stop();
  const reloaded = await start({ ...(await machine.page()), fetch: () => assert.fail("redeemed twice") });
  await until(() => reloaded.outcomes.length === 2);
  assert.deepEqual(reloaded.statuses().sort(), ["already-completed", "other-login"]);
  assert.equal(await (await reloaded.client.session()).accessToken(), "at");

  // A file that nobody can decrypt any more is told, and left alone.
  writeFileSync(file, "other bytes");
  await assert.rejects(reloaded.client.session(), { code: "storage_unavailable" });
  assert.equal(readFileSync(file, "utf8"), "other bytes");
});

test("Electron: the application is started by the redirect, also of macOS, and a second instance ends", async (context) => {
  const { argv } = process;
  context.after(() => {
    process.argv = argv;
  });
  const machine = electron(context);
  machine.serve();
  const before = await start({ ...(await machine.page()), fetch: answering });
  await before.client.login();
  const redirect = callback(machine.opened[0]);

  process.argv = ["/usr/bin/app", "--flag", redirect];
  machine.serve();
  const app = await start({ ...(await machine.page()), fetch: answering });
  await until(() => app.outcomes.length === 1);
  assert.deepEqual(app.statuses(), ["signed-in"]);

  let prevented = false;
  const event = {
    preventDefault: () => {
      prevented = true;
    },
  };
  machine.events["open-url"](event, `${REDIRECT_URI}?code=stolen&state=guessed`);
  machine.events["open-url"](event, "other.scheme:/callback?code=c&state=s");
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual([prevented, ...app.statuses()], [true, "signed-in", "other-login"]);

  const second = electron(context, { first: false });
  assert.equal(second.serve(), false);
  assert.deepEqual([second.quit, second.handle], [true, undefined]);
});

test("Electron: a foreign page or frame is not answered, and no other URL is opened", async (context) => {
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  for (const url of [
    "file:///etc/passwd",
    "https://evil.example/",
    "https://as.example.evil.example/",
    "calc:",
    "",
  ]) {
    await assert.rejects(host.open(url), /no URL of an authorization server/, url);
  }
  assert.deepEqual(machine.opened, []);
  for (const question of ["constructor", "toString", "quit", undefined]) {
    const event = { senderFrame: machine.frame, sender: { mainFrame: machine.frame } };
    await assert.rejects(machine.handle(event, question), /no such question/);
  }
  const { frame } = machine;
  for (const other of [null, { url: "app://bundle/frame.html" }]) {
    machine.frame = other;
    await assert.rejects(host.open(`${ISSUER}/auth`), /may not ask/);
  }
  machine.frame = frame;
  frame.url = "https://evil.example/";
  await assert.rejects(host.storage.getItem("pkce-wasm"), /may not ask/);
  await assert.rejects(machine.page(), /may not ask/);
  await assert.rejects(electronHost(), TypeError);
});

test("Electron: a keyring that encrypts with a known password is not called secure", async (context) => {
  const machine = electron(context, { backend: "basic_text" });
  machine.serve();
  const host = await machine.page();
  assert.deepEqual([host.tier, host.storage], ["page", undefined]);
});

test("Electron: NA5 NA6 a port of the loopback interface leads back, and is closed after the login", async (context) => {
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  const redirectUri = await host.listen();
  assert.match(redirectUri, /^http:\/\/(127\.0\.0\.1|\[::1\]):\d+\/callback$/);
  const app = await start({ ...host, fetch: answering }, { redirectUri });
  await app.client.login();
  assert.equal(new URL(machine.opened[0]).searchParams.get("redirect_uri"), redirectUri);

  const status = async (url, init) => (await fetch(url, init)).status;
  assert.equal(await status(redirectUri.replace("/callback", "/elsewhere?code=c&state=s")), 404);
  assert.equal(await status(redirectUri, { method: "POST" }), 405);
  assert.equal(await status(redirectUri.replace(/127\.0\.0\.1|\[::1\]/, "localhost")).catch(() => 421), 421);
  assert.equal(await status(`${redirectUri}?code=stolen&state=guessed`), 200);
  assert.equal(await status(callback(machine.opened[0], redirectUri)), 200);
  await until(() => app.outcomes.length === 2);
  assert.deepEqual(app.statuses().sort(), ["other-login", "signed-in"]);
  await host.close();
  await assert.rejects(fetch(redirectUri), "the port is closed");
});

test("Electron: NA6 whoever closed the browser begins anew with another port, and the first is closed", async (context) => {
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  const first = await host.listen();
  const given = await start({ ...host, fetch: answering }, { redirectUri: first });
  await given.client.login();
  given.stop();

  const second = await host.listen();
  context.after(() => host.close());
  assert.notEqual(second, first);
  await assert.rejects(fetch(callback(machine.opened[0], first)), "the port is closed");
  const app = await start({ ...host, fetch: answering }, { redirectUri: second });
  await app.client.login();
  await fetch(callback(machine.opened[1], second));
  await until(() => app.outcomes.length === 1);
  assert.deepEqual(app.statuses(), ["signed-in"]);
});

test("the guides are in the package, and name no entry that there is not", () => {
  for (const shell of ["capacitor", "cordova", "electron", "tauri"]) {
    const text = readFileSync(
      resolvePath(resolve("pkce-wasm/package.json"), `../shells/${shell}.md`),
      "utf8",
    );
    assert.match(text, new RegExp(`from "pkce-wasm/${shell}"`));
    for (const heading of ["Where records rest", "What was run"])
      assert.ok(text.includes(heading), `${shell}: ${heading}`);
  }
});
