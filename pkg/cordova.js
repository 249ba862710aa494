export { cordovaHost } from "./shells/cordova.js";
