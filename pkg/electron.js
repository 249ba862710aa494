export { electronHost } from "./shells/electron.js";
