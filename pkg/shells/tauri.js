// The host that Tauri's plugins make: sign-in pages open in the system browser, deep links bring the user back.
import { webAddress } from "./address.js";
import { createRedirects } from "./redirects.js";
import { resting } from "./resting.js";

/** A store of the plugin store: a file of the application. */
const inStore = (store) => {
  // By itself it would write a little later, and the application may be killed before.
  const saved = async (change) => {
    await change;
    await store.save();
  };
  return {
    getItem: (name) => store.get(name),
    setItem: (name, item) => saved(store.set(name, item)),
    removeItem: (name) => saved(store.delete(name)),
  };
};

/** The most characters of an item in the Credential Manager of Windows: 2560 bytes of UTF-16. */
const CREDENTIAL = 1280;

/** A keyring, with the limit of that of Windows unless it names one itself. */
const limited = (keyring) => {
  const isWindows = /Windows/.test(globalThis.navigator?.userAgent);
  if (!keyring || keyring.maxLength !== undefined || !isWindows) return keyring;
  const one = {
    getItem: (name) => keyring.getItem(name),
    setItem: (name, item) => keyring.setItem(name, item),
    maxLength: CREDENTIAL,
    timeout: keyring.timeout,
  };
  return keyring.removeItem ? { ...one, removeItem: (name) => keyring.removeItem(name) } : one;
};

export const tauriHost = ({ http, store, secureStorage: keyring, ...plugins } = {}) => {
  // Not by spreading: Tauri's plugins put themselves there as properties that are not enumerable.
  const { deepLink = globalThis.__TAURI__?.deepLink, opener = globalThis.__TAURI__?.opener } = plugins;
  if (!deepLink || !opener) {
    throw new TypeError(
      "tauriHost needs the plugins deep-link and opener: give it { deepLink, opener }, or set withGlobalTauri",
    );
  }
  const plain = store && inStore(store);
  const secureStorage = limited(keyring);
  const host = {
    open: (url) => opener.openUrl(webAddress(url).href),
    ...createRedirects({
      storages: { plain, secure: secureStorage },
      launch: () => deepLink.getCurrent(),
      listen: (hand) => deepLink.onOpenUrl(hand),
    }),
    ...resting(secureStorage, plain),
  };
  // It follows redirects unless told not to, and one would carry the code along.
  if (http) host.fetch = (url, init) => http.fetch(url, { ...init, maxRedirections: 0 });
  return host;
};
