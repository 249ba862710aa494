export { tauriHost } from "./shells/tauri.js";
