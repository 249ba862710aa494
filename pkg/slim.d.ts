/**
 * The whole package without the module: the caller supplies it, for example `pkce-wasm/client.wasm` as an asset of the
 * application. For libraries, and for pages that count bytes.
 *
 * @module pkce-wasm/slim
 */
import type { Engine } from "./pkce.js";

export * from "./index.js";

/** The module: its bytes, where to fetch them, an answer that holds them, or what was compiled from them. */
export type ModuleSource = BufferSource | string | URL | Response | WebAssembly.Module;

/**
 * Starts the package with a module that the caller supplies. To be awaited before anything else is called.
 *
 * Where WebAssembly is missing or forbidden the JavaScript twin is loaded instead.
 *
 * The SHA-256 of the bytes has to be that of this version, else the call fails with `module_invalid`. Where there is no `crypto.subtle` (an insecure origin), and for a compiled
 * `WebAssembly.Module`, whose bytes nobody can read, only the version's mark is checked: serve the file from the page's own origin.
 *
 * @param source - The file `pkce-wasm/client.wasm` of the same version.
 * @throws PkceError `module_invalid`, `network_failed` when it cannot be fetched, `engine_unavailable`
 */
export function initialize(source: ModuleSource | Promise<ModuleSource>): Promise<Engine>;
