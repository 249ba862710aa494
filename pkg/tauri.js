export { nativeClient } from "./shells/native.js";
export { tauriHost } from "./shells/tauri.js";
