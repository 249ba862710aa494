/**
 * The host of a client in a Cordova application.
 *
 * @module pkce-wasm/cordova
 */
import type { Host, HostStorage, RedirectOutcome } from "./index.js";

/** `cordova.plugins.SecureStorage` of cordova-plugin-secure-storage-echo, once it has been made. */
export interface CordovaSecureStorage {
  /** The item of that key; an error when there is none. */
  get(success: (value: string) => void, error: (error: unknown) => void, key: string): void;
  /** Keeps the item. */
  set(success: (key: string) => void, error: (error: unknown) => void, key: string, value: string): void;
  /** Removes the item of that key; an error, on iOS, when there is none. */
  remove(success: (key: string) => void, error: (error: unknown) => void, key: string): void;
  /** The keys of all items. */
  keys(success: (keys: string[]) => void, error: (error: unknown) => void): void;
}

/** What an application may give instead of what the plugins do. */
export interface CordovaOptions {
  /**
   * Opens the system's browser. When absent: `cordova.plugins.browsertab` (a tab of the browser in front of the application) where it is
   * available, else the target `_system` of `cordova.InAppBrowser`. Its other targets are WebViews of the application: do not give one.
   */
  open?: (url: string) => void | Promise<void>;
  /** Makes the requests to the authorization server; the page's `fetch` when absent. */
  fetch?: Host["fetch"];
  /** Keychain and Keystore: that of cordova-plugin-secure-storage-echo, or any `HostStorage`. */
  secureStorage?: CordovaSecureStorage | HostStorage;
  /** The event of cordova-universal-links-plugin, for claimed `https` URLs; the plugin's own when absent. */
  universalLinkEvent?: string;
}

/** A host that opens the system's browser and receives deep links. */
export interface CordovaHost extends Host {
  open(url: string): void | Promise<void>;
  onRedirect(listener: (url: string) => unknown): Promise<() => unknown>;
  handled(url: string, outcome: RedirectOutcome | undefined): Promise<void>;
  /**
   * Where records are kept: `"secure"` in the storage that was given, `"page"` in the storages of the WebView. The session is there only where the
   * configuration says `storage: "host"`.
   */
  readonly tier: "secure" | "page";
}

/**
 * Makes a client's host from Cordova's plugins. Sets the global `handleOpenURL`, which cordova-plugin-customurlscheme calls, and calls the one
 * that was there: make the host in a script of the page, not after something was awaited. Call `onRedirect` after `deviceready`.
 *
 * @returns The host, for `Config.host`. Its `open` rejects where there is no plugin that opens a browser.
 */
export function cordovaHost(options?: CordovaOptions): CordovaHost;
