// The main process' half of the host in an Electron application: the only one that may open a browser, a port or a file.
import { resolve } from "node:path";
import { webAddress } from "./address.js";
import { createStore } from "./electron_store.js";
import { createUrls } from "./electron_urls.js";
import { listenOnLoopback } from "./loopback.js";

/** The name of the channel, both of questions and of news. */
const CHANNEL = "pkce-wasm";

const schemeOf = (url) => `${url}`.split(":", 1)[0].toLowerCase();

export const serveElectronHost = (
  { app, BrowserWindow, ipcMain, shell, safeStorage },
  { scheme, authorizationServers, isTrusted, browserWindow, onStorageReset },
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
  const tell = (page, ...news) => {
    try {
      if (!page.isDestroyed?.()) page.send(CHANNEL, ...news);
    } catch {
      // It has gone in this moment.
    }
  };
  const urls = createUrls({
    started: deepLinks(started),
    window: browserWindow,
    windowOf: (page) => BrowserWindow?.fromWebContents?.(page),
    tell: (page) => tell(page, "urls"),
  });
  const { arrive } = urls;
  app.on("second-instance", (_, argv) => arrive(deepLinks(argv)));
  app.on("open-url", (event, url) => {
    event.preventDefault();
    arrive(deepLinks([url]));
  });

  const pages = new Set();
  const items = createStore(app, safeStorage, (reason) => {
    for (const page of pages) tell(page, "reset", reason);
    onStorageReset?.(reason);
  });
  let loopback;
  const close = () => {
    loopback?.close();
    loopback = undefined;
  };
  const answers = {
    tier: async () => ((await items.isSecure()) ? "secure" : "page"),
    urls: (page) => urls.take(page),
    done: (_, url) => urls.end(url),
    open: (page, url) => {
      // Whatever runs in the page, it starts no program and opens no file by this way.
      const { href, origin } = webAddress(url);
      if (!servers.includes(origin)) throw new Error("this is no URL of an authorization server");
      urls.begin(page, href);
      return shell.openExternal(href);
    },
    listen: async () => {
      close();
      loopback = await listenOnLoopback((url) => arrive([url]));
      return loopback.redirectUri;
    },
    close,
    getItem: (_, name) => items.getItem(name),
    setItem: (_, name, item) => items.setItem(name, item),
    removeItem: (_, name) => items.removeItem(name),
    reset: () => items.reset(),
  };
  ipcMain.handle(CHANNEL, async (event, question, ...parameters) => {
    const frame = event.senderFrame;
    // Null when the page has gone in the meantime.
    if (!frame || frame !== event.sender.mainFrame || !isTrusted(frame.url)) {
      throw new Error("this page may not ask");
    }
    if (!Object.hasOwn(answers, question)) throw new Error("there is no such question");
    pages.add(event.sender);
    return answers[question](event.sender, ...parameters);
  });
  return true;
};
