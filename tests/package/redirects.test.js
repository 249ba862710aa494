// What the adapters do with the URLs of their shells, and how they fail. The plugins are stand-ins that fail as the real ones do: before the shell is
// ready, with a text in the place of an error, or later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, load, METADATA, pageStorage, until } from "./installed.js";
import { answering, callback, quiet, REDIRECT_URI, start, stub, TOKENS } from "./shells.js";

const { Client, isPkceError } = await load("pkce-wasm");
const { tauriHost } = await load("pkce-wasm/tauri");
const { capacitorHost } = await load("pkce-wasm/capacitor");
const { cordovaHost } = await load("pkce-wasm/cordova");
const { electronHost } = await load("pkce-wasm/electron");

/** A device: what outlives the process, and what its shell answers. */
const createDevice = () => ({
  opened: [],
  items: new Map(),
  launchUrls: [],
  ears: new Set(),
  open: async () => {},
  launch: async () => {},
  listen: async () => {},
  hear(url) {
    for (const hear of this.ears) hear(url);
  },
});

/** A process of an application on that device. */
const HOSTS = {
  Capacitor: (device) =>
    capacitorHost({
      App: {
        getLaunchUrl: async () => (await device.launch()) ?? { url: device.launchUrls[0] },
        addListener: async (_, hear) => {
          await device.listen();
          const ear = (url) => hear({ url });
          device.ears.add(ear);
          return { remove: async () => device.ears.delete(ear) };
        },
      },
      Browser: { open: ({ url }) => device.open(device.opened.push(url)), close: async () => {} },
      Preferences: {
        get: async ({ key }) => ({ value: device.items.get(key) ?? null }),
        set: async ({ key, value }) => void device.items.set(key, value),
        remove: async ({ key }) => void device.items.delete(key),
      },
    }),
  Tauri: (device) =>
    tauriHost({
      deepLink: {
        getCurrent: async () => (await device.launch()) ?? device.launchUrls,
        onOpenUrl: async (hear) => {
          await device.listen();
          const ear = (url) => hear([url]);
          device.ears.add(ear);
          return () => device.ears.delete(ear);
        },
      },
      opener: { openUrl: (url) => device.open(device.opened.push(url)) },
      store: {
        get: async (name) => device.items.get(name),
        set: async (name, item) => void device.items.set(name, item),
        delete: async (name) => device.items.delete(name),
        save: async () => {},
      },
    }),
  Cordova: (device) => {
    // Another process: nothing of the last one is left.
    globalThis.handleOpenURL = undefined;
    const host = cordovaHost({
      open: (url) => device.open(device.opened.push(url)),
      secureStorage: {
        getItem: async (name) => device.items.get(name) ?? null,
        setItem: async (name, item) => void device.items.set(name, item),
        removeItem: async (name) => void device.items.delete(name),
      },
    });
    const { handleOpenURL } = globalThis;
    device.ears.add(handleOpenURL);
    for (const url of device.launchUrls) handleOpenURL(url);
    return host;
  },
};

const launch = async (device, hostOf, { fetch = answering, ...change } = {}) => {
  device.ears.clear();
  return start({ ...(await hostOf(device)), fetch }, change);
};

