// Cordova: the modules of its plugins, and an exec that stands for the native side.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ISSUER, load, until } from "./installed.js";
import { answering, callback, here, quiet, REDIRECT_URI, start, stub } from "./shells.js";

const { cordovaHost } = await load("pkce-wasm/cordova");

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
      "SecureStorage.remove": () =>
        heard.items.delete(parameters[1]) ? success(parameters[1]) : failure("item not found"),
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

test("Cordova: HS1 each record is an item of the secure storage; the vault of Windows, which takes ten, has one", async (context) => {
  for (const platformId of ["ios", "windows"]) {
    const opened = [];
    const heard = cordova(context, []);
    globalThis.cordova.platformId = platformId;
    const SecureStorage = cordovaSecureStorage();
    const secureStorage = await new Promise((done, failed) => {
      const made = new SecureStorage(() => done(made), failed, "pkce-wasm");
    });
    const host = cordovaHost({ secureStorage, open: (url) => void opened.push(url), fetch: answering });
    const app = await start(host);
    await app.client.login();
    assert.equal((await app.client.handleRedirect(callback(opened[0]))).status, "signed-in");
    assert.equal(await (await app.client.session()).accessToken(), "at");
    await app.client.logout();
    assert.equal(await app.client.session(), null);
    assert.deepEqual([...heard.items.keys()].length > 1, platformId === "ios");
    assert.ok([...heard.items.values()].every((item) => !/\\nat\\n/.test(item)));
    app.stop();
  }
});

function cordovaSecureStorage() {
  plugin("cordova-plugin-secure-storage-echo/www/securestorage.js");
  return globalThis.cordova.plugins.SecureStorage;
}
