// The host that Cordova's plugins make: sign-in pages open in the system's browser, deep links bring the user back.
import { webAddress } from "./address.js";
import { createRedirects, REMEMBERED } from "./redirects.js";
import { resting } from "./resting.js";

/** A method of cordova-plugin-secure-storage-echo, which calls back. */
const asked = (storage, method, ...parameters) =>
  new Promise((done, failed) => storage[method](done, failed, ...parameters));

/** It fails both for what is not there and for what cannot be read now; only the first of them is no item. */
const byCallbacks = (storage) => {
  const one = {
    getItem: async (name) =>
      (await asked(storage, "keys")).includes(name) ? asked(storage, "get", name) : null,
    setItem: (name, item) => asked(storage, "set", name, item),
  };
  // The vault of Windows takes ten items.
  if (globalThis.cordova?.platformId === "windows") return one;
  return { ...one, removeItem: (name) => asked(storage, "remove", name) };
};

/** Found when it is needed: plugins are there from `deviceready` on. */
const openInSystemBrowser = async (url) => {
  const { InAppBrowser, plugins } = globalThis.cordova ?? {};
  const tab = plugins?.browsertab;
  if (tab && (await new Promise((done) => tab.isAvailable(done, () => done(false))))) {
    // It tells of a failure only, and of that later.
    return tab.openUrl(url);
  }
  if (!InAppBrowser) {
    throw new Error(
      "cordovaHost needs cordova-plugin-inappbrowser or cordova-plugin-browsertab, after deviceready",
    );
  }
  // Every other target is a WebView in the application (RFC 8252 section 8.12).
  InAppBrowser.open(url, "_system");
};

export const cordovaHost = ({
  open = openInSystemBrowser,
  fetch,
  secureStorage,
  universalLinkEvent,
} = {}) => {
  // From now on: the plugin gives the URL by which the application was started as soon as there is a function of this name.
  let arrived = [];
  const listeners = new Set();
  const arrive = (url) => {
    arrived = [...arrived, url].slice(-REMEMBERED);
    for (const hand of listeners) hand([url]);
  };
  const others = globalThis.handleOpenURL;
  globalThis.handleOpenURL = (url) => {
    // Before the others, who may throw.
    arrive(url);
    others?.(url);
  };
  // Once: the plugin has one listener for an event, and whoever ends its subscription ends that of all.
  let subscribed = false;
  const subscribe = () => {
    const { universalLinks } = globalThis;
    if (subscribed || !universalLinks) return;
    subscribed = true;
    universalLinks.subscribe(universalLinkEvent ?? null, ({ url }) => arrive(url));
  };
  const secure = secureStorage && (secureStorage.getItem ? secureStorage : byCallbacks(secureStorage));
  const host = {
    open: (url) => open(webAddress(url).href),
    ...createRedirects({
      storages: { secure },
      launch: () => arrived,
      listen: async (hand) => {
        listeners.add(hand);
        subscribe();
        return () => listeners.delete(hand);
      },
    }),
    ...resting(secure),
  };
  if (fetch) host.fetch = fetch;
  return host;
};
