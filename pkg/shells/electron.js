// The host in the page of an Electron application. What it asks for is done in the main process, by way of the preload script.
import { createRedirects } from "./redirects.js";
import { resetting, resting } from "./resting.js";

export const electronHost = async (shell = globalThis.pkceWasmShell) => {
  if (!shell) throw new TypeError("electronHost needs the preload script pkce-wasm/electron/preload.cjs");
  const secure = (await shell.ask("tier")) === "secure";
  const storage = secure && {
    getItem: (name) => shell.ask("getItem", name),
    setItem: (name, item) => shell.ask("setItem", name, item),
    removeItem: (name) => shell.ask("removeItem", name),
  };
  let listening = false;
  return {
    open: (url) => shell.ask("open", url),
    ...createRedirects({
      launch: () => shell.ask("urls"),
      listen: async (hand) => shell.hear(async (news) => news === "urls" && hand(await shell.ask("urls"))),
      end: (url) => shell.ask("done", url).catch(() => {}),
      storages: { secure: storage },
    }),
    onReset: (listener) => shell.hear((news, reason) => news === "reset" && listener(reason)),
    listen: async () => {
      const redirectUri = await shell.ask("listen");
      listening = true;
      return redirectUri;
    },
    close: async () => {
      if (listening) await shell.ask("close");
      listening = false;
    },
    ...resting(storage),
    reset: resetting(() => shell.ask("reset")),
  };
};
