// The main process' half of the host in an Electron application: the only one that may open a browser, a port or a file.
import { readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { webAddress } from "./address.js";
import { listenOnLoopback } from "./loopback.js";

/** The name of the channel, both of questions and of URLs. */
const CHANNEL = "pkce-wasm";

/** Records in a file of the application that only this user of this machine can read. */
const encrypted = (app, safeStorage) => {
  const file = () => join(app.getPath("userData"), "pkce-wasm.bin");
  const read = async () => {
    let bytes;
    try {
      bytes = await readFile(file());
    } catch (cause) {
      if (cause.code === "ENOENT") return new Map();
      throw cause;
    }
    return new Map(Object.entries(JSON.parse(safeStorage.decryptString(bytes))));
  };
  const write = async (items) => {
    const bytes = safeStorage.encryptString(JSON.stringify(Object.fromEntries(items)));
    // In one step: a process that is killed leaves the old file or the new one.
    await writeFile(`${file()}.new`, bytes, { mode: 0o600 });
    await rename(`${file()}.new`, file());
  };
  // Of several windows, each sees what the others wrote before.
  let last = Promise.resolve();
  const next = (work) => {
    const turn = last.then(async () => work(await read()));
    last = turn.catch(() => {});
    return turn;
  };
  return {
    getItem: (name) =>
      next((items) => {
        const item = items.get(name);
        return typeof item === "string" ? item : null;
      }),
    setItem: async (name, item) => {
      if (typeof name !== "string" || typeof item !== "string") throw new TypeError("an item is a text");
      return next((items) => write(items.set(name, item)));
    },
    removeItem: (name) => next((items) => items.delete(name) && write(items)),
  };
};

/** Where Linux has no keyring, Electron encrypts with a password that everybody knows: that is not secure. */
const isSecure = (safeStorage) =>
  Boolean(safeStorage?.isEncryptionAvailable()) && safeStorage.getSelectedStorageBackend?.() !== "basic_text";

const schemeOf = (url) => `${url}`.split(":", 1)[0].toLowerCase();

export const serveElectronHost = (
  { app, ipcMain, shell, safeStorage },
  { scheme, authorizationServers, isTrusted, browserWindow },
) => {
  const started = process.argv.slice(1);
  // A development build is started as `electron folder`, and is started again so.
  if (process.defaultApp && started[0])
    app.setAsDefaultProtocolClient(scheme, process.execPath, [resolve(started[0])]);
  else app.setAsDefaultProtocolClient(scheme);
  // Of two instances the second hands its URL to the first.
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }

  const servers = authorizationServers.map((server) => webAddress(server).origin);
  const deepLinks = (urls) => urls.filter((url) => schemeOf(url) === scheme.toLowerCase());
  // Kept for a page that is loaded later, or again.
  let urls = deepLinks(started);
  const arrive = (arrived) => {
    urls = [...urls, ...arrived].slice(-32);
    const window = browserWindow();
    if (!window) return;
    window.webContents.send(CHANNEL, arrived);
    if (window.isMinimized()) window.restore();
    window.focus();
  };
  app.on("second-instance", (_, argv) => arrive(deepLinks(argv)));
  app.on("open-url", (event, url) => {
    event.preventDefault();
    arrive(deepLinks([url]));
  });

  const items = encrypted(app, safeStorage);
  let loopback;
  const close = () => {
    loopback?.close();
    loopback = undefined;
  };
  const answers = {
    tier: () => (isSecure(safeStorage) ? "secure" : "page"),
    urls: () => urls,
    open: (url) => {
      // Whatever runs in the page, it starts no program and opens no file by this way.
      const { href, origin } = webAddress(url);
      if (!servers.includes(origin)) throw new Error("this is no URL of an authorization server");
      return shell.openExternal(href);
    },
    listen: async () => {
      close();
      loopback = await listenOnLoopback((url) => arrive([url]));
      return loopback.redirectUri;
    },
    close,
    getItem: (name) => items.getItem(name),
    setItem: (name, item) => items.setItem(name, item),
    removeItem: (name) => items.removeItem(name),
  };
  ipcMain.handle(CHANNEL, async (event, question, ...parameters) => {
    const frame = event.senderFrame;
    // Null when the page has gone in the meantime.
    if (!frame || frame !== event.sender.mainFrame || !isTrusted(frame.url)) {
      throw new Error("this page may not ask");
    }
    if (!Object.hasOwn(answers, question)) throw new Error("there is no such question");
    return answers[question](...parameters);
  });
  return true;
};
