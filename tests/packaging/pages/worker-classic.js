importScripts("check.js", "pkce-wasm/index.iife.js");

report(pkceWasm, (result) => postMessage(result));
