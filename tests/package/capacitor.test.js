// Capacitor: its own bridge of Android, over which its own plugins talk to what stands for the system.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { runInThisContext } from "node:vm";
import { load, METADATA, until } from "./installed.js";
import { callback, here, quiet, REDIRECT_URI, start, TOKENS } from "./shells.js";

const { isPkceError } = await load("pkce-wasm");
const { capacitorHost } = await load("pkce-wasm/capacitor");

const android = { device: undefined };

before(() => {
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
    { name: "Preferences", methods: promises("get", "set", "remove") },
    { name: "CapacitorHttp", methods: promises("request") },
  ];
});
after(async () => {
  // The last test may still ask its device: whether somebody has signed out meanwhile, and which login is finished.
  for (let time = 0; time < 10; time++) await quiet();
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
    "Preferences.remove": ({ key }) => {
      device.items.delete(key);
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

test("Capacitor: HS1 each record is an item of the preferences, and is removed with what it is about", async () => {
  const device = telephone();
  const app = await start(await capacitor());
  await app.client.login();
  assert.equal(device.items.size, 3, "the list of them, the login, its redirect URI");
  await app.client.handleRedirect(callback(device.opened[0]));
  const isSession = (item) => /\\nat\\n/.test(item);
  assert.equal([...device.items.values()].filter(isSession).length, 1, [...device.items.values()].join());
  await app.client.logout();
  assert.equal([...device.items.values()].filter(isSession).length, 0);
  await app.stop();
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

  // The WebView loads its page again; the launch URL is still there, and is finished.
  const reloaded = await start(await capacitor());
  await quiet();
  assert.deepEqual(reloaded.statuses(), []);
  assert.equal(await (await reloaded.client.session()).accessToken(), "at");
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
