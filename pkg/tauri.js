export { nativeClient } from "./client/native.js";
export { tauriHost } from "./shells/tauri.js";
