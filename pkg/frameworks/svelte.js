// Svelte: a store by its contract, and a context.
import { getContext, setContext } from "svelte";
import { createStore, isPage } from "./store.js";

/** The same for every copy of this module: the development server may load it again. */
const KEY = Symbol.for("pkce-wasm/svelte");

export const createAuth = (config, options) => {
  const store = createStore(config, options);
  const { login, prepare, logout, ensure } = store.first;
  return {
    login,
    prepare,
    logout,
    ensure,
    start: store.start,
    subscribe(run) {
      run(store.state());
      return isPage() ? store.subscribe(() => run(store.state())) : () => {};
    },
  };
};

export const setAuth = (auth) => setContext(KEY, auth);

export const useAuth = () => {
  const auth = getContext(KEY);
  if (!auth) throw new Error("useAuth() needs setAuth(auth) in a component around it");
  return auth;
};
