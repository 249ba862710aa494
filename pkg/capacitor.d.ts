/**
 * The host of a client in a Capacitor application (Capacitor 6 or newer).
 *
 * @module pkce-wasm/capacitor
 */
import type { Host, HostStorage, RedirectOutcome } from "./index.js";

/** The parts of Capacitor's plugins that are used. Hand over the plugins themselves. */
export interface CapacitorPlugins {
  /** `App` of `@capacitor/app`: the URLs by which the application is opened. */
  App: {
    /** The URL by which the application was started. */
    getLaunchUrl(): Promise<{ url: string } | undefined>;
    /** Calls back with the URLs that arrive while it runs. */
    addListener(
      eventName: "appUrlOpen",
      listener: (event: { url: string }) => void,
    ): Promise<{
      /** Stops it. */
      remove(): Promise<void>;
    }>;
  };
  /** `Browser` of `@capacitor/browser`: Custom Tabs on Android, SFSafariViewController on iOS. */
  Browser: {
    /** Opens a URL in front of the application. */
    open(options: { url: string }): Promise<void>;
    /** Closes it, where that is possible. */
    close(): Promise<void>;
  };
  /** `Preferences` of `@capacitor/preferences`: survives what the system does to a WebView's storage, but is not encrypted. */
  Preferences?: {
    /** The item; its value is null when there is none. */
    get(options: { key: string }): Promise<{ value: string | null }>;
    /** Keeps the item. */
    set(options: { key: string; value: string }): Promise<void>;
    /** Removes the item. */
    remove(options: { key: string }): Promise<void>;
  };
  /**
   * `CapacitorHttp` of `@capacitor/core`: makes the requests to the authorization server natively, where CORS forbids them to the
   * page; those of `session.fetch` too, with text alone in both directions. They have no `Origin`; a server that wants one refuses them.
   * Without it the page's `fetch` makes them; where `CapacitorHttp.enabled` has replaced that one, the native call all the same, for the replaced one follows
   * redirects with the code.
   */
  CapacitorHttp?: {
    /** Makes a request. */
    request(options: {
      url: string;
      method?: string;
      headers?: Record<string, string>;
      data?: unknown;
      responseType?: "text";
      disableRedirects?: boolean;
    }): Promise<{ status: number; data: unknown; headers: Record<string, string>; url?: string }>;
  };
  /**
   * A storage in Keychain and Keystore, of a plugin of your choice. `getItem` has to fail when it cannot read, not to say that there is nothing.
   * Give it `removeItem` too, and `maxLength` where the plugin has a limit: see {@link HostStorage}.
   */
  secureStorage?: HostStorage;
}

/** A host that opens the system's browser and receives deep links. */
export interface CapacitorHost extends Host {
  open(url: string): Promise<void>;
  onRedirect(listener: (url: string) => unknown): Promise<() => unknown>;
  handled(url: string, outcome: RedirectOutcome | undefined): Promise<void>;
  /** Closes the browser where that is possible: call it when a login has ended, and not at every URL, for anybody may open one. */
  close(): Promise<void>;
  /**
   * Where records are kept: `"secure"` in the storage that was given, `"plain"` in the preferences, `"page"` in the storages of the WebView. The
   * session is there only where the configuration says `storage: "host"`.
   */
  readonly tier: "secure" | "plain" | "page";
}

/**
 * Makes a client's host from Capacitor's plugins.
 *
 * @param plugins - The plugins themselves, imported from their packages.
 * @returns The host, for `Config.host`. Register `onRedirect` at every start, before anything else is awaited.
 * @throws TypeError without `App` or `Browser`
 */
export function capacitorHost(plugins: CapacitorPlugins): CapacitorHost;
