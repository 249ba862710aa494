import type { Claims, Client, Config, Json, LoginOptions, LogoutOptions, Session } from "../index.js";

/**
 * The configuration of a binding: that of the client, where `redirectUri` and `postLogoutRedirectUri` may be paths of this origin, such as `"/callback"`.
 * Then it can be written down where there is no `location`, as on a server.
 */
export type AuthConfig = Config;

/** Where a binding gets its client: a configuration, a client, or a function that gives one of them. A function is called in the page alone, once. */
export type AuthSource = AuthConfig | Client | (() => AuthConfig | Client | Promise<AuthConfig | Client>);

/** What the bindings of all frameworks may be told. */
export interface AuthOptions<C extends Claims = Claims> {
  /**
   * Goes to a path of this origin: back to where the login began. When absent, the address bar is set, and routers are told by a `popstate` event, which
   * most of them follow. `appState` is that of the login.
   */
  navigate?: (path: string, appState?: Json) => unknown;
  /** Checks the claims, and gives them their type: `schema.parse` of your schema library. What it throws is the {@link Auth.error}. */
  parseClaims?: (claims: Claims) => C | Promise<C>;
}

/** What is done about the user. Each may be the handler of a click as it is. */
export interface AuthActions {
  /**
   * Sends the user to sign in, as {@link Client.login}; they come back to the page they are on, unless `returnTo` says otherwise. It never throws: what
   * went wrong is the `error`.
   */
  login(options?: LoginOptions | { preventDefault(): void }): Promise<void>;
  /**
   * Makes the login of the next click ready, as {@link Client.prepare}: a click handler leaves at once then, also with pushed requests and bound tokens. For `pointerenter` and
   * `focus` of the button. Give both the same options. It never throws, and does nothing where nothing has to be made ready.
   */
  prepare(options?: LoginOptions | { preventDefault(): void }): Promise<void>;
  /** Signs out, as {@link Client.logout}. It never throws: what went wrong is the `error`. */
  logout(options?: LogoutOptions | { preventDefault(): void }): Promise<void>;
  /**
   * Sends a user to sign in who is not signed in; once, and not after an error.
   *
   * @returns Whether somebody is signed in.
   */
  ensure(options?: LoginOptions): Promise<boolean>;
}

/** What is known of the user. */
export interface AuthState<C extends Claims = Claims> {
  /** `"loading"` on a server, and in a page until the callback is handled and the session is read. */
  readonly status: "loading" | "signed-in" | "signed-out";
  /** The session; null unless somebody is signed in. */
  readonly session: Session<C> | null;
  /** The checked claims of the ID token; null unless somebody is signed in. */
  readonly claims: C | null;
  /** What went wrong last: a PkceError of the package, or what {@link AuthOptions.parseClaims} threw. Gone when somebody has signed in. */
  readonly error?: Error | undefined;
  /** Whether a callback is being handled. Show no route until then: it would see the callback. */
  readonly isReturning: boolean;
  /** Why nobody is signed in any more. */
  readonly reason?: "signed-out" | "expired" | undefined;
}

/** What is known of the user, and what can be done. */
export interface Auth<C extends Claims = Claims> extends AuthState<C>, AuthActions {}
