export { isPkceError, PkceError } from "./engine/error.js";
export * from "./engine/pkce.js";
