/**
 * For Angular 19 and newer.
 *
 * @example
 * ```ts
 * bootstrapApplication(App, {
 *   providers: [
 *     provideAuth(config),
 *     provideHttpClient(withInterceptors([authInterceptor])),
 *     provideRouter([{ path: "orders", component: Orders, canActivate: [requireAuth] }]),
 *   ],
 * });
 * ```
 *
 * @module pkce-wasm/angular
 */
import type { HttpInterceptorFn } from "@angular/common/http";
import type { EnvironmentProviders, Signal } from "@angular/core";
import type { CanActivateFn } from "@angular/router";
import type { AuthActions, AuthOptions, AuthSource, AuthState } from "./frameworks/store.js";
import type { Claims } from "./index.js";

export type {
  Auth,
  AuthActions,
  AuthConfig,
  AuthOptions,
  AuthSource,
  AuthState,
} from "./frameworks/store.js";

/** What the providers are told beside their configuration. */
export interface AngularAuthOptions<C extends Claims = Claims> extends AuthOptions<C> {
  /** Where {@link authInterceptor} takes the access token; `resourceOrigins` of the configuration when absent. Needed where a client is given instead of it. */
  readonly resourceOrigins?: readonly string[];
}

/** The user as signals, and what can be done. */
export type AngularAuth<C extends Claims = Claims> = AuthActions & {
  readonly [Member in keyof AuthState<C>]-?: Signal<AuthState<C>[Member]>;
} & {
  /** Resolves when the callback is handled and the session is read; at once on a server. Never rejects. */
  start(): Promise<void>;
};

/** Signs users in. The callback is handled before the router reads the address. */
export function provideAuth<C extends Claims = Claims>(
  config: AuthSource,
  options?: AngularAuthOptions<C>,
): EnvironmentProviders;

/** What {@link provideAuth} provides, in a constructor or a field. */
export function injectAuth<C extends Claims = Claims>(): AngularAuth<C>;

/** For `canActivate`: a route for users who are signed in. Anybody else is sent to sign in, and comes back there. */
export const requireAuth: CanActivateFn;

/**
 * For `withInterceptors`: gives requests to the resource servers the access token, which is refreshed when it has aged. Unlike
 * `session.fetch()` it does not repeat a request after a 401, and it leaves redirects to the browser.
 */
export const authInterceptor: HttpInterceptorFn;
