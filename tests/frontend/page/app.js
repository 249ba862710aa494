// Starts the application: wasm-bindgen made the module and what goes before it.
import init from "/pkce-wasm/frontend.js";

init();
