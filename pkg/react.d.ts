/**
 * For React 18 and newer.
 *
 * @example
 * ```tsx
 * const config = { issuer: "https://login.example.com", clientId: "my-app", redirectUri: "/callback" };
 *
 * <AuthProvider config={config}>
 *   <RequireAuth fallback="One moment">
 *     <Orders />
 *   </RequireAuth>
 * </AuthProvider>;
 * ```
 *
 * @module pkce-wasm/react
 */
import type { ReactElement, ReactNode } from "react";
import type { Auth, AuthOptions, AuthSource } from "./frameworks/store.js";
import type { Claims, Client, LoginOptions } from "./index.js";

export type {
  Auth,
  AuthActions,
  AuthConfig,
  AuthOptions,
  AuthSource,
  AuthState,
} from "./frameworks/store.js";

/** What {@link AuthProvider} is given: `config`, or the `client` of a test. What is given first counts. */
export interface AuthProviderProps<C extends Claims = Claims> extends AuthOptions<C> {
  /** The configuration, or what gives it. A later change of it changes nothing. */
  readonly config?: AuthSource;
  /** A client, as `signedIn()` of `pkce-wasm/testing` gives it. */
  readonly client?: Client;
  readonly children?: ReactNode;
  /** Shown while a callback is handled: no router sees it. */
  readonly fallback?: ReactNode;
}

/**
 * Signs users in for everything inside. Put it around the router. The callback is handled before anything inside is rendered; then the user is back
 * where the login began. On a server, and in strict mode, nothing happens twice.
 */
export function AuthProvider<C extends Claims = Claims>(props: AuthProviderProps<C>): ReactElement;

/** The user, and what can be done. Inside of {@link AuthProvider}. */
export function useAuth<C extends Claims = Claims>(): Auth<C>;

/** What {@link RequireAuth} is given. */
export interface RequireAuthProps {
  readonly children?: ReactNode;
  /** Shown while nobody is signed in; as a function it is told why. */
  readonly fallback?: ReactNode | ((auth: Auth) => ReactNode);
  /** What the login asks for. */
  readonly login?: LoginOptions;
}

/**
 * Shows what is inside to a user who is signed in. Anybody else is sent to sign in, and comes back here. After an error, and after a sign-out
 * here, `fallback` is shown instead: offer `login` there.
 */
export function RequireAuth(props: RequireAuthProps): ReactNode;
