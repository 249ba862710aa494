/**
 * The client side of OAuth 2.0 / OpenID Connect authorization code + PKCE for pages and WebViews.
 *
 * @module pkce-wasm
 */
import type { PkceError } from "./engine/error.js";

export * from "./pkce.js";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/**
 * What the authorization server says about itself (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3),
 * under the specifications' own names. Members beyond these are kept.
 */
export interface ServerMetadata {
  /** The name of the server: an `https` URL without query and fragment. */
  readonly issuer: string;
  /** Where the user is sent to sign in. */
  readonly authorization_endpoint: string;
  /** Where codes and refresh tokens are sent. */
  readonly token_endpoint: string;
  /** Where the signing keys are (RFC 7517); required for the scope `openid`. */
  readonly jwks_uri?: string;
  /** For `session.userinfo()` (OpenID Connect Core section 5.3). */
  readonly userinfo_endpoint?: string;
  /** For `client.logout({ revoke: true })` (RFC 7009). */
  readonly revocation_endpoint?: string;
  /** For `client.logout({ endSession: true })` (OpenID Connect RP-Initiated Logout 1.0). */
  readonly end_session_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  /** Without `code` in it no login can succeed: `server_unsupported`. */
  readonly response_types_supported?: readonly string[];
  /** Has to hold `S256`, else `pkce_unsupported`: see {@link Config.dangerouslyAssumePkceSupport}. */
  readonly code_challenge_methods_supported?: readonly string[];
  /** The algorithms of ID tokens: see {@link Config.idTokenSignedResponseAlg}. */
  readonly id_token_signing_alg_values_supported?: readonly string[];
  /** Whether the server promises `iss` in its responses (RFC 9207): see {@link Config.sharedRedirectUriIssuers}. */
  readonly authorization_response_iss_parameter_supported?: boolean;
  /** Where requests are pushed (RFC 9126). */
  readonly pushed_authorization_request_endpoint?: string;
  /** When true, each request is pushed. */
  readonly require_pushed_authorization_requests?: boolean;
  /** The algorithms of DPoP proofs (RFC 9449 section 5.1): see {@link Config.dpop}. */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  readonly [member: string]: unknown;
}

/** What your application knows better than the server's own document: every member of {@link ServerMetadata} but `issuer`. */
export type KnownMetadata = { readonly issuer?: never } & {
  readonly [Member in Exclude<keyof ServerMetadata, "issuer">]?: ServerMetadata[Member];
};

/**
 * Where something is kept.
 *
 * - `"local"`: `localStorage`. Every tab sees it, also after the browser was restarted.
 * - `"session"`: `sessionStorage`. One tab sees it, until the tab is closed.
 * - `"memory"`: the page's memory; gone when the page is left. In a server process it is the memory of one {@link Client}.
 * - `"host"`: {@link Host.storage}.
 */
export type StorageTier = "local" | "session" | "memory" | "host";

/**
 * A storage that the shell provides, for WebViews that may lose their own: a keychain, the shell's preferences. Each method may answer at
 * once or by a promise. It holds verifiers. Where `storage` is `"host"` it holds tokens too.
 *
 * Without `removeItem` one item, `pkce-wasm`, holds everything. With it each record has an item of its own, `pkce-wasm.0` and so on, and
 * `pkce-wasm` says which; then at most twenty logins are kept, those included that are finished. A write that is cut short, by an error or
 * because the application is killed, leaves the records as they were before.
 *
 * A method that fails, or takes longer than `timeout`, is a `storage_unavailable` about `host.storage`, with the cause. What is written is read back: a store that
 * gives something else than it was given is `storage_unavailable` before the user is sent away. Where there is no more room, what remains of finished logins goes
 * first, then what is known of the server, then the oldest login. Tokens that do not fit are kept in memory: see {@link SignedIn.storageError}. After a write that took longer, nothing more is
 * asked of the storage until it has answered: whatever comes meanwhile waits for it, and is a `storage_unavailable` when it takes too long again. For the
 * package to know, give every client the same object.
 */
export interface HostStorage {
  /**
   * The item; null or undefined when there is none. It has to fail when it cannot read. An answer that is not a string is a `storage_unavailable`
   * too.
   */
  getItem(name: string): string | null | undefined | Promise<string | null | undefined>;
  /** Keeps the item, or fails. A login goes on only when this has succeeded. An item is printable ASCII where there is `removeItem`. */
  setItem(name: string, item: string): unknown;
  /** Removes the item. An item that does not exist is no error. */
  removeItem?(name: string): unknown;
  /**
   * The most characters that an item may have, from 64; 1280 for the Credential Manager of Windows, which takes 2560 bytes of UTF-16. Longer records are
   * cut into several items. Without `removeItem` it is the most that all records may have together. When absent, a write that is refused is tried again with items of 1000 characters, then of 240.
   */
  readonly maxLength?: number;
  /** Milliseconds that an answer may take; 300000 when absent, for a keychain may ask the user for a password. */
  readonly timeout?: number;
}

/** What a hybrid shell does in place of the page. The page does whatever is left out. */
export interface Host {
  /** Makes the requests to the authorization server; the page's `fetch` when absent. */
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /**
   * Sends the user to a URL; `location.assign` when absent. Called in the same tick as `client.login()`, except when the login is kept
   * by {@link Host.storage}.
   */
  open?: (url: string) => void | Promise<void>;
  /**
   * Calls back with every URL by which the shell opens the application, each once: the URL that started it, and those that arrive
   * while it runs. Hand them to `client.handleRedirect()`, and return its outcome. Gives a function that stops this.
   *
   * A URL is handed over again where the listener rejects, or its outcome has an `error.retryable`. That of a login that is finished is not, in no later
   * process either.
   *
   * @throws PkceError `config_invalid` about `host.onRedirect`, with what the shell said as its `cause`
   */
  onRedirect?: (listener: (url: string) => unknown) => Promise<() => unknown>;
  /** Called by `client.handleRedirect()` when a URL that it was given was a callback, with the outcome; without one where it rejects. */
  handled?: (url: string, outcome: RedirectOutcome | undefined) => unknown;
  /** Keeps the pending logins, unless {@link Config.transactionStorage} says otherwise, and the session when `storage` is `"host"`. */
  storage?: HostStorage;
  /**
   * Begins {@link Host.storage} anew, also where it cannot be read any more: its key was lost, or an uninstalled application left its items behind (iOS). Whoever was signed in
   * is not any more. The adapters have it where they have a store.
   *
   * @throws PkceError `storage_unavailable` where it does not even let that be done
   */
  reset?: () => Promise<void>;
}

