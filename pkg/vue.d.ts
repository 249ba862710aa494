/**
 * For Vue 3, with or without Vue Router.
 *
 * @example
 * ```ts
 * app.use(createAuth(config, { router })).use(router);
 * ```
 *
 * @module pkce-wasm/vue
 */
import type { App } from "vue";
import type { Auth, AuthOptions, AuthSource } from "./frameworks/store.js";
import type { Claims } from "./index.js";

export type {
  Auth,
  AuthActions,
  AuthConfig,
  AuthOptions,
  AuthSource,
  AuthState,
} from "./frameworks/store.js";

/** As much of Vue Router as is used here. */
export interface AuthRouter {
  /** Takes the guard. */
  beforeEach(guard: never): unknown;
  /** Finds the route of a path. */
  resolve(to: string): unknown;
  readonly options: { readonly history: { readonly base: string } };
}

/** What the plugin is told beside its configuration. */
export interface VueAuthOptions<C extends Claims = Claims> extends AuthOptions<C> {
  /**
   * The router, to be used after this plugin. A route with `meta: { requiresAuth: true }` is for users who are signed in: anybody else is sent to sign in,
   * and comes back there. No route sees a callback.
   */
  readonly router?: AuthRouter;
  /** Set where a server renders the pages, as with Nuxt: until the page is mounted, `status` is `"loading"`, as it was on the server. */
  readonly ssr?: boolean;
}

/** The user, and what can be done. Its members follow what happens: read them from it, do not take them apart. */
export interface VueAuth<C extends Claims = Claims> extends Auth<C> {
  /** For `app.use`. */
  install(app: App): void;
  /** Resolves when the callback is handled and the session is read; at once on a server. Never rejects. */
  start(): Promise<void>;
}

/** Makes the plugin. */
export function createAuth<C extends Claims = Claims>(
  config: AuthSource,
  options?: VueAuthOptions<C>,
): VueAuth<C>;

/** What {@link createAuth} made, in a component of that application. */
export function useAuth<C extends Claims = Claims>(): VueAuth<C>;
