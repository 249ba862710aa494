/**
 * The part of the host in the main process of an Electron application.
 *
 * @module pkce-wasm/electron/main
 */

/** The parts of Electron that are used. Hand over the module `electron`. */
export interface ElectronModules {
  app: {
    /** Ends this instance. */
    quit(): void;
    /** The folder of what the application keeps. */
    getPath(name: "userData"): string;
    /** Whether this is the first instance. */
    requestSingleInstanceLock(): boolean;
    /** Registers the scheme with the operating system. */
    setAsDefaultProtocolClient(protocol: string, path?: string, args?: string[]): boolean;
    /** Listens to the application's events. */
    // Electron has an overload for every event.
    // biome-ignore lint/suspicious/noExplicitAny: the listeners' parameters depend on the event
    on(event: any, listener: (...parameters: any[]) => void): unknown;
  };
  ipcMain: {
    /** Answers the questions of pages. */
    // biome-ignore lint/suspicious/noExplicitAny: as Electron types it
    handle(channel: string, listener: (event: any, ...parameters: any[]) => unknown): void;
  };
  shell: {
    /** Opens the system's browser. */
    openExternal(url: string): Promise<void>;
  };
  safeStorage?: {
    /** Whether the operating system has a key. */
    isEncryptionAvailable(): boolean;
    /** Where the key is, on Linux. */
    getSelectedStorageBackend?(): string;
    /** Encrypts with that key. */
    encryptString(plainText: string): Uint8Array;
    /** Decrypts with that key. */
    decryptString(encrypted: Uint8Array): string;
  };
}

/** The application, for its main process. */
export interface ElectronOptions {
  /** The private-use scheme of the redirect URI, without a colon: `com.example.app` (RFC 8252 section 7.1). */
  scheme: string;
  /**
   * The issuers, or the servers of their authorization endpoints, as `https` or `http` addresses: the system's browser is opened for pages of these origins
   * alone, at the address that was read. Anything else here is a TypeError.
   */
  authorizationServers: readonly string[];
  /** Whether a page with this URL is the application's own. No other page is answered. */
  isTrusted(url: string): boolean;
  /** The window that is shown URLs and brought to the front; null or undefined while there is none. */
  browserWindow(): ElectronWindow | null | undefined;
}

/** The parts of a `BrowserWindow` that are used. */
export interface ElectronWindow {
  /** What the window shows. */
  webContents: {
    /** Tells the page something. */
    send(channel: string, ...parameters: unknown[]): void;
  };
  /** Whether the window is minimised. */
  isMinimized(): boolean;
  /** Shows it again. */
  restore(): void;
  /** Brings it to the front. */
  focus(): void;
}

/**
 * Registers the scheme, allows one instance of the application, and answers its page. Call it before `app.whenReady()`:
 * macOS gives the first URL before that.
 *
 * @returns False when this is a second instance: it has handed its URL to the first and is about to end. Open no window then.
 */
export function serveElectronHost(electron: ElectronModules, options: ElectronOptions): boolean;