/** What the application is. */
export interface Config {
  /**
   * The authorization server's issuer identifier, exactly as its metadata spells it (RFC 8414 section 2). It is the part before `/.well-known/` in the URL of
   * a discovery document. That URL itself is `config_invalid`.
   */
  issuer: string;
  /**
   * Other issuers that the fetched metadata and the ID tokens may name instead of {@link issuer}. For servers that do not know the issuer before the sign-in, or
   * use another name: the `common` endpoint of Entra ID, custom domains. It widens these two checks and nothing else.
   *
   * `{tenantid}` stands for a GUID, as in `https://login.microsoftonline.com/{tenantid}/v2.0`. Where it stands twice, both are the same GUID. The GUID has to be the
   * claim `tid` of the ID token. A key of the server that has an `issuer` verifies tokens of that issuer alone. The callback's `iss`, the ID token and every refresh agree
   * on one issuer; a session of an issuer that is not accepted (any more) is none.
   *
   * A pattern admits every tenant of the server: your application has to check `claims.tid`, and a user is known by `iss` and `sub` together.
   */
  acceptIssuer?: string | readonly string[];
  /**
   * What you know better than the server's document: an endpoint that the document does not list, or a member that it lists wrongly. These members replace the
   * document's and pass the same checks (RFC 8414 section 2). `issuer` cannot be among them. {@link Client.discover} fetches the document all the same.
   * `new Client(config)` takes these members as the whole document. Together with a second argument of the constructor they are `config_invalid`: put them into that one.
   */
  metadata?: KnownMetadata;
  /** The `client_id` of the registration. A public client: there is no secret. */
  clientId: string;
  /**
   * One of the registered redirect URIs; sent byte for byte (RFC 6749 section 3.1.2).
   * `https`, `http` on a loopback host, or a private-use scheme in reverse-domain form (RFC 8252 section 7).
   */
  redirectUri: string;
  /**
   * Where the user comes back to after signing out at the server: one of the registered `post_logout_redirect_uris`, of the kinds of `redirectUri`
   * (OpenID Connect RP-Initiated Logout 1.0 section 3). When absent the user stays at the server. See `client.logout()`.
   */
  postLogoutRedirectUri?: string;
  /**
   * The name of the session, where one application has several sessions at this server: two accounts, or two resources. Clients with different names share nothing: each
   * session has its own refresh, its own events and its own sign-out. When absent there is one session, without a name.
   */
  sessionName?: string;
  /**
   * All issuers that share {@link redirectUri} and that you trust not to attack each other, this one included.
   *
   * A server that does not promise `iss` (`authorization_response_iss_parameter_supported` in its metadata) needs a redirect URI of its own: at a
   * shared one it could get the code of another server (the mix-up attack, RFC 9700 section 4.4). `client.login()` refuses the second of two such servers
   * with `redirect_uri_shared` unless both are named here.
   */
  sharedRedirectUriIssuers?: readonly string[];
  /**
   * Other audiences that an ID token may have beside {@link clientId}: a project or an API of yours, for which some servers issue every ID token too. Name only
   * what you trust: whoever is named here may hold ID tokens that this client accepts. With another audience the `azp` of the token is required and has to be
   * `clientId` (OpenID Connect Core section 3.1.3.7, steps 3 to 5). When absent, an ID token with another audience is refused with
   * `id_token_audience_mismatch`.
   */
  trustedAudiences?: readonly string[];
  /**
   * The `client_secret` of a public client whose provider requires one from installed applications and calls it not confidential (RFC 8252 section 8.5), as Google
   * does for desktop applications. It proves nothing. It is sent in the body of token and revocation requests. `config_invalid` in a page: the client needs a `host`
   * with `open`.
   */
  publicClientSecret?: string;
  /**
   * Space-separated scopes; `"openid"` when absent. With `openid` an ID token is required and checked. `""` and null send none, for a server that knows no
   * scopes or chooses them itself (RFC 6749 section 3.3).
   *
   * Without `openid` an ID token is not needed: one that is right is taken, any other is dropped, and then `claims` is null.
   */
  scope?: string | null;
  /**
   * Where the session is kept; `"memory"` when absent: gone when the page is left. With `"local"` and `"host"` all tabs and workers share one session and
   * refresh it together; with `"memory"` and `"session"` each has its own, and only its end is shared (`client.logout()`). A service worker cannot use
   * `import()`: it takes `pkce-wasm/index.iife.js`, or a bundle of one file.
   */
  storage?: StorageTier;
  /**
   * Binds the tokens to a key that no script can take along (DPoP, RFC 9449); `false` when absent. A stolen token is worth nothing then. Each login makes a key of its own; see
   * `guides/dpop.md`.
   *
   * - `"required"`: without WebCrypto, or without IndexedDB where the login or the session outlives the page, a login fails with `dpop_unavailable`; a server that gives
   *   tokens of another type is refused with `token_type_unsupported`, and one whose metadata have `dpop_signing_alg_values_supported` without ES256 with `server_unsupported`,
   *   before anybody is sent there.
   * - `"preferred"`: in these cases the tokens are of the type `Bearer`, and `session.tokenBinding` says why.
   *
   * A login needs its key first: see `client.prepare()`. The stateless steps make no key: with `"required"` they fail with `dpop_unavailable`.
   */
  dpop?: "required" | "preferred" | false;
  /**
   * Pushes the authorization request to the server also where the server does not require it (PAR, RFC 9126). `endpoint_missing` where its metadata has no
   * `pushed_authorization_request_endpoint`. See `client.prepare()`.
   */
  pushedAuthorizationRequests?: boolean;
  /**
   * The origins of your resource servers, such as `https://api.example.com`. `session.fetch()` takes the access token to these and to the userinfo endpoint
   * only. The page's own origin has to be listed too (RFC 6750 section 5.3). `https`, or
   * `http` on a loopback host.
   */
  resourceOrigins?: readonly string[];
  /**
   * Where pending logins are kept, and for a day how they ended. When absent: the host's storage where there is one, else
   * `localStorage`, else `sessionStorage`. With `"session"` the user has to come back in the same tab, with `"memory"` in the same page.
   */
  transactionStorage?: StorageTier;
  /** Seconds within which a login must be finished; 600 when absent. */
  transactionMaxAge?: number;
  /**
   * Seconds by which the server's clock may differ from this machine's, 0 to 300; 60 when absent. Where the server lets the page see
   * its `Date` (`Access-Control-Expose-Headers: Date`), its clock counts, up to two days off.
   */
  clockTolerance?: number;
  /**
   * The only algorithm by which ID tokens may be signed: the `id_token_signed_response_alg` of the registration, also where the metadata does not list it. When
   * absent any that the metadata lists, of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA and Ed25519.
   */
  idTokenSignedResponseAlg?: string;
  /** Milliseconds before a request to the server is given up, above 0; 30000 when absent. */
  timeout?: number;
  /** How a hybrid shell plugs in. */
  host?: Host;
  /**
   * Is told every step as it happens, for debugging: see {@link TraceEvent}. A page is told too, by a DOM event `pkce-wasm:trace` whose `detail` is the same.
   * Secrets are told by their length. `traceToConsole()` of `pkce-wasm/trace` prints them. What it throws is reported as uncaught. After `new Client()` the part
   * that tells of steps is loaded first: earlier steps are not told. `Client.discover()` waits for that part.
   */
  trace?: (event: TraceEvent) => void;
  /**
   * Set when the server supports S256 but its metadata does not list `code_challenge_methods_supported`.
   * What is given up: nothing shows that the server will check the verifier (RFC 9700 section 2.1.1).
   */
  dangerouslyAssumePkceSupport?: boolean;
  /**
   * Allows `http` for the server and the redirect URI also beyond the loopback hosts.
   * What is given up: anybody on the network reads and changes codes and tokens (RFC 6749 section 10.3).
   */
  dangerouslyAllowHttp?: boolean;
  /**
   * Accepts an ID token whose signature cannot be verified here (see {@link TokenSet.idTokenVerifiedBy}) also when issuer and token
   * endpoint are not both `https`. A signature that is wrong is refused all the same.
   * What is given up: nothing shows that the ID token is the issuer's; whoever stands between names any user.
   */
  dangerouslyAllowUnverifiedIdToken?: boolean;
  /**
   * Lets `client.login()` lead a WebView to the sign-in page where the host has no `open`.
   * What is given up: the application can read the password as it is typed, and the user has no address bar to see whose page
   * it is; many servers refuse it (RFC 8252 section 8.12).
   */
  dangerouslyAllowEmbeddedUserAgent?: boolean;
}

