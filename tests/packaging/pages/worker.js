import "./check.js";
import * as client from "./pkce-wasm/index.js";

report(client, (result) => postMessage(result));
