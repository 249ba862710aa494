/**
 * The global of the plain script, with the exports of `pkce-wasm/pkce`: `/// <reference types="pkce-wasm/pkce.iife.js" />` in a script, or
 * `import type {} from "pkce-wasm/pkce.iife.js"` in a module.
 */
import type * as all from "./pkce.js";

declare global {
  /** What `<script src="…/pkce.iife.js">` sets. */
  var pkceWasm: typeof all;
}