/** A step of a client: see {@link Config.trace}. A member is there where there is something to say. */
export interface TraceEvent {
  /**
   * A method of the client, when it begins and, with `ms`, when it ends; `navigate`: the browser is sent to the server; a request and its answer; an event of the
   * session.
   */
  readonly step: "login" | "callback" | "session" | "logout" | "navigate" | "request" | "response" | "event";
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds that it took. */
  readonly ms?: number;
  /** The HTTP method of a request. */
  readonly method?: string;
  /** Without query and fragment. */
  readonly url?: string;
  /** The parameters of a request or a callback; the members of the server's answer. What may be a secret is told by its length: `"43 characters"`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The headers of a request that carry credentials, `Authorization` and `DPoP`: the scheme, and the length of the rest. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The HTTP status of an answer. */
  readonly status?: number;
  /** The bytes that `Content-Length` names, else the characters of the server's answer, where they are known. */
  readonly size?: number;
  /** The status of the outcome. */
  readonly outcome?: string;
  /** The code of the error, or the name of what the network threw. */
  readonly error?: string;
  /** The type of the event: see {@link SessionEvent}. */
  readonly event?: SessionEvent["type"];
  /** The reason of the event. */
  readonly reason?: string;
  /** Whether the event happened in another page or worker. */
  readonly elsewhere?: boolean;
}

/** Who says that an ID token is the issuer's (OpenID Connect Core section 3.1.3.7, step 6). */
export type IdTokenVerifiedBy =
  /** Its signature, by a key of the issuer. */
  | "signature"
  /** The TLS of the token endpoint: here is no `crypto.subtle` (an insecure origin, an old WebView), or not the algorithm. */
  | "tls"
  /** Nobody: {@link Config.dangerouslyAllowUnverifiedIdToken} allowed it. */
  | "nothing";

/** What a single login may ask for. */
export interface LoginOptions {
  /** Scopes of this login instead of the configured ones; `""` and null send none (RFC 6749 section 3.3). */
  scope?: string | null;
  /** A path of this origin to return to after the login; kept with the login, never in the URL. */
  returnTo?: string;
  /**
   * What the application wants back with the outcome of this login: JSON of at most 2048 characters. It is kept with the login, never in the URL; as long as what
   * remains of the login, a day. No secrets: it is not encrypted.
   */
  appState?: Json;
  /**
   * OpenID Connect Core section 3.1.2.1: `none`, `login`, `consent`, `select_account`, space-separated.
   *
   * With `none` the user is sent to the server and comes straight back: signed in when the server knows them still, else refused with
   * `interaction_required`, whose `oauthError` names the cause (`login_required`, `consent_required`, `interaction_required`,
   * `account_selection_required`). Then offer a login without `none`: the same login would fail again. Where a server sends these words for any other
   * login, the error is `access_denied`. Do not use it to renew
   * tokens: `session.accessToken()` does that with the refresh token, without leaving the page and without third-party cookies.
   */
  prompt?: string;
  /** The account that the user probably wants (OpenID Connect Core section 3.1.2.1). */
  loginHint?: string;
  /**
   * Seconds: the user has to have been authenticated no longer than this before the login began. The `auth_time` of the ID
   * token is checked, else `insufficient_user_authentication` (OpenID Connect Core section 3.1.2.1).
   */
  maxAge?: number;
  /**
   * Ways of authentication to ask for, space-separated, the best one first. The server need not meet them, nor say what it did (OpenID Connect Core
   * section 3.1.2.1): see {@link LoginOptions.requireAcr}. Some servers take other words here, such as `tenant:acme` or `idp:google`.
   */
  acrValues?: string;
  /**
   * Requires what {@link LoginOptions.acrValues} asks for: the `acr` of the ID token has to be one of these values, else
   * `insufficient_user_authentication` (OpenID Connect Core section 3.1.3.7, step 12). Without `acrValues` those count that {@link LoginOptions.claims} names.
   */
  requireAcr?: boolean;
  /** Languages for the server's pages, BCP 47, the best one first, space-separated (OpenID Connect Core section 3.1.2.1). */
  uiLocales?: string;
  /**
   * Single claims to ask for: the object with the members `userinfo` and `id_token` (OpenID Connect Core section 5.5). An `acr` that is `essential` in
   * `id_token` is required, as with {@link LoginOptions.requireAcr}: one of its `values`, or its `value`; without these one of `acrValues`, or any
   * (section 5.5.1.1).
   */
  claims?: { readonly [member: string]: Json };
  /**
   * Where the access token is to be used: absolute URIs without fragment, space-separated, each sent as a `resource` of its own, to the token endpoint too
   * and at every refresh. A server that does not know one answers `invalid_target` in `oauthError` (RFC 8707 section 2).
   */
  resource?: string;
  /**
   * What exactly the tokens should allow: objects that each have a `type`. {@link TokenSet.authorizationDetails} says what was granted. A server that
   * does not accept them answers `invalid_authorization_details` in `oauthError` (RFC 9396 sections 2 and 5).
   */
  authorizationDetails?: readonly AuthorizationDetail[];
  /** Further parameters of the authorization request. They cannot replace one that this package sets. */
  extraParameters?: Readonly<Record<string, string>>;
}

