// Electron: both halves and the preload script, joined by a scripted `electron`.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ISSUER, load, METADATA, resolve, until } from "./installed.js";
import { answering, callback, quiet, REDIRECT_URI, SCHEME, start } from "./shells.js";

const { Client, isPkceError } = await load("pkce-wasm");
const { electronHost } = await load("pkce-wasm/electron");
const { serveElectronHost } = await load("pkce-wasm/electron/main");

const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };

/** Runs the preload script, which wants a `require` of its own. */
const preload = (electron) =>
  new Function("require", readFileSync(resolve("pkce-wasm/electron/preload.cjs"), "utf8"))((name) => {
    assert.equal(name, "electron");
    return electron;
  });

const electron = (context, change = {}) => {
  const folder = change.folder ?? mkdtempSync(join(tmpdir(), "pkce-electron-"));
  // A client may be writing into it still.
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const machine = {
    folder,
    opened: [],
    resets: [],
    events: {},
    sent: [],
    focused: 0,
    first: true,
    quit: false,
    isClosed: false,
    ...change,
  };
  const mainFrame = { url: "app://bundle/index.html" };
  machine.frame = mainFrame;
  const heard = new Set();
  const window = {
    webContents: {
      mainFrame,
      isDestroyed: () => machine.isClosed,
      send: (_, ...news) => {
        if (machine.isClosed) throw new TypeError("Object has been destroyed");
        for (const hear of heard) hear({}, ...news);
      },
    },
    isDestroyed: () => machine.isClosed,
    isMinimized: () => {
      if (machine.isClosed) throw new TypeError("Object has been destroyed");
      return false;
    },
    focus: () => {
      machine.focused += 1;
    },
  };
  machine.contents = window.webContents;
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
    safeStorage: change.safeStorage ?? {
      isEncryptionAvailable: () => true,
      getSelectedStorageBackend: () => machine.backend ?? "gnome_libsecret",
      encryptString: (text) => Buffer.from(text).map((byte) => byte ^ 0x5a),
      decryptString: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString(),
    },
  };
  machine.serve = () =>
    serveElectronHost(machine.modules, {
      scheme: SCHEME,
      authorizationServers: machine.servers ?? [ISSUER],
      isTrusted: (url) => url.startsWith("app://bundle/"),
      browserWindow: machine.browserWindow ?? (() => window),
      onStorageReset: (reason) => machine.resets.push(reason),
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

  // The page is loaded again: it is done with those URLs.
  app.stop();
  const reloaded = await start({ ...(await machine.page()), fetch: () => assert.fail("redeemed twice") });
  await quiet();
  assert.deepEqual(reloaded.statuses(), []);
  assert.equal(await (await reloaded.client.session()).accessToken(), "at");
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

test("Electron: EN10 a foreign page or frame is not answered, and no other URL is opened", async (context) => {
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  for (const url of [
    "https://evil.example/",
    "https://as.example.evil.example/",
    "https://as.example@evil.example/",
    "https://as.example:444/",
    "http://as.example/",
    "https:/\\evil.example/https://as.example/",
  ]) {
    await assert.rejects(host.open(url), /no URL of an authorization server/, url);
  }
  for (const url of [
    "file:///etc/passwd",
    "calc:",
    "",
    `blob:${ISSUER}/auth`,
    `filesystem:${ISSUER}/temporary/auth`,
    `view-source:${ISSUER}/auth`,
    "javascript:void 0",
    `data:text/html,${ISSUER}`,
    [`${ISSUER}/auth`],
    { href: `${ISSUER}/auth`, origin: ISSUER },
    null,
    undefined,
    5,
    "/auth",
    "https://",
  ]) {
    await assert.rejects(host.open(url), TypeError, `${url}`);
  }
  assert.deepEqual(machine.opened, []);
  // What was read is what is opened.
  for (const url of [
    ` ${ISSUER}/auth`,
    `${ISSUER}/au\nth`,
    `${ISSUER}/auth\r\n`,
    "HTTPS://AS.EXAMPLE/auth",
    "https:as.example/auth",
    `${ISSUER}/x/../auth`,
  ]) {
    await host.open(url);
    assert.equal(machine.opened.pop(), `${ISSUER}/auth`);
  }
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

test("Electron: HS1 the file keeps every item, whoever writes at the same time", async (context) => {
  const machine = electron(context);
  machine.serve();
  const [first, second] = [await machine.page(), await machine.page()];
  const numbers = Array.from({ length: 9 }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => (number % 2 ? first : second).storage.setItem(`item${number}`, `${number}`)),
  );
  await Promise.all([first.storage.removeItem("item0"), second.storage.removeItem("nothing")]);
  for (const number of numbers) {
    assert.equal(await second.storage.getItem(`item${number}`), number ? `${number}` : null);
  }
  for (const name of ["constructor", "toString", "__proto__"])
    assert.equal(await first.storage.getItem(name), null);
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

test("Electron: EN10 only servers of the web can be named, and only texts are kept", async (context) => {
  for (const server of ["com.example.app:/", "blob:https://as.example/x", "as.example", 5]) {
    const machine = electron(context, { servers: [server] });
    assert.throws(() => machine.serve(), TypeError, `${server}`);
  }
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  for (const name of ["constructor", "__proto__", "toString"]) {
    assert.equal(await host.storage.getItem(name), null);
  }
  for (const item of [5, null, ["x"], { toJSON: 1 }]) {
    await assert.rejects(host.storage.setItem("pkce-wasm", item), TypeError);
  }
  await host.storage.setItem("pkce-wasm", "{}");
  assert.equal(await host.storage.getItem("pkce-wasm"), "{}");
});

/** A machine on which somebody is signed in, by a page that keeps the session; the file that it is in. */
const signedIn = async (context, change) => {
  const machine = electron(context, change);
  machine.serve();
  const app = await start({ ...(await machine.page()), fetch: answering });
  await app.client.login();
  machine.events["second-instance"]({}, [callback(machine.opened[0])]);
  await until(() => app.outcomes.length === 1);
  assert.deepEqual(app.statuses(), ["signed-in"]);
  return { machine, app, file: join(machine.folder, "pkce-wasm.bin") };
};

/** What is in a file when nobody writes to it any more: a client looks once more after a login, and sweeps. */
const still = async (file) => {
  for (let before; ; ) {
    const now = readFileSync(file);
    if (before?.equals(now)) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
};

test("Electron: SH5 a file that is empty or was cut begins anew, and both sides are told", async (context) => {
  const { file } = await signedIn(context);
  const whole = await still(file);
  for (const length of [0, 1, 5, 12, 13, 20, 21, whole.length >> 1, whole.length - 1]) {
    const machine = electron(context);
    machine.serve();
    const cut = join(machine.folder, "pkce-wasm.bin");
    writeFileSync(cut, whole.subarray(0, length));
    const host = await machine.page();
    const heard = [];
    host.onReset((reason) => heard.push(reason));
    const client = new Client({ ...config, storage: "host", transactionStorage: "host", host }, METADATA);
    assert.equal(await client.session(), null, `${length} bytes`);
    assert.deepEqual([heard.length, machine.resets.length], [1, 1], `${length} bytes`);
    await client.login();
    assert.ok(statSync(cut).size > 20);
  }
});

test("Electron: SH5 where the process is killed while it writes, the old file counts", async (context) => {
  const { machine, app, file } = await signedIn(context);
  const whole = await still(file);
  writeFileSync(`${file}.new`, whole.subarray(0, 40));
  assert.equal(await (await app.client.session()).accessToken(), "at");
  await app.client.login();
  assert.equal(await (await app.client.session()).accessToken(), "at");
  assert.deepEqual(machine.resets, []);
});

test("Electron: SH6 a key that is lost is told with what to do, and host.reset() begins anew", async (context) => {
  const { machine, app, file } = await signedIn(context);
  const whole = await still(file);
  let isLost = true;
  const { decryptString } = machine.modules.safeStorage;
  machine.modules.safeStorage.decryptString = (bytes) => {
    if (isLost)
      throw new Error("Error while decrypting the ciphertext provided to safeStorage.decryptString.");
    return decryptString(bytes);
  };
  const host = await machine.page();
  const client = new Client({ ...config, storage: "host", transactionStorage: "host", host }, METADATA);
  for (const use of [() => client.session(), () => client.login(), () => client.logout()]) {
    await assert.rejects(
      use,
      (error) =>
        isPkceError(error) &&
        error.code === "storage_unavailable" &&
        error.subject === "host.storage" &&
        /host\.reset\(\)/.test(error.cause.message),
    );
  }
  assert.deepEqual(readFileSync(file), whole, "a keychain that was locked may be open later");
  assert.deepEqual(machine.resets, []);
  await host.reset();
  assert.equal(await client.session(), null);
  // What is written from now on has another key.
  isLost = false;
  await client.login();
  assert.equal(await client.session(), null);
  await app.stop();
});

test("Electron: SH6 a reset that the machine refuses is a PkceError", async (context) => {
  const machine = electron(context);
  machine.serve();
  const host = await machine.page();
  machine.modules.app.getPath = () => {
    throw new Error("no folder");
  };
  await assert.rejects(host.reset(), (error) => isPkceError(error) && error.code === "storage_unavailable");
});

test("Electron: SH5 both APIs of safeStorage serve, the asynchronous one first, and what the other one wrote is read", async (context) => {
  const turned = (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x33));
  const asynchronous = {
    isAsyncEncryptionAvailable: async () => true,
    encryptStringAsync: async (text) => turned(Buffer.from(text)),
    decryptStringAsync: async (bytes) => {
      const result = turned(bytes).toString();
      if (!result.startsWith("{")) throw new Error("another key");
      return { result, shouldReEncrypt: false };
    },
  };
  // Electron 46 has no other functions than these.
  const alone = await signedIn(context, { safeStorage: asynchronous });
  assert.equal(await (await alone.app.client.session()).accessToken(), "at");
  assert.equal((await alone.machine.page()).tier, "secure");

  // The file of an older release, as it wrote it: without a mark.
  const { machine, app, file } = await signedIn(context);
  const { safeStorage } = machine.modules;
  const mark = 12 + 8;
  // In one step: the client may look at it at any moment.
  writeFileSync(`${file}.older`, readFileSync(file).subarray(mark));
  renameSync(`${file}.older`, file);
  assert.equal(await (await app.client.session()).accessToken(), "at");
  const both = electron(context, {
    safeStorage: { ...safeStorage, ...asynchronous },
    folder: machine.folder,
  });
  both.serve();
  const next = await start({ ...(await both.page()), fetch: answering });
  assert.equal(await (await next.client.session()).accessToken(), "at");
  await next.client.login();
  assert.doesNotThrow(() => JSON.parse(turned(readFileSync(file).subarray(mark)).toString()));
  const none = electron(context, {
    safeStorage: { isAsyncEncryptionAvailable: async () => false, encryptStringAsync: () => {} },
  });
  none.serve();
  assert.equal((await none.page()).tier, "page");
});

test("Electron: SH7 a URL that arrives while no window is there waits for the next page", async (context) => {
  for (const browserWindow of [undefined, () => null, () => undefined]) {
    const { argv } = process;
    context.after(() => {
      process.argv = argv;
    });
    const machine = electron(context, { browserWindow });
    machine.serve();
    const before = await start({ ...(await machine.page()), fetch: answering });
    await before.client.login();
    before.stop();
    machine.isClosed = true;
    const redirect = callback(machine.opened[0]);
    machine.events["open-url"]({ preventDefault: () => {} }, redirect);
    machine.events["second-instance"]({}, ["/usr/bin/app", redirect]);
    machine.isClosed = false;
    const app = await start({ ...(await machine.page()), fetch: answering });
    await until(() => app.outcomes.length === 1);
    await quiet();
    assert.deepEqual(app.statuses(), ["signed-in"]);
    // While another application is in front no window of ours is focused: the page is told all the same.
    await app.client.login();
    machine.events["open-url"]({ preventDefault: () => {} }, callback(machine.opened.at(-1)));
    await until(() => app.outcomes.length === 2);
    assert.deepEqual(app.statuses(), ["signed-in", "signed-in"]);
    await app.stop();
  }
});

test("Electron: SH7 a page that was loaded again in the middle of a login is given its URL again, and no other", async (context) => {
  const machine = electron(context);
  machine.serve();
  let lose;
  const held = () =>
    new Promise((_, failed) => {
      lose = failed;
    });
  const before = await start({ ...(await machine.page()), fetch: held });
  await before.client.login();
  machine.events["second-instance"]({}, [`${REDIRECT_URI}?code=c&state=guessed`]);
  await until(() => before.outcomes.length === 1);
  await quiet();
  machine.events["second-instance"]({}, [callback(machine.opened[0])]);
  await until(() => lose);
  const app = await start({ ...(await machine.page()), fetch: answering });
  await quiet();
  assert.ok(!app.statuses().includes("other-login"));
  const urls = await machine.handle({ senderFrame: machine.frame, sender: machine.contents }, "urls");
  assert.deepEqual(urls, [callback(machine.opened[0])]);
  // The answer is lost with the page.
  lose(new TypeError("gone"));
  await until(() => app.outcomes.length === 1 && before.outcomes.length === 2);
  assert.deepEqual(app.statuses(), ["signed-in"]);
  await quiet();
});

test("Electron: SH7 of several windows the one that began the login is told and shown", async (context) => {
  const machine = electron(context);
  const shown = [];
  const windows = ["first", "second"].map((name) => ({
    name,
    isDestroyed: () => false,
    isMinimized: () => name === "second",
    restore: () => shown.push(`${name} restored`),
    focus: () => shown.push(name),
    webContents: {
      name,
      mainFrame: { url: "app://bundle/" },
      isDestroyed: () => false,
      told: [],
      send: (_, ...news) => windows.find((window) => window.name === name).webContents.told.push(news),
    },
  }));
  machine.modules.BrowserWindow = {
    fromWebContents: (contents) => windows.find(({ webContents }) => webContents === contents) ?? null,
  };
  machine.browserWindow = () => windows[0];
  machine.serve();
  const ask = ({ webContents }, ...question) =>
    machine.handle({ senderFrame: webContents.mainFrame, sender: webContents }, ...question);
  for (const window of windows) assert.deepEqual(await ask(window, "urls"), []);
  await ask(windows[1], "open", `${ISSUER}/auth?state=mine`);
  const url = `${REDIRECT_URI}?code=c&state=mine`;
  machine.events["second-instance"]({}, [url]);
  assert.deepEqual(shown, ["second restored", "second"]);
  assert.deepEqual(
    windows.map(({ webContents }) => webContents.told),
    [[], [["urls"]]],
  );
  assert.deepEqual(await ask(windows[0], "urls"), []);
  assert.deepEqual(await ask(windows[1], "urls"), [url]);
  await ask(windows[1], "done", url);
  assert.deepEqual(await ask(windows[1], "urls"), []);
  // A login that nobody here began: the window that the application names.
  machine.events["second-instance"]({}, [`${REDIRECT_URI}?code=c&state=other`]);
  assert.equal(shown.at(-1), "first");
  assert.equal((await ask(windows[0], "urls")).length, 1);
  assert.deepEqual(await ask(windows[1], "urls"), [], "one page handles it");
});
