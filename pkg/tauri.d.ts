/**
 * The host of a client in a Tauri 2 application.
 *
 * @module pkce-wasm/tauri
 */
import type { Host, HostStorage, RedirectOutcome } from "./index.js";

/** The parts of Tauri that are used: the modules `@tauri-apps/plugin-deep-link` and `@tauri-apps/plugin-opener`, and others where they are wanted. */
export interface TauriPlugins {
  /** `window.__TAURI__.deepLink` when absent. */
  deepLink?: {
    /** The URLs by which the application was started. */
    getCurrent(): Promise<string[] | null>;
    /** Calls back with the URLs that arrive while it runs. */
    onOpenUrl(handler: (urls: string[]) => void): Promise<() => void>;
  };
  /** `window.__TAURI__.opener` when absent. */
  opener?: {
    /** Opens the system's browser. */
    openUrl(url: string): Promise<void>;
  };
  /**
   * The module `@tauri-apps/plugin-http`: makes the requests to the authorization server natively, where CORS forbids them to the page.
   * Without it the page's `fetch` makes them.
   */
  http?: {
    /** Makes a request. */
    fetch(input: string, init?: RequestInit & { maxRedirections?: number }): Promise<Response>;
  };
  /** A store of `@tauri-apps/plugin-store`: a file of the application, which is not encrypted. */
  store?: {
    /** The value of that key; undefined when there is none. */
    get<T>(key: string): Promise<T | undefined>;
    /** Sets the value of that key. */
    set(key: string, value: unknown): Promise<void>;
    /** Removes that key. */
    delete(key: string): Promise<boolean>;
    /** Writes the file. */
    save(): Promise<void>;
  };
  /**
   * The operating system's keyring or Stronghold, by a plugin or a command of your choice. `getItem` has to fail when it cannot read. Give it
   * `removeItem` too. On Windows its items have at most 1280 characters, as the Credential Manager takes them, unless it has a `maxLength`: see {@link HostStorage}.
   */
  secureStorage?: HostStorage;
}

/** A host that opens the system browser and receives deep links. */
export interface TauriHost extends Host {
  open(url: string): Promise<void>;
  onRedirect(listener: (url: string) => unknown): Promise<() => unknown>;
  handled(url: string, outcome: RedirectOutcome | undefined): Promise<void>;
  /**
   * Where records are kept: `"secure"` in the storage that was given, `"plain"` in the store, `"page"` in the storages of the WebView. The session
   * is there only where the configuration says `storage: "host"`.
   */
  readonly tier: "secure" | "plain" | "page";
}

/**
 * Makes a client's host from Tauri's plugins. The application also needs the plugins in Rust and their permissions
 * `deep-link:allow-get-current`, `core:event:allow-listen` and `opener:allow-open-url` (for the URLs of the authorization server).
 *
 * @param plugins - The modules; those of `window.__TAURI__`, which is there with `withGlobalTauri`, for the two that are absent.
 * @returns The host, for `Config.host`. Register `onRedirect` at every start.
 * @throws TypeError where one of the two is in neither
 */
export function tauriHost(plugins?: TauriPlugins): TauriHost;
