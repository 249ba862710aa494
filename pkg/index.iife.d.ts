/**
 * The global of the plain script, with the exports of `pkce-wasm`: `/// <reference types="pkce-wasm/index.iife.js" />` in a script, or
 * `import type {} from "pkce-wasm/index.iife.js"` in a module.
 */
import type * as all from "./index.js";

declare global {
  /** What `<script src="…/index.iife.js">` sets. */
  var pkceWasm: typeof all;
}
