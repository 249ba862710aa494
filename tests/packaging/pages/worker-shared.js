import "./check.js";
import * as client from "./pkce-wasm/index.js";

addEventListener("connect", ({ ports: [port] }) => {
  report(client, (result) => port.postMessage(result));
});
