// The host that Capacitor's plugins make: sign-in pages open in the system's browser, deep links bring the user back.
import { webAddress } from "./address.js";
import { createRedirects } from "./redirects.js";
import { responseOf } from "./response.js";
import { resting } from "./resting.js";

const preferences = (Preferences) => ({
  getItem: async (key) => (await Preferences.get({ key })).value,
  setItem: (key, value) => Preferences.set({ key, value }),
  removeItem: (key) => Preferences.remove({ key }),
});

/** A fetch by the shell's own HTTP, which knows no CORS. It reads JSON unasked: that is made text again. */
const nativeFetch =
  (CapacitorHttp) =>
  async (url, { method, headers, body }) => {
    if (body != null && typeof body !== "string")
      throw new TypeError("the native HTTP takes a body of text only");
    const answer = await CapacitorHttp.request({
      url: `${url}`,
      method,
      headers: headers instanceof Headers ? Object.fromEntries(headers) : headers,
      data: body,
      responseType: "text",
      // A redirect would carry the code along.
      disableRedirects: true,
    });
    const { status, headers: given, data, url: from } = answer;
    const text = typeof data === "string" ? data : JSON.stringify(data);
    // Where it came from: a native side that follows all the same is found out by it.
    return responseOf(text, { status, headers: given }, from);
  };

/**
 * With `CapacitorHttp.enabled` the bridge replaces the page's fetch by one that follows redirects. Then the native call serves, which can be told not to; at
 * the least what the bridge has replaced.
 */
const ofBridge = () => {
  const { Capacitor, CapacitorWebFetch, fetch } = globalThis;
  if (!CapacitorWebFetch || CapacitorWebFetch === fetch) return undefined;
  const { CapacitorHttp } = Capacitor?.Plugins ?? {};
  return CapacitorHttp ? nativeFetch(CapacitorHttp) : (...request) => CapacitorWebFetch(...request);
};

export const capacitorHost = ({ App, Browser, Preferences, CapacitorHttp, secureStorage } = {}) => {
  if (!App || !Browser) {
    throw new TypeError("capacitorHost needs App of @capacitor/app and Browser of @capacitor/browser");
  }
  const plain = Preferences && preferences(Preferences);
  const host = {
    open: (url) => Browser.open({ url: webAddress(url).href }),
    // Where the browser cannot be closed, or is closed, there is nothing to do.
    close: () => Promise.resolve(Browser.close()).catch(() => {}),
    ...createRedirects({
      storages: { plain, secure: secureStorage },
      launch: async () => {
        const url = (await App.getLaunchUrl())?.url;
        return url ? [url] : [];
      },
      listen: async (hand) => {
        const heard = await App.addListener("appUrlOpen", ({ url }) => hand([url]));
        return () => heard.remove();
      },
    }),
    ...resting(secureStorage, plain),
  };
  const fetch = CapacitorHttp ? nativeFetch(CapacitorHttp) : ofBridge();
  if (fetch) host.fetch = fetch;
  return host;
};