for (const [shell, hostOf] of Object.entries(HOSTS)) {
  test(`${shell}: SH1 a browser that does not open is a PkceError of login(), whatever the shell throws`, async (context) => {
    stub(context, { handleOpenURL: undefined });
    for (const [reason, open] of [
      ["a text", () => Promise.reject("no browser")],
      ["an error", async () => Promise.reject(new Error("no browser"))],
      [
        "at once",
        () => {
          throw new Error("not before deviceready");
        },
      ],
      ["nothing", () => Promise.reject(undefined)],
      ["an object", () => Promise.reject({ code: "UNAVAILABLE" })],
    ]) {
      for (const tier of ["memory", "host"]) {
        const device = createDevice();
        device.open = open;
        const app = await launch(device, hostOf, { transactionStorage: tier, storage: tier });
        await assert.rejects(
          async () => app.client.login(),
          (error) => isPkceError(error) && error.subject === "host.open",
          `${reason} ${tier}`,
        );
        await app.stop();
      }
    }
  });

  test(`${shell}: SH2 a URL whose handling failed for the moment is handed over again, and any other once`, async (context) => {
    stub(context, { handleOpenURL: undefined });
    const device = createDevice();
    let answer = async () => Promise.reject(new TypeError("offline"));
    const app = await launch(device, hostOf, { fetch: (...request) => answer(...request) });
    await app.client.login();
    const url = callback(device.opened[0]);
    for (let time = 1; time <= 2; time++) {
      device.hear(url);
      await until(() => app.outcomes.length === time);
      assert.deepEqual([app.outcomes.at(-1).status, app.outcomes.at(-1).error.retryable], ["refused", true]);
    }
    answer = answering;
    device.hear(url);
    await until(() => app.outcomes.length === 3);
    assert.equal(app.statuses().at(-1), "signed-in");
    for (const other of [
      url,
      `${REDIRECT_URI}?code=c&state=guessed`,
      `${REDIRECT_URI}?code=c&state=guessed`,
    ]) {
      device.hear(other);
    }
    await until(() => app.outcomes.length === 4);
    await quiet();
    assert.deepEqual(app.statuses(), ["refused", "refused", "signed-in", "other-login"]);
    await app.stop();
  });

  test(`${shell}: SH2 a URL is handed over again when its listener failed`, async (context) => {
    stub(context, { handleOpenURL: undefined });
    const device = createDevice();
    const host = await hostOf(device);
    const given = [];
    const uncaught = [];
    const hear = (error) => uncaught.push(error.message);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", hear);
    context.after(() => {
      process.removeListener("unhandledRejection", hear);
      for (const other of others) process.on("unhandledRejection", other);
    });
    const stop = await host.onRedirect(async (url) => {
      given.push(url);
      if (given.length === 1) throw new Error("the keychain is locked");
    });
    for (let time = 1; time <= 3; time++) {
      device.hear(`${REDIRECT_URI}?code=c&state=s`);
      await quiet();
    }
    assert.equal(given.length, 2);
    assert.deepEqual(uncaught, ["the keychain is locked"]);
    await stop();
  });

  test(`${shell}: SH3 the launch URL of a login that is finished is not handed over again, in no later process`, async (context) => {
    for (const page of [undefined, pageStorage()]) {
      stub(context, { handleOpenURL: undefined, localStorage: page });
      const device = createDevice();
      await (await launch(device, hostOf)).client.login();
      const url = callback(device.opened[0]);
      device.launchUrls = [url];
      // A process that was killed before it was done is given it again.
      const killed = await launch(device, hostOf, { fetch: () => new Promise(() => {}), timeout: 1 });
      await until(() => killed.outcomes.length === 1);
      assert.deepEqual(killed.statuses(), ["refused"]);
      const app = await launch(device, hostOf);
      await until(() => app.outcomes.length === 1);
      assert.deepEqual(app.statuses(), ["signed-in"]);
      await quiet();
      for (let start = 0; start < 3; start++) {
        const later = await launch(device, hostOf);
        device.hear(url);
        await quiet();
        assert.deepEqual(later.statuses(), []);
        assert.equal(await (await later.client.session()).accessToken(), "at");
      }
      // What is remembered shows no code.
      const remembered = [...device.items.values(), ...(page?.items.values() ?? [])].join("\n");
      assert.ok(!remembered.includes("code=c"), remembered);
      // The next login is another one.
      const next = await launch(device, hostOf);
      await next.client.login();
      device.hear(callback(device.opened.at(-1)));
      await until(() => next.outcomes.length === 1);
      assert.deepEqual(next.statuses(), ["signed-in"]);
      await next.stop();
    }
  });
}

for (const shell of ["Capacitor", "Tauri"]) {
  test(`${shell}: SH1 onRedirect rejects with a PkceError, and ends what it began`, async () => {
    for (const [place, reason] of [
      ["listen", "plugin deep-link not found"],
      ["listen", new Error("not implemented")],
      ["launch", undefined],
      ["launch", { message: "not allowed by the capability" }],
    ]) {
      const device = createDevice();
      device[place] = () => Promise.reject(reason);
      const host = HOSTS[shell](device);
      await assert.rejects(
        host.onRedirect(() => {}),
        (error) => isPkceError(error) && error.subject === "host.onRedirect" && /\.\W/.test(error.message),
      );
      assert.equal(device.ears.size, 0);
      // Once the shell is ready it works.
      device[place] = async () => {};
      await (await host.onRedirect(() => {}))();
    }
  });
}

test("Electron: SH1 a main process that does not answer is a PkceError of onRedirect and of login()", async () => {
  const shell = {
    ask: async (question) => {
      if (question === "tier") return "page";
      throw new Error("this page may not ask");
    },
    hear: () => () => {},
  };
  const host = await electronHost(shell);
  await assert.rejects(
    host.onRedirect(() => {}),
    isPkceError,
  );
  const config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    transactionStorage: "memory",
    host,
  };
  await assert.rejects(async () => new Client({ ...config, scope: "files" }, METADATA).login(), isPkceError);
});

test("SH2 a host is told how each callback ended, and what it makes of that is its own business", async () => {
  const told = [];
  let opened;
  const host = {
    open: (url) => {
      opened = url;
    },
    fetch: async () => Response.json(TOKENS),
    handled: (url, outcome) => {
      told.push([url, outcome?.status]);
      throw new Error("of the host");
    },
  };
  const client = new Client(
    {
      issuer: ISSUER,
      clientId: "app",
      redirectUri: REDIRECT_URI,
      scope: "files",
      transactionStorage: "memory",
      host,
    },
    METADATA,
  );
  client.login();
  for (let time = 0; time < 2; time++) await client.handleRedirect(callback(opened));
  await client.handleRedirect("com.example.app:/settings");
  assert.deepEqual(told, [
    [callback(opened), "signed-in"],
    [callback(opened), "already-completed"],
  ]);
});
