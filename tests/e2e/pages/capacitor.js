// An application as the guide for Capacitor writes it.
import { capacitorHost } from "/pkce-wasm/capacitor.js";
import { Client } from "/pkce-wasm/index.js";

const { config, metadata } = await (await fetch("/setup.json")).json();
const plugins = { ...window.capacitorApp, ...window.capacitorBrowser, ...window.capacitorPreferences };
const host = capacitorHost({ ...plugins, CapacitorHttp: window.capacitorExports.CapacitorHttp });
const client = new Client({ ...config, host }, metadata);
const outcomes = [];
await host.onRedirect(async (url) => {
  const { status } = await client.handleRedirect(url);
  outcomes.push(status);
  if (status === "signed-in") await host.close();
});

window.shell = {
  outcomes,
  tier: host.tier,
  platform: window.Capacitor.getPlatform(),
  login: () => client.login(),
  token: async () => (await client.session())?.accessToken(),
  /** What a client says that has nobody to open a browser. */
  withoutHost: () => {
    const lone = { ...config, storage: "memory", transactionStorage: "memory" };
    try {
      return new Client(lone, metadata).login();
    } catch (error) {
      return error.code;
    }
  },
};
