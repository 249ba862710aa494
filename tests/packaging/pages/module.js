import "./check.js";
import * as client from "./pkce-wasm/index.js";
import * as pkce from "./pkce-wasm/pkce.js";

report(pkce, async (result) => {
  if (result.failed || !["wasm", "js"].includes(result.engine)) return show(result);
  report(client);
});