/** What a token should allow, or allows (RFC 9396 section 2). */
export interface AuthorizationDetail {
  /** What the other members mean: a name that the server has for it. */
  readonly type: string;
  readonly [member: string]: Json;
}

/** What is made ready: see {@link Client.prepare}. */
export interface PrepareOptions extends LoginOptions, Cancellation {
  /** For {@link Client.loginWithPopup}, not for {@link Client.login}. */
  popup?: boolean;
}

/** What the tokens of a session are bound to: see {@link Config.dpop}. */
export type TokenBinding =
  /** To a key of this browser (RFC 9449). */
  | { readonly type: "dpop" }
  /**
   * To nothing. The reason is there where {@link Config.dpop} is `"preferred"`: there is no key (`"unavailable"`: none could be made here, or the server's
   * `dpop_signing_alg_values_supported` lack ES256), or the server binds no tokens (`"server"`).
   */
  | { readonly type: "bearer"; readonly reason?: "unavailable" | "server" };

/** What a login in a pop-up may ask for: see {@link Client.loginWithPopup}. */
export interface PopupOptions extends LoginOptions {
  /**
   * The third argument of `window.open`; `"popup,width=480,height=640"` when absent. `noopener` and `noreferrer` are refused (`config_invalid`): with them
   * this page would not see the window that it opened.
   */
  features?: string;
  /** What to do when the browser blocks the pop-up: with `"redirect"` this page leaves for the server, as `client.login()` does it. */
  fallback?: "redirect";
  /** Gives the login up. A callback that was already received is still finished. */
  signal?: AbortSignal;
}

/** What a sign-out does besides ending the session on this device: see {@link Client.logout}. */
export interface LogoutOptions {
  /** Also tells the server to forget the tokens, the refresh token first: see {@link revokeTokens}. */
  revoke?: boolean;
  /** Also sends the user to the server's `end_session_endpoint`, to sign out there too. */
  endSession?: boolean;
  /** A path of this origin to return to afterwards: it is in {@link SignedOut.returnTo}. Kept here, never in the URL. */
  returnTo?: string;
  /** Further parameters of the request, as `logout_hint` and `ui_locales` (OpenID Connect RP-Initiated Logout 1.0 section 2). They cannot replace one that this package sets. */
  extraParameters?: Readonly<Record<string, string>>;
}

/** Checked claims of an ID token or of the userinfo response. */
export interface Claims {
  /** The user, unique at the issuer and never reassigned. */
  readonly sub: string;
  /** The issuer. */
  readonly iss?: string;
  /** Whom the token is for: this client, and with {@link Config.trustedAudiences} others. */
  readonly aud?: string | readonly string[];
  /** Seconds since 1970. */
  readonly exp?: number;
  /** Seconds since 1970. */
  readonly iat?: number;
  /** Mostly only with the scope `profile`. */
  readonly name?: string;
  /** Mostly only with the scope `email`. `email_verified` says whether the server checked it. */
  readonly email?: string;
  readonly [claim: string]: unknown;
}

/** What the token endpoint granted (RFC 6749 section 5.1). */
export interface TokenSet {
  /** For your API. It means nothing to the application itself. */
  readonly accessToken: string;
  /** `"Bearer"`, or `"DPoP"` for tokens that are bound to a key, in the server's own spelling. */
  readonly tokenType: string;
  /** Seconds since 1970 after which the access token is not to be used; absent when the server did not say, or said no number. */
  readonly expiresAt?: number;
  /** The seconds that the server gave it (RFC 6749 section 5.1); absent when it did not say. */
  readonly expiresIn?: number;
  /** The scopes granted; what was requested when the server did not say otherwise. */
  readonly scope: string;
  /** For {@link refreshTokens}; absent when the server gave none. */
  readonly refreshToken?: string;
  /** The ID token as it came; absent when none was given. */
  readonly idToken?: string;
  /** The checked claims of the ID token. */
  readonly claims?: Claims;
  /** Who says that the ID token is the issuer's; absent without an ID token. */
  readonly idTokenVerifiedBy?: IdTokenVerifiedBy;
  /** Where the access token is to be used, as the login asked: see {@link LoginOptions.resource}. */
  readonly resource?: string;
  /** What exactly the tokens allow, as the server granted it; absent when it did not say (RFC 9396 section 7). */
  readonly authorizationDetails?: readonly AuthorizationDetail[];
  /**
   * The members of the answer that this package does not read, as the server sent them: `patient`, `instance_url` and the like (RFC 6749 section 5.1). They may hold
   * secrets. At most 4096 bytes of JSON; a member that would go beyond is left out. Those of a refresh take the place of the ones before; absent when none ever came.
   */
  readonly extra?: { readonly [member: string]: Json };
}

/** How a call can be told to stop. */
export interface Cancellation {
  /** Rejects the call with `aborted` when it is aborted; the signal's reason is the error's `cause`. */
  signal?: AbortSignal;
}

/** Options of a single step. The signal aborts its request. An answer that was under way is lost. */
export interface StepOptions extends Cancellation {
  /** The host's `fetch` for this step; that of the configuration when absent. */
  fetch?: Host["fetch"];
  /** Milliseconds before a request is given up (`timed_out`), above 0 (`config_invalid`); those of the configuration when absent, else 30000. */
  timeout?: number;
}

