// Electron: both halves and the preload script, joined by a scripted `electron`.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ISSUER, load, resolve, until } from "./installed.js";
import { answering, callback, quiet, REDIRECT_URI, SCHEME, start } from "./shells.js";

const { electronHost } = await load("pkce-wasm/electron");
const { serveElectronHost } = await load("pkce-wasm/electron/main");

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
      authorizationServers: machine.servers ?? [ISSUER],
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
