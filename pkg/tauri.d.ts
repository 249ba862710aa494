/**
 * The host of a client in a Tauri 2 application.
 *
 * @module pkce-wasm/tauri
 */
import type { Host } from "./index.js";

/** What is used of Tauri: the modules `@tauri-apps/plugin-deep-link` and `@tauri-apps/plugin-opener`. */
export interface TauriPlugins {
  deepLink: {
    getCurrent(): Promise<string[] | null>;
    onOpenUrl(handler: (urls: string[]) => void): Promise<() => void>;
  };
  opener: {
    openUrl(url: string): Promise<void>;
  };
}

/** A host that opens the system browser and hears of deep links. */
export type TauriHost = Required<Pick<Host, "open" | "onRedirect">>;

/**
 * Makes the host of a client of Tauri's plugins. The application also needs the plugins in Rust and their permissions
 * `deep-link:allow-get-current`, `core:event:allow-listen` and `opener:allow-open-url` (for the URLs of the authorization server).
 *
 * @param plugins - The two modules; when absent those of `window.__TAURI__`, which is there with `withGlobalTauri`.
 * @throws TypeError where neither is
 */
export function tauriHost(plugins?: TauriPlugins): TauriHost;
