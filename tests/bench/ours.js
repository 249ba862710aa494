// The contenders that are this package's; the same are made with 0.1.0.

export * as client from "./contenders/pkce-wasm.js";
export * as primitives from "./contenders/pkce-wasm-pair.js";
export * as steps from "./contenders/pkce-wasm-steps.js";
