// The page in an application of Tauri: Rust makes the requests, and the system browser shows the sign-in page.
import * as deepLink from "@tauri-apps/plugin-deep-link";
import { fetch } from "@tauri-apps/plugin-http";
import * as opener from "@tauri-apps/plugin-opener";
import { tauriHost } from "pkce-wasm/tauri";
import { start } from "../page.js";

const http = {
  // The plugin would name the page's origin, and a server that allows no page refuses it. An empty one is not sent.
  fetch: (url, init) => {
    const headers = new Headers(init.headers ?? url.headers);
    headers.set("Origin", "");
    return fetch(url, { ...init, headers });
  },
};
const host = tauriHost({ deepLink, opener, http });
await start({ redirectUri: "com.example.mcp:/callback", storage: "local", host });
