// Vue: a plugin with a route guard, and a composable.
import { inject, shallowRef } from "vue";
import { createStore, isPage } from "./store.js";

/** The same for every copy of this module: the development server may load it again. */
const KEY = Symbol.for("pkce-wasm/vue");

export const createAuth = (config, { router, ssr, ...options } = {}) => {
  // Whether the page has taken over what a server rendered: until then nothing may differ from it.
  let isTaken = !ssr;
  let back;
  const goBack = (path) => {
    if (ssr) return router.replace(routeOf(path));
    back = path;
  };
  const store = createStore(config, router ? { navigate: goBack, ...options } : options);
  // Shallow, for a session is not to be wrapped.
  const state = shallowRef(ssr ? store.first : store.state());

  const auth = { start: store.start };
  for (const name of ["status", "session", "claims", "error", "isReturning", "reason"]) {
    Object.defineProperty(auth, name, { enumerable: true, get: () => state.value[name] });
  }
  for (const name of ["login", "prepare", "logout", "ensure"]) auth[name] = store.first[name];

  /** The path of this origin that shows a route, with the base of the router. */
  const hrefOf = (route) => {
    const { href } = router.resolve(route.fullPath);
    return href.startsWith("#") ? location.pathname + location.search + href : href;
  };
  /** The route that such a path shows. */
  const routeOf = (path) => {
    const { base } = router.options.history;
    const {
      path: inside,
      query,
      hash,
    } = router.resolve(path.startsWith(base) ? path.slice(base.length) || "/" : path);
    return { path: inside, query, hash, replace: true };
  };

  const guard = async (to) => {
    if (!isPage() || !isTaken) return;
    await store.start();
    if (back !== undefined) {
      const route = routeOf(back);
      back = undefined;
      return route;
    }
    if (!to.meta.requiresAuth) return;
    return store.first.ensure({ returnTo: hrefOf(to) });
  };

  return Object.assign(auth, {
    install(app) {
      app.provide(KEY, auth);
      router?.beforeEach(guard);
      if (!isPage()) return;
      const follow = () =>
        store.subscribe(() => {
          state.value = store.state();
        });
      if (!ssr) return follow();
      const { mount } = app;
      app.mount = (...parameters) => {
        const root = mount(...parameters);
        isTaken = true;
        follow();
        if (router) guard(router.currentRoute.value);
        return root;
      };
    },
  });
};

export const useAuth = () => {
  const auth = inject(KEY, undefined);
  if (!auth) throw new Error("useAuth() needs app.use(createAuth(…))");
  return auth;
};
