/**
 * The host of a client in the page of an Electron application. The other two parts are `pkce-wasm/electron/main`, for the main process, and
 * `pkce-wasm/electron/preload.cjs`, the preload script of the window.
 *
 * @module pkce-wasm/electron
 */
import type { Host, RedirectOutcome } from "./index.js";

/** What the preload script puts into the page as `window.pkceWasmShell`. */
export interface ElectronShell {
  /** Asks the main process, and gives its answer. */
  ask(question: string, ...parameters: unknown[]): Promise<unknown>;
  /** Calls back when the main process has news: `"urls"` to ask for, or `"reset"`; gives a function that stops this. */
  hear(listener: (news: string, reason?: string) => void): () => void;
}

/** A host that opens the system's browser and receives deep links. */
export interface ElectronHost extends Host {
  open(url: string): Promise<void>;
  onRedirect(listener: (url: string) => unknown): Promise<() => unknown>;
  handled(url: string, outcome: RedirectOutcome | undefined): Promise<void>;
  reset(): Promise<void>;
  /**
   * Calls back when the file of the records was empty or cut and has been begun anew: whoever was signed in is not any more. Gives what ends that.
   */
  onReset(listener: (reason: string) => void): () => void;
  /**
   * Opens a port of the loopback interface, for those who want no private-use scheme (RFC 8252 section 7.3). Gives the redirect URI that leads to it:
   * make a client with it, and begin the login. Its answer comes by `onRedirect`. The port is closed by `close`, by the next `listen`, or
   * after ten minutes.
   */
  listen(): Promise<string>;
  /** Closes the port: call it when a login has ended, and not at every URL, for any program of this machine may send one. */
  close(): Promise<void>;
  /**
   * Where records are kept: `"secure"` in a file that Electron's `safeStorage` encrypts with a key of the operating system, `"page"` in the storages of
   * the page where the machine has no such key. The session is there only where the configuration says `storage: "host"`.
   */
  readonly tier: "secure" | "page";
}

/**
 * Makes the host of a client.
 *
 * @param shell - What the preload script exposes; `window.pkceWasmShell` when absent.
 * @throws TypeError without it; an `Error` where the main process does not serve this page
 */
export function electronHost(shell?: ElectronShell): Promise<ElectronHost>;
