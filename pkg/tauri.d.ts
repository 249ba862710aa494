/**
 * The host of a client in a Tauri 2 application, and the client of one that keeps its tokens in Rust.
 *
 * @module pkce-wasm/tauri
 */
import type {
  AlreadyCompleted,
  Client,
  Host,
  HostStorage,
  RedirectOutcome,
  Session,
  SignedIn,
} from "./index.js";

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
 * `deep-link:allow-get-current`, `core:event:allow-listen`, `core:event:allow-unlisten` and `opener:allow-open-url` (for the URLs of the authorization server).
 *
 * @param plugins - The modules; those of `window.__TAURI__`, which is there with `withGlobalTauri`, for the two that are absent.
 * @returns The host, for `Config.host`. Register `onRedirect` at every start.
 * @throws TypeError where one of the two is in neither
 */
export function tauriHost(plugins?: TauriPlugins): TauriHost;

/** What is used of Tauri: the module `@tauri-apps/api/core`. */
export interface TauriCore {
  /** Calls a command. */
  invoke<T>(command: string, parameters?: Record<string, unknown>): Promise<T>;
  /** A channel by which Rust answers several times. */
  Channel: new <T>(
    onmessage?: (message: T) => void,
  ) => object;
}

/** A signed-in application whose tokens are in Rust: the same as {@link Session}, without a token. */
export interface NativeSession extends Omit<Session, "idToken" | "extra" | "accessToken" | "userinfo"> {
  /** Always null: the ID token stays in Rust. */
  readonly idToken: null;
  /** Always null: what the server sends beside the tokens stays in Rust. */
  readonly extra: null;
  /**
   * Always rejects: make the request with `fetch`, or in Rust.
   *
   * @throws PkceError `token_not_exposed`
   */
  accessToken(options?: Parameters<Session["accessToken"]>[0]): Promise<never>;
  /** Asks the userinfo endpoint. A signal ends the waiting alone. */
  userinfo(options?: Parameters<Session["refresh"]>[0]): ReturnType<Session["userinfo"]>;
}

/** What a redirect led to, with a session whose tokens are in Rust. */
export type NativeOutcome =
  | Exclude<RedirectOutcome, SignedIn | AlreadyCompleted>
  | (Omit<SignedIn, "session"> & { readonly session: NativeSession | null })
  | (Omit<AlreadyCompleted, "session"> & { readonly session: NativeSession | null });

/** The client of an application whose tokens are in Rust: the same as {@link Client}, as far as a page needs it. */
export interface NativeClient extends Pick<Client, "logout" | "on" | "close"> {
  /**
   * Begins a login: Rust keeps it and opens the system browser.
   *
   * @throws PkceError as `client.login()`, and those of discovery
   */
  login(options?: Parameters<Client["login"]>[0]): Promise<void>;
  /**
   * The signed-in session; null when nobody is signed in.
   *
   * @throws PkceError `storage_unavailable`: the keyring is locked or does not answer, so that nobody knows
   */
  session(): Promise<NativeSession | null>;
  /** Rust takes the redirects: there is nothing to do, and the outcome is always `"none"`. See {@link NativeClient.onRedirect}. */
  handleRedirect(url?: string): Promise<{ readonly status: "none" }>;
  /** Calls back with what each redirect led to, those included that came before this page was loaded. Gives what ends that. */
  onRedirect(listener: (outcome: NativeOutcome) => unknown): () => void;
  /** Where tokens and pending logins rest: in the system's keyring, in a file encrypted by a key in the keyring, or in memory alone. */
  tier(): Promise<"keyring" | "file" | "memory">;
}

/**
 * Gives the client of an application whose tokens are in Rust, by the plugin `tauri-plugin-pkce`: the WebView gets claims, and never a token. The configuration
 * is in `tauri.conf.json`, below `plugins.pkce`; that of {@link Client.discover} may stand here, and is not looked at. The window needs the permission `pkce:default` and no other.
 *
 * @param modules - The module `@tauri-apps/api/core`; that of `window.__TAURI__`, which is there with `withGlobalTauri`, when absent.
 * @throws PkceError `config_invalid` about `core` where there is neither, about `permissions` where the window may not call the plugin
 */
export function nativeClient(modules?: { core?: TauriCore } | object): Promise<NativeClient>;