/** Options of {@link discover}. */
export interface DiscoverOptions extends StepOptions {
  /** See {@link Config.acceptIssuer}. */
  acceptIssuer?: Config["acceptIssuer"];
  /** See {@link Config.dangerouslyAllowHttp}. */
  dangerouslyAllowHttp?: boolean;
  /** The scopes that the client will ask for: see {@link Config.scope}. */
  scope?: string | null;
  /** The document is checked together with these: see {@link Config.metadata}. What comes back is the document alone. */
  metadata?: KnownMetadata;
}

/**
 * Fetches and checks the metadata of an authorization server: the OpenID form, then the form of RFC 8414, then, where the issuer has a path, the OpenID form with
 * `/.well-known/openid-configuration` inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 sections 3 and 5). The `issuer` must be identical, character for
 * character, unless `acceptIssuer` names the other one.
 *
 * A place that has no document is passed over, whatever it answers. A document of another issuer ends the search. With the scope `openid` a document without
 * `jwks_uri` counts only when no OpenID place failed in a way that may pass. The error is that of the first place; its `places` are the URLs that were asked.
 *
 * An optional endpoint that is no `https` URL is refused when it is used, not here: `metadata_invalid` or `endpoint_insecure`, naming it.
 *
 * @returns The metadata, for {@link Client} and the stateless steps.
 * @throws PkceError `config_invalid`, `metadata_not_found`, `metadata_invalid`, `issuer_mismatch`, `endpoint_insecure`,
 * `network_failed`, `timed_out`, `redirect_not_followed`, `response_too_large`, `server_error`
 */
export function discover(issuer: string, options?: DiscoverOptions): Promise<ServerMetadata>;

/** An authorization request that is ready to be sent (RFC 6749 section 4.1.1). */
export interface AuthorizationRequest {
  /** Send the user here. */
  readonly url: string;
  /** The `state` in the URL: find the transaction by it when the callback arrives. */
  readonly state: string;
  /** The pending login, for {@link completeAuthorization}. Holds the verifier: keep it as secret as a password, and only until then. */
  readonly transaction: string;
}

/**
 * Builds the authorization request; synchronous and pure, for those who keep their own storage.
 *
 * @throws PkceError `member_unknown`, `config_invalid`, `redirect_uri_invalid`, `pkce_unsupported`, `server_unsupported`, `issuer_mismatch`, `metadata_invalid`,
 * `endpoint_insecure`, `parameter_protected`, `return_to_refused`, `randomness_unavailable`; `dpop_unavailable` with {@link Config.dpop} `"required"`
 */
export function beginAuthorization(
  config: Config,
  metadata: ServerMetadata,
  options?: LoginOptions,
): AuthorizationRequest;

/**
 * Checks the callback against its transaction, redeems the code, and checks the ID token and its signature
 * (RFC 6749 sections 4.1.2 to 4.1.4, RFC 9207, OpenID Connect Core section 3.1.3.7).
 *
 * @param transaction - From {@link beginAuthorization}; forget it afterwards: a code is redeemed once.
 * @param callbackUrl - The whole URL that the user came back with.
 * @throws PkceError `transaction_invalid`, `transaction_expired`, `redirect_uri_mismatch` (about the part that differs), `callback_invalid`, the errors about
 * `state`, `code` and `iss`, `access_denied`, `authorization_refused`, and those of the token endpoint, the ID token and the signing keys
 */
export function completeAuthorization(
  config: Config,
  metadata: ServerMetadata,
  transaction: string,
  callbackUrl: string,
  options?: StepOptions,
): Promise<TokenSet>;

/**
 * Trades the refresh token for fresh tokens (RFC 6749 section 6). When the answer brings no new refresh token, the old one is kept; so is
 * the old ID token when there is no new one, when the keys for its signature cannot be fetched, or when the new one has another `nonce` or `auth_time` (OpenID
 * Connect Core section 12.2). Where the new ID token is wrong in another way the call fails, and a new refresh token is lost with it: {@link Client} keeps it.
 *
 * @throws PkceError `refresh_token_missing`, `token_refused` and the errors of the token endpoint
 */
export function refreshTokens(
  config: Config,
  metadata: ServerMetadata,
  tokens: TokenSet,
  options?: StepOptions,
): Promise<TokenSet>;

/**
 * Asks the userinfo endpoint; `sub` must be that of the ID token (OpenID Connect Core section 5.3). An answer that is a signed JWT is verified by the
 * server's keys, and its `iss`, `aud` and `exp` count where they are there (section 5.3.2); encrypted ones are refused.
 *
 * @throws PkceError `endpoint_missing`, `userinfo_subject_mismatch`, `userinfo_invalid`, `userinfo_refused`, the errors of the signing keys,
 * `id_token_unverifiable` where nothing can verify a signature and no TLS vouches for it, and those of the network
 */
export function fetchUserinfo(
  config: Config,
  metadata: ServerMetadata,
  tokens: TokenSet,
  options?: StepOptions,
): Promise<Claims>;

/**
 * Tells the server to forget the tokens, the refresh token first (RFC 7009). Both are tried; any 2xx is success. Once the refresh token is gone, a refusal of the
 * access token is no failure: servers take it along, or cannot revoke it (sections 2.1 and 2.2.1).
 *
 * @throws PkceError `endpoint_missing`, `revocation_refused`
 */
export function revokeTokens(
  config: Config,
  metadata: ServerMetadata,
  tokens: TokenSet,
  options?: StepOptions,
): Promise<void>;

/** What `client.handleRedirect()` found. */
export type RedirectOutcome<C extends Claims = Claims> =
  | NoCallback
  | SignedIn<C>
  | AlreadyCompleted<C>
  | Refused
  | OtherLogin
  | SignedOut
  | HandedOver;

/** How {@link Client.loginWithPopup} ended. */
export type PopupOutcome<C extends Claims = Claims> =
  | SignedIn<C>
  | AlreadyCompleted<C>
  | Refused
  | OtherLogin
  | Redirecting;

/**
 * The URL is no callback of this client: it has no `state`, or one of no login that this client knows. Nothing was changed and nothing ended. The address
 * stays as it is, because its parameters belong to somebody else. Go on as at any start of the page: {@link Client.session} says whether somebody is signed in.
 */
export interface NoCallback {
  readonly status: "none";
  /** What an error at the redirect URI says that shows no `state`, where a login is pending there: see {@link Unverified}. */
  readonly unverified?: Unverified;
}

