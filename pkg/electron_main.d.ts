/**
 * The host's half in the main process of an Electron application.
 *
 * @module pkce-wasm/electron/main
 */

/** What is used of Electron. Hand over the module `electron`. */
export interface ElectronModules {
  app: {
    quit(): void;
    getPath(name: "userData"): string;
    requestSingleInstanceLock(): boolean;
    setAsDefaultProtocolClient(protocol: string, path?: string, args?: string[]): boolean;
    // Electron has an overload for every event.
    // biome-ignore lint/suspicious/noExplicitAny: the listeners' parameters depend on the event
    on(event: any, listener: (...parameters: any[]) => void): unknown;
  };
  ipcMain: {
    // biome-ignore lint/suspicious/noExplicitAny: as Electron types it
    handle(channel: string, listener: (event: any, ...parameters: any[]) => unknown): void;
  };
  shell: {
    openExternal(url: string): Promise<void>;
  };
  safeStorage?: {
    isEncryptionAvailable(): boolean;
    getSelectedStorageBackend?(): string;
    encryptString(plainText: string): Uint8Array;
    decryptString(encrypted: Uint8Array): string;
  };
}

/** What the application is to its main process. */
export interface ElectronOptions {
  /** The private-use scheme of the redirect URI, without a colon: `com.example.app` (RFC 8252 section 7.1). */
  scheme: string;
  /** The issuers, or the servers of their authorization endpoints: the system's browser is opened for URLs of these origins alone. */
  authorizationServers: readonly string[];
  /** Whether a page with this URL is the application's own. No other page is answered. */
  isTrusted(url: string): boolean;
  /** The window that is shown URLs and brought to the front; null or undefined while there is none. */
  browserWindow(): ElectronWindow | null | undefined;
}

/** What is used of a `BrowserWindow`. */
export interface ElectronWindow {
  webContents: { send(channel: string, ...parameters: unknown[]): void };
  isMinimized(): boolean;
  restore(): void;
  focus(): void;
}

/**
 * Registers the scheme, sees to it that there is one instance of the application, and answers its page. Call it before `app.whenReady()`,
 * or macOS has given the first URL to nobody.
 *
 * @returns False when this is a second instance: it has handed its URL to the first and is about to end. Open no window then.
 */
export function serveElectronHost(electron: ElectronModules, options: ElectronOptions): boolean;
