/**
 * Where the page runs: in a browser, or in the WebView of an application (www/webview), which opens the system browser for the
 * sign-in page and is handed the URL by which the user comes back.
 */

/** A file beside the page. */
const beside = (name) => new URL(name, document.baseURI).href;

/** The same for what is named by its place beside the page. An issuer is compared as it is written. */
const resolved = (url) => (url.startsWith("./") ? beside(url) : url);

/** The servers of a configuration. */
const absolute = (servers) =>
  servers.map(({ issuer, redirectUri, ...server }) => ({
    ...server,
    issuer: resolved(issuer),
    redirectUri: resolved(redirectUri),
  }));

/** Milliseconds that a service worker is waited for. */
const PATIENCE = 20_000;

/** Starts the service worker that is the authorization server, where a page has one, and waits until it answers for this page. */
async function startWorker(script) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    throw new Error(
      "The authorization server of this page is a service worker, and this browser has none here. Open the page over https or at localhost, not in a private window.",
    );
  }
  const controlled = new Promise((resolve, reject) => {
    serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
    setTimeout(() => reject(new Error("The service worker does not start. Load the page again.")), PATIENCE);
  });
  controlled.catch(() => {});
  await serviceWorker.register(script);
  if (serviceWorker.controller) return;
  const { active } = await serviceWorker.ready;
  // After a forced reload no worker answers for the page until it claims it.
  active.postMessage("claim");
  await controlled;
}

/** The page in a browser: it goes to the sign-in page, and comes back, by itself. */
const BROWSER = {
  inApplication: false,
  open: (url) => location.assign(url),
  onRedirect: async () => {},
  /** Where a session rests, and where the notes are kept: for this tab. */
  tier: "session",
  notes: () => sessionStorage,
  config: async () => {
    const { worker, servers, ...rest } = await (await fetch("./config.json")).json();
    if (worker) await startWorker(beside(worker));
    return { ...rest, servers: absolute(servers) };
  },
};

/** The page in the application that keeps its tokens in Rust, which does everything of the protocol. */
async function applicationInRust({ core }) {
  const { nativeClient } = await import("./pkce-wasm/tauri.js");
  const native = await nativeClient();
  return {
    inApplication: true,
    native,
    onRedirect: async () => {},
    notes: () => localStorage,
    config: async () => {
      const { version } = await (await fetch("./pkce-wasm/package.json")).json();
      const [server] = await core.invoke("servers");
      return { version, servers: [server] };
    },
  };
}

/** The page in the application. What it keeps survives the application, which may be killed while the browser is in front. */
async function application({ core }) {
  const { tauriHost } = await import("./pkce-wasm/tauri.js");
  const host = tauriHost();
  let hear = () => {};
  return {
    inApplication: true,
    open: host.open,
    onRedirect: (listener) => {
      hear = listener;
      return host.onRedirect(listener);
    },
    tier: "local",
    notes: () => localStorage,
    config: async () => {
      const { version } = await (await fetch("./pkce-wasm/package.json")).json();
      return { version, servers: await core.invoke("servers") };
    },
    /** Opens a port of this machine for one sign-in; gives the redirect URI that leads to it. */
    listen: () => {
      const answers = new core.Channel();
      answers.onmessage = (url) => hear(url);
      // Where a machine has no IPv4, it has IPv6 (RFC 8252 section 7.3).
      const on = (address) => core.invoke("listen_on_loopback", { address, answers });
      return on("127.0.0.1").catch(() => on("[::1]"));
    },
    /** Closes it. */
    close: () => core.invoke("close_loopback"),
  };
}

/** Finds out where the page runs. */
export const findShell = async () => {
  const tauri = globalThis.__TAURI__;
  if (!tauri) return BROWSER;
  const { label } = tauri.webviewWindow.getCurrentWebviewWindow();
  return label === "rust" ? applicationInRust(tauri) : application(tauri);
};
