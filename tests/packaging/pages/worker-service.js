import "./check.js";
import * as client from "./pkce-wasm/index.js";

addEventListener("message", (event) => {
  event.waitUntil(report(client, (result) => event.source.postMessage(result)));
});
