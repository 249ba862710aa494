// The host that Tauri's plugins make: sign-in pages open in the system browser, deep links bring the user back.
import { createRedirects } from "./redirects.js";

export const tauriHost = ({ deepLink, opener } = globalThis.__TAURI__ ?? {}) => {
  if (!deepLink || !opener) {
    throw new TypeError(
      "tauriHost needs the plugins deep-link and opener: give it { deepLink, opener }, or set withGlobalTauri",
    );
  }
  return {
    open: (url) => opener.openUrl(url),
    onRedirect: createRedirects({
      launch: () => deepLink.getCurrent(),
      listen: (hand) => deepLink.onOpenUrl(hand),
    }),
  };
};
