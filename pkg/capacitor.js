export { capacitorHost } from "./shells/capacitor.js";
