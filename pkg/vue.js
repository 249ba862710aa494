export { createAuth, useAuth } from "./frameworks/vue.js";