/**
 * An error that may be the server's, or anybody's: some servers leave `state` or `iss` out of a refusal, and everybody can make such a link. Show it at
 * most, as text, and end nothing by it (RFC 6749 section 10.12): the login stays pending, and its true answer still counts.
 */
export interface Unverified {
  /** The `error`, at most 128 characters. */
  readonly oauthError: string;
}

/** The login is complete. Greet the user, and go to `returnTo`. */
export interface SignedIn<C extends Claims = Claims> {
  readonly status: "signed-in";
  /** The session that has begun. */
  readonly session: Session<C>;
  /**
   * The host's storage has no room for the session, which is tried before the code is sent, or did not take its tokens: they are in memory, until this page is left, and
   * {@link Client.storage} says so.
   */
  readonly storageError?: PkceError;
  /** Where the login was to return to: {@link LoginOptions.returnTo}. */
  readonly returnTo?: string;
  /** What the application kept with the login: {@link LoginOptions.appState}. */
  readonly appState?: Json;
}

/**
 * This very callback was completed before, here or in another tab: reload, back button, a second effect. Do as after `"signed-in"`. The
 * session is null where this page cannot see it (it is in the memory of the other tab, or the user has signed out since): then offer to sign in.
 *
 * With `storage: "memory"` it is null too where another copy of this package in the page completed the callback (two bundles, or a module that was replaced while
 * developing): each copy has a memory of its own. A warning in the console says so then.
 */
export interface AlreadyCompleted<C extends Claims = Claims> {
  readonly status: "already-completed";
  /** Null where this page cannot see the session. */
  readonly session: Session<C> | null;
  /** Where the login was to return to: {@link LoginOptions.returnTo}. */
  readonly returnTo?: string;
  /** What the application kept with the login: {@link LoginOptions.appState}. */
  readonly appState?: Json;
}

/**
 * The login failed, and nobody was signed in by it. When `error.retryable` is true, `handleRedirect()` may be called again, also after a
 * reload. When `restart` is true, `client.login()` may help; else tell the user, for only the application or the server can be changed.
 * The same callback is refused with the same code and the server's same `oauthError` again; `code_already_used` says that the page went away before the server's
 * answer was kept.
 *
 * With `redirect_uri_mismatch` the callback of a pending login arrived elsewhere than at the redirect URI: `error.subject` names the part that differs. The login stays
 * pending, and the address bar as it was.
 */
export interface Refused {
  readonly status: "refused";
  /** Why. */
  readonly error: PkceError;
  /** Whether beginning the login again may help. */
  readonly restart: boolean;
  /** What an error says whose `iss` is missing although the server promises one (`response_issuer_missing`): see {@link Unverified}. */
  readonly unverified?: Unverified;
  /** Where the login was to return to: {@link LoginOptions.returnTo}. */
  readonly returnTo?: string;
  /** What the application kept with the login: {@link LoginOptions.appState}. */
  readonly appState?: Json;
}

/**
 * A callback of a login that is not this client's. Nothing was changed, and the URL stays in the address bar for the client that it belongs to. With `transaction_invalid` it is that of
 * another client on the same redirect URI, or of one of the same client id with another redirect URI. With `transaction_not_found` the URL has the whole form of a
 * response (`state` with `code` or `error`) and this browser did not begin that login, or has forgotten it; or it is another library's: offer to sign in.
 */
export interface OtherLogin {
  readonly status: "other-login";
  /** `transaction_invalid` or `transaction_not_found`. */
  readonly error: PkceError;
}

/** The user came back from signing out at the server: {@link Client.logout} with `endSession`. Anything else at that place is `"none"`. */
export interface SignedOut {
  readonly status: "signed-out";
  /** Where the sign-out was to return to: {@link LogoutOptions.returnTo}. */
  readonly returnTo?: string;
}

/**
 * This page is a pop-up, and the window that opened it has taken the callback: it finishes the login, and this one closes itself. Show nothing, or that it
 * may be closed.
 */
export interface HandedOver {
  readonly status: "handed-over";
}

/** The browser blocked the pop-up, and this page is leaving for the server: {@link PopupOptions.fallback}. */
export interface Redirecting {
  readonly status: "redirecting";
}

/**
 * What happened to a session. Heard in every page and worker of the origin that has a client of the same issuer and client id: `"signed-out"`
 * always, the others where the session is shared (`storage` is `"local"` or `"host"`).
 */
export type SessionEvent = {
  /** Whether it happened in another page or worker. */
  readonly elsewhere: boolean;
} & (
  | { readonly type: "signed-in"; readonly reason: "login" }
  | {
      readonly type: "refreshed";
      /** The tokens were about to expire; had expired; were refused by a resource server; somebody called `session.refresh()`. */
      readonly reason: "ageing" | "expired" | "refused" | "asked";
      /**
       * There, and true, when the tokens were kept without the ID token that came with them: it has another `nonce` or `auth_time` than the one before (OpenID
       * Connect Core section 12.2), or the keys for its signature could not be fetched. The claims stay those of the ID token before.
       */
      readonly idTokenDropped?: true;
      /** There when the host's storage did not take the fresh tokens: they are in memory, until this page is left. The refresh token before is spent. */
      readonly storageError?: PkceError;
    }
  | { readonly type: "signed-out"; readonly reason: "logout" }
  | {
      /** In a minute the access token expires, and there is no refresh token: told once in every page that has the session. */
      readonly type: "expiring";
      readonly reason: "session_expired";
    }
  | {
      readonly type: "expired";
      /**
       * The server does not take the refresh token any more, or there is none and the access token has expired (`session_expired`); the server does not take it,
       * and the answer to an earlier refresh had been lost (`refresh_interrupted`). It is `session_expired` too when the refreshed ID token is about another user or
       * from another issuer: the call that asked for it fails with `id_token_subject_mismatch` or `id_token_issuer_mismatch`; and when the key that the tokens are bound to is gone (`dpop_key_missing`).
       *
       * `invalid_grant` of the token endpoint ends a session at once (RFC 6749 section 5.2). Another OAuth error (at status 200, 400 or 401), or a 400 or 401
       * without a body, ends it when the access token has expired and the same comes again at least ten minutes later. These never do:
       * `temporarily_unavailable`, `server_error`, `slow_down`, `use_dpop_nonce`, `invalid_dpop_proof`, `invalid_client`, `unauthorized_client`,
       * `unsupported_grant_type`, `invalid_scope`, `invalid_target`; nor does any other answer, such as HTML, a 403 or a 5xx, nor the network.
       */
      readonly reason: "session_expired" | "refresh_interrupted";
    }
);

