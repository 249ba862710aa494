// Angular: providers, signals, a guard and an interceptor, all functions: nothing is compiled.
import { Location } from "@angular/common";
import {
  computed,
  InjectionToken,
  inject,
  makeEnvironmentProviders,
  provideAppInitializer,
  signal,
} from "@angular/core";
import { from, switchMap } from "rxjs";
import { createStore, isPage } from "./store.js";

const AUTH = new InjectionToken("pkce-wasm");

const createAuth = (config, options) => {
  const store = createStore(config, options);
  const state = signal(store.state());
  if (isPage()) store.subscribe(() => state.set(store.state()));
  const { login, prepare, logout, ensure } = store.first;
  const auth = { login, prepare, logout, ensure, start: store.start };
  for (const name of ["status", "session", "claims", "error", "isReturning", "reason"])
    auth[name] = computed(() => state()[name]);
  const origins = () => options?.resourceOrigins ?? store.origins();
  return { auth, origins, isReturning: () => state().isReturning };
};

export const provideAuth = (config, options) =>
  makeEnvironmentProviders([
    { provide: AUTH, useFactory: () => createAuth(config, options) },
    // The router reads the address bar when this is done.
    provideAppInitializer(() => {
      const { auth, isReturning } = inject(AUTH);
      const started = auth.start();
      return isReturning() ? started : undefined;
    }),
  ]);

export const injectAuth = () => inject(AUTH).auth;

export const requireAuth = (_, { url }) =>
  inject(AUTH).auth.ensure({ returnTo: inject(Location).prepareExternalUrl(url) });

/** The access token goes to the resource servers of the configuration alone, and only over this request. */
export const authInterceptor = (request, next) => {
  const { auth, origins } = inject(AUTH);
  const withToken = async () => {
    await auth.start();
    const { origin } = new URL(request.url, globalThis.location?.href);
    const token = origins().includes(origin) ? await auth.session()?.accessToken() : undefined;
    return token === undefined
      ? request
      : request.clone({ setHeaders: { Authorization: `Bearer ${token}` } });
  };
  return isPage() ? from(withToken()).pipe(switchMap((sent) => next(sent))) : next(request);
};
