export { serveElectronHost } from "./shells/electron_main.js";
