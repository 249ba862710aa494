export { createAuth, setAuth, useAuth } from "./frameworks/svelte.js";
