// Forbids WebAssembly in this process where PKCE_WASM_ENGINE is "js".
import { createServer } from "node:http";

/** As a Content-Security-Policy without wasm-unsafe-eval does it; after Node's own fetch has started what it needs. */
const forbid = async () => {
  const server = createServer((_, response) => response.end());
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await (await fetch(`http://127.0.0.1:${server.address().port}`)).text();
  server.close();
  WebAssembly.Module = class {
    constructor() {
      throw new WebAssembly.CompileError("blocked by CSP");
    }
  };
  WebAssembly.compile = WebAssembly.instantiate = async () => new WebAssembly.Module();
};

if (process.env.PKCE_WASM_ENGINE === "js") await forbid();