/**
 * Signs users in: begins logins, finishes each once, and keeps the session.
 *
 * @typeParam C - The claims that the application knows of: `Client.discover<Staff>(config)`. A type alone: what a claim really is, only a schema checks.
 */
export class Client<C extends Claims = Claims> {
  /**
   * Discovers the server and makes a client of it.
   *
   * Where a session is kept, the server's metadata are kept with it, in the same place. Then the client is there at once, also without a network. What is read
   * back is checked again. After a day it is fetched again in the background. A code and tokens are sent to an endpoint only when
   * this page has fetched the metadata that name it: where that fails, the call fails with `network_failed`, and may be tried again.
   *
   * @throws PkceError as {@link discover} and the constructor
   */
  static discover<C extends Claims = Claims>(config: Config, options?: Cancellation): Promise<Client<C>>;

  /**
   * Makes a client of metadata that is already known; when absent, of {@link Config.metadata} alone.
   *
   * @throws PkceError `member_unknown`, `config_invalid`, `redirect_uri_invalid`, `pkce_unsupported`, `issuer_mismatch`, `metadata_invalid`,
   * `endpoint_insecure`, `id_token_alg_unsupported`, `server_unsupported` (its metadata says that no login can succeed there), and `engine_not_ready` where {@link ready}
   * has to be awaited first
   */
  constructor(config: Config, metadata?: ServerMetadata);

  /** The metadata in use, {@link Config.metadata} included. */
  readonly metadata: ServerMetadata;

  /** Which places are in use for pending logins and for the session; the latter is `"memory"` once a host's storage did not take tokens. */
  readonly storage: { readonly transactions: StorageTier; readonly session: StorageTier };

  /**
   * Makes a login ready: makes its key where {@link Config.dpop} asks for one, and pushes its request where the server requires it or
   * {@link Config.pushedAuthorizationRequests} says so (RFC 9126). The next {@link login} with equal options leaves in the tick of the click then, once; so does
   * {@link loginWithPopup} after `prepare({ popup: true })`. Options are equal when their members are, in whatever order; up to eight logins can be ready at once. What is ready serves as long as the server says, often for a minute, and at most for half of
   * {@link Config.transactionMaxAge}: call it close to the click, each time the pointer enters the button. It does nothing where nothing has to be made ready, or all is ready.
   *
   * @throws PkceError as {@link login}; `push_refused`, `push_response_invalid`, `dpop_unavailable`, `storage_unavailable`, `network_failed`, `timed_out`, `server_error`,
   * `redirect_not_followed`, `response_too_large`, `aborted`. Nothing is kept of a login that could not be made ready
   */
  prepare(options?: PrepareOptions): Promise<void>;

  /**
   * Begins a login: saves the transaction and sends the user to the authorization server, in one tick, so that it may
   * be called straight from a click. At most a hundred logins are kept; the oldest go first.
   *
   * @returns What {@link Host.open} gives: a promise where it gives one. It rejects with `config_invalid` about `host.open`, whatever the shell throws. When the host's storage keeps the login or the session (see {@link Client.storage}),
   * always a promise: the user is sent away when it has kept the login. A promise too where a key has to be made or the request to be pushed, and no login of these options was
   * made ready: see {@link Client.prepare}. Otherwise nothing.
   * @throws PkceError as {@link beginAuthorization}, and before the user is sent away `storage_unavailable`, `embedded_user_agent` (a
   * WebView whose host cannot open the system browser) or `config_invalid` about `redirect_uri` (the page is at another name or port of this machine than the
   * redirect URI, such as `127.0.0.1` and `localhost`: the page there could not see the login)
   */
  login(options?: LoginOptions): void | Promise<void>;

  /**
   * Begins a login in a pop-up, in the tick in which it is called: call it straight from a click. It settles when the login is finished.
   *
   * The pop-up comes back to the redirect URI, whose page calls `client.handleRedirect()` as always: it hands the callback to this page over a channel
   * of the origin, which needs no `window.opener`, and closes itself. The code is redeemed here, so that the tokens are where the application is. When this page
   * is gone, the pop-up goes on alone after five seconds and becomes the application. It waits for a page that is there and busy for two minutes, where the
   * browser has Web Locks. The redirect URI has to be of this origin.
   * The server's pages do not see this window (`opener` is null). Where a key has to be made or the request to be pushed first, the pop-up opens on a blank page in the tick of the click
   * and is led on; it is closed when that fails, and the call fails as {@link prepare} does.
   *
   * @returns How it ended. `"refused"` with `popup_blocked`: see {@link PopupOptions.fallback}; with `popup_closed`: the pop-up looks closed and the user
   * has been back in this page for two seconds (a server's `Cross-Origin-Opener-Policy` can make an open pop-up look closed, so a login that is then finished in it
   * still counts); with `access_denied`: the user declined; with `transaction_expired`: the time is over.
   * @throws PkceError `aborted` by the signal, `config_invalid` about `storage` where a host keeps the login or the session and about `features` (see
   * {@link PopupOptions.features}), and as `client.login()`
   */
  loginWithPopup(options?: PopupOptions): Promise<PopupOutcome<C>>;

  /**
   * Finishes a login when the page was reached by its callback; call it at every start of the page, anywhere, any number of times, at once.
   * The same URL gives the same outcome, however often it is handled. If several tabs, frames or reloads handle it, only one redeems the code;
   * the others wait and get its outcome. The parameters of the response are removed from the address bar and the history.
   *
   * A URL is a callback only when its `state` is one that this client knows: of a pending login, of one that ended within a day, of a sign-out that waits, or one that
   * the opener of this pop-up answers for. A URL with two `state`s is none. Any other URL is left alone, with its address and its parameters; one without `state` reads no storage.
   *
   * @param url - The callback URL; the page's own when absent. One of more than 1,048,576 characters is none.
   * @param options - Aborting stops your wait. The exchange still completes, and the same call tells how it ended.
   * @throws PkceError `aborted`, `engine_unavailable`, `storage_unavailable` when the login cannot be read or its end cannot be written; everything else is an outcome
   */
  handleRedirect(url?: string, options?: Cancellation): Promise<RedirectOutcome<C>>;

