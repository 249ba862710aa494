/**
 * For Svelte 4 and newer, with or without SvelteKit.
 *
 * @example
 * ```ts
 * export const auth = createAuth(config, { navigate: (path) => goto(path, { replaceState: true }) });
 * ```
 *
 * @module pkce-wasm/svelte
 */
import type { Auth, AuthActions, AuthOptions, AuthSource } from "./frameworks/store.js";
import type { Claims } from "./index.js";

export type {
  Auth,
  AuthActions,
  AuthConfig,
  AuthOptions,
  AuthSource,
  AuthState,
} from "./frameworks/store.js";

/** A readable store: `$auth.status` in a component. */
export interface SvelteAuth<C extends Claims = Claims> extends AuthActions {
  /** By the contract of stores. */
  subscribe(run: (auth: Auth<C>) => void): () => void;
  /** Resolves when the callback is handled and the session is read; at once on a server. Never rejects. */
  start(): Promise<void>;
}

/** Makes the store. It starts when it is first subscribed to. In SvelteKit give it `navigate`, whose router follows no event. */
export function createAuth<C extends Claims = Claims>(
  config: AuthSource,
  options?: AuthOptions<C>,
): SvelteAuth<C>;

/** Hands the store to the components inside of this one. */
export function setAuth<C extends Claims = Claims>(auth: SvelteAuth<C>): SvelteAuth<C>;

/** What {@link setAuth} was given in a component around this one. */
export function useAuth<C extends Claims = Claims>(): SvelteAuth<C>;
