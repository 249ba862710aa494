export { LIES } from "./testing/lies.js";
export { createServer } from "./testing/server.js";
export { signedIn, signIn } from "./testing/signed_in.js";
export { turnTime } from "./testing/time.js";