  /**
   * The signed-in session; null where nobody is signed in, and from when no access token can be had any more: it has expired, and there is no refresh token.
   * It needs no network.
   */
  session(): Promise<Session<C> | null>;

  /**
   * Signs out: ends the session of this issuer, client id and `sessionName` on this device, in every tab and worker of the origin. A tab that is frozen, shows
   * another site, or has a refresh or a callback under way does not bring it back. Where the pages share no storage (a worker, blocked storage), only those are reached
   * that run now and have a client. With `revoke` the server is told to forget the tokens (RFC 7009). With
   * `endSession` the user is then sent to the server (OpenID Connect RP-Initiated Logout 1.0 section 2), in the same tick where storage is synchronous and nothing is
   * revoked, with `id_token_hint`, `client_id`, `post_logout_redirect_uri` and a `state`; when they come back, `client.handleRedirect()` at {@link Config.postLogoutRedirectUri}
   * gives `"signed-out"`.
   *
   * The session ends first, whatever the options are. When one is wrong, or the server has no `end_session_endpoint`, the tokens are revoked all the same
   * where that is wanted; then this rejects, and the user is not sent to the server.
   *
   * @throws PkceError `member_unknown`, `config_invalid`, `return_to_refused`, `parameter_protected` about the options; `endpoint_missing`; `revocation_refused` and those of the
   * network (the user is sent to the server all the same); `storage_unavailable`
   */
  logout(options?: LogoutOptions): Promise<void>;

  /**
   * Calls a function whenever this happens to the session, here or in another tab: see {@link SessionEvent}. The function is called afterwards. What
   * it throws is reported as uncaught and disturbs no other listener.
   *
   * @returns A function that stops this.
   * @throws PkceError `config_invalid` about `type`: there is no such event
   */
  on<Type extends SessionEvent["type"]>(
    type: Type,
    listener: (event: Extract<SessionEvent, { type: Type }>) => void,
  ): () => void;

  /** Stops the listeners and timers of this client; with the last client of the page its channel to other pages ends too. The session stays, and every other method works as before. */
  close(): void;
}

/** A session: the claims of the user, and their tokens. */
export class Session<C extends Claims = Claims> {
  private constructor();
  /** The checked claims of the ID token; null without one: see {@link Config.scope}. */
  readonly claims: C | null;
  /** The ID token itself; null when there is none. It is for this application alone, and no access token. */
  readonly idToken: string | null;
  /** Who says that the ID token is the issuer's; null without one. */
  readonly idTokenVerifiedBy: IdTokenVerifiedBy | null;
  /** What the tokens are bound to, as the last login or refresh brought them: see {@link Config.dpop}. */
  readonly tokenBinding: TokenBinding;
  /** The scopes granted. */
  readonly scope: string;
  /** The members of the token endpoint's answer that this package does not read; null when there are none: see {@link TokenSet.extra}. */
  readonly extra: { readonly [member: string]: Json } | null;
  /** Seconds since 1970 at which the access token expires; null when the server did not say. */
  readonly expiresAt: number | null;
  /**
   * Whether the session has ended: the user signed out, another login has taken its place, or its access token has expired and there is no refresh token. It gives no
   * access token any more. Its claims stay.
   */
  readonly expired: boolean;
  /**
   * The access token. From a minute before its expiry on (a quarter of its life, if that is less) it is refreshed in the background while it is still
   * handed out; in its last ten seconds (an eighth) the call waits for the fresh one. Time is taken from the clock, and from one that
   * nobody can set (`performance.now`), whichever is later.
   *
   * However many callers, tabs and workers share the session, one refresh is made at a time, and all get its result. When it fails, you keep getting the current
   * token until it expires; the next attempt waits for 1 to 30 seconds, or as long as the server asks for (at most 600). A call that
   * has no token to give tries once more by itself when that is to be within two seconds.
   *
   * @param options - Aborting stops your wait. The refresh still completes, because its answer must not be lost.
   * @throws PkceError `session_expired` when this session has ended: a sign-out, another login in its place (with or without the scope `openid`), or an expired access token
   * without a refresh token; `refresh_interrupted`; `id_token_subject_mismatch` and `id_token_issuer_mismatch`, which end the session too; `aborted`; else those of
   * the token endpoint and of the ID token, with `retryAfter` where they are `retryable`: the user stays signed in. Until the next attempt the same error is
   * thrown again, with the server's words
   */
  accessToken(options?: Cancellation): Promise<string>;
  /**
   * Makes a request with the access token in its `Authorization` header (RFC 6750 section 2.1), to one of {@link Config.resourceOrigins}: any other is
   * refused before anything is sent. Through {@link Host.fetch} where there is one.
   *
   * Redirects are not followed: the token could come to another origin. With `redirect: "manual"` the redirect is given back as it is.
   *
   * A 401 with `invalid_token`, or without a challenge that this page can see and read, is answered by one refresh and one more request (RFC 6750 section
   * 3.1). A body that is a stream cannot be sent again: the tokens are refreshed, and you get the 401. You get it too when there is no refresh token, and when
   * that origin refuses the fresh token as well. A cross-origin resource server must send `Access-Control-Expose-Headers: WWW-Authenticate`.
   *
   * @param input - Where to, as for `fetch`; a relative URL is one of the page's origin.
   * @param init - As for `fetch`, and `timeout`: milliseconds to the beginning of the answer, those of the configuration when absent. The `signal` also
   * aborts reading the body. No listener stays on it.
   * @returns The response, whatever its status, unless it is one of those below.
   * @throws PkceError `origin_refused`; `insufficient_scope` (RFC 6750 section 3.1) and `insufficient_user_authentication` (RFC 9470 section 3), with
   * `loginOptions` for `client.login()`; `config_invalid` about `headers`; `redirect_not_followed`, `network_failed`, `timed_out`, `aborted`, and as
   * `session.accessToken()`. The `cause` of an error shows no token.
   */
  fetch(input: string | URL | Request, init?: RequestInit & { timeout?: number }): Promise<Response>;
  /** Asks the userinfo endpoint: see {@link fetchUserinfo}. */
  userinfo(options?: StepOptions): Promise<Claims>;
  /**
   * Refreshes the tokens now, together with whoever else is about to: see {@link refreshTokens}.
   *
   * @throws PkceError `refresh_token_missing`, and as `session.accessToken()`
   */
  refresh(options?: Cancellation): Promise<void>;
}
