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
  /** Finds the window of a page, where there are several. */
  BrowserWindow?: {
    /** The window of a page. */
    // biome-ignore lint/suspicious/noExplicitAny: as Electron types it
    fromWebContents(contents: any): ElectronWindow | null;
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
  /** Encrypts with a key of the operating system. The asynchronous functions are used where they are there: Electron 46 has no others. */
  safeStorage?: {
    /** Whether the operating system has a key. */
    isEncryptionAvailable?(): boolean;
    /** Whether the operating system has a key, for the asynchronous functions. */
    isAsyncEncryptionAvailable?(): Promise<boolean>;
    /** Where the key is, on Linux. */
    getSelectedStorageBackend?(): string;
    /** Encrypts with that key. */
    encryptString?(plainText: string): Uint8Array;
    /** Decrypts with that key. */
    decryptString?(encrypted: Uint8Array): string;
    /** Encrypts with that key. */
    encryptStringAsync?(plainText: string): Promise<Uint8Array>;
    /** Decrypts with that key. */
    decryptStringAsync?(encrypted: Uint8Array): Promise<{ result: string }>;
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
  /**
   * The window that is brought to the front by a URL that no page of the application waits for; null or undefined while there is none. A callback is for the page that began
   * its login, as long as that is there. A URL is kept until a page is done with it.
   */
  browserWindow(): ElectronWindow | null | undefined;
  /** Called when the file of the records was empty or cut and has been begun anew. */
  onStorageReset?(reason: string): void;
}

/** The parts of a `BrowserWindow` that are used. */
export interface ElectronWindow {
  /** What the window shows. */
  webContents: {
    /** Tells the page something. */
    send(channel: string, ...parameters: unknown[]): void;
    /** Whether it has gone. */
    isDestroyed?(): boolean;
  };
  /** Whether it was closed. */
  isDestroyed?(): boolean;
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
