/**
 * For tests: a signed-in session in one line, and an authorization server as a `fetch` function. It needs no network and no port,
 * and runs in Node, in a page and in a service worker. Applications do not ship it.
 *
 * @example
 * ```ts
 * const { client, session } = await signedIn({ user: { sub: "ada", name: "Ada" } });
 * ```
 *
 * @module pkce-wasm/testing
 */
import type { Claims, Client, Config, Host, Json, LoginOptions, ServerMetadata, Session } from "./index.js";

/** How the server signs ID tokens. */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";

/** A client that the server knows. */
export interface RegisteredClient {
  /** Its `client_id`. */
  readonly clientId: string;
  /** Any when absent. */
  readonly redirectUris?: readonly string[];
  /** Any when absent. */
  readonly postLogoutRedirectUris?: readonly string[];
  /** True: the client gets tokens for a DPoP proof alone (RFC 9449 section 5.2). */
  readonly dpopBoundAccessTokens?: boolean;
}

/** A user of the server: what it claims about them. */
export type User = { readonly sub: string; readonly [claim: string]: Json };

/**
 * What the user does at the server. True, or nothing: signs in and agrees. False: declines (`access_denied`).
 * An object says more.
 */
export type Decision =
  | boolean
  // biome-ignore lint/suspicious/noConfusingVoidType: a script need not return anything.
  | void
  | {
      /** Who signs in instead of {@link ServerOptions.user}. */
      readonly user?: User;
      /** The scopes granted, where they are other than those requested. */
      readonly scope?: string;
      /** The `acr` of the ID token; the first of the requested ones when absent. */
      readonly acr?: string;
      /** The server sends the user back with this error instead of a code (RFC 6749 section 4.1.2.1). */
      readonly error?: string;
      /** The `error_description` beside it. */
      readonly errorDescription?: string;
    };

/** A visit of a browser to the authorization endpoint: see {@link ServerOptions.decide}. */
export interface Visit {
  /** `"POST"` when the form of a page comes. */
  readonly method: string;
  /** That form. */
  readonly form: Readonly<Record<string, string>>;
  /** Who is signed in at the server already; undefined when nobody is, or when it was too long ago (`max_age`). */
  readonly known: User | undefined;
}

/** A request to a resource server, whose access token has been checked. */
export interface ResourceRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whose token it is. */
  readonly sub: string;
  /** What the token allows. */
  readonly scope: string;
  /** The key that the token is bound to, whose proof has been checked; undefined for a Bearer token (RFC 9449 section 6). */
  readonly cnf: { readonly jkt: string } | undefined;
}

/** What the server is like. */
export interface ServerOptions {
  /**
   * `"https://login.example.com"` when absent. Give servers that lie about their keys an issuer of their own: a client keeps the keys of a server for as
   * long as the page lives.
   */
  readonly issuer?: string;
  /** `"ES256"` when absent, whose keys are made fastest. */
  readonly alg?: SigningAlgorithm;
  /** Who signs in; Ada when absent. */
  readonly user?: User;
  /**
   * What the user does. It is given the parameters of the authorization request. With `"ask"` the server shows a page with two buttons, for
   * a real browser; `#allow` and `#deny` are their ids. A function can show a page of its own: it gives a {@link Reply} with a `body`, and is called again when the form
   * of that page is sent to the same URL. The user agrees when absent.
   */
  readonly decide?:
    | "ask"
    | boolean
    | ((
        request: Readonly<Record<string, string>>,
        visit: Visit,
      ) => Decision | Reply | Promise<Decision | Reply>);
  /** The clients that the server knows; any client when absent. */
  readonly clients?: readonly RegisteredClient[];
  /** Seconds; 300 when absent. */
  readonly accessTokenLifetime?: number;
  /** False: no refresh tokens are issued. */
  readonly refreshTokens?: boolean;
  /** True: an authorization request has to be pushed (RFC 9126 section 5). Pushed requests are taken in any case. */
  readonly requirePushedAuthorizationRequests?: boolean;
  /** Seconds for which a pushed request can be used; 60 when absent. */
  readonly pushedRequestLifetime?: number;
  /** True: tokens are given for a DPoP proof alone. Proofs that come are checked, and bind the tokens, in any case (RFC 9449). */
  readonly requireDpop?: boolean;
  /**
   * Seconds for which a DPoP nonce can be used. With it, each proof needs the nonce of the server or of the API that it is for (RFC 9449 sections 8 and 9). With 0 each
   * nonce serves once, and each answer brings the next one. No nonce is wanted when absent.
   */
  readonly dpopNonceLifetime?: number;
  /** True: clients can register themselves at `/register` (RFC 7591), and nobody else is known but {@link ServerOptions.clients}. */
  readonly registration?: boolean;
  /**
   * True: a request without `code_challenge` gets a code that anybody redeems who has it. For showing what PKCE prevents. A request with a challenge is protected as ever.
   */
  readonly dangerouslyAllowWithoutPkce?: boolean;
  /** Members of the metadata that are other than usual. */
  readonly metadata?: Readonly<Record<string, Json>>;
  /**
   * Resource servers by their origin, such as `https://api.example.com`. Each answers requests whose access token is good; the others
   * get a 401 (RFC 6750 section 3.1). A value that is no `Response` is sent as JSON.
   */
  readonly resources?: Readonly<
    Record<string, (request: ResourceRequest) => Response | Json | Promise<Response | Json>>
  >;
  /** The names of lies that the server tells from the beginning: see {@link LIES}. */
  readonly lies?: readonly string[];
  /** What {@link TestServer.save} gave: sessions, codes and the key of an earlier server. */
  readonly saved?: string;
  /** Is told what {@link TestServer.save} gives after each request. For a service worker, which the browser ends when it is idle. */
  readonly keep?: (saved: string) => void | Promise<void>;
}

/** An endpoint of the server. `"refresh"` is the token endpoint when a refresh token comes. */
export type Endpoint =
  | "metadata"
  | "par"
  | "register"
  | "authorize"
  | "token"
  | "refresh"
  | "userinfo"
  | "revoke"
  | "end_session"
  | "jwks"
  | "resource";

/** An answer of the server. */
export interface Reply {
  /** The HTTP status; 200 when absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request that the server has seen. It holds secrets: this is for tests. */
export interface SeenRequest {
  readonly endpoint: Endpoint | "preflight" | "nothing";
  readonly method: string;
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
}

/** A request as Playwright shows it. */
export interface InterceptedRequest {
  /** Where to. */
  url(): string;
  /** Its method. */
  method(): string;
  /** Its headers, by their names in lower case. */
  headers(): Record<string, string>;
  /** Its body. */
  postData(): string | null;
  /** Whether the page itself goes there. */
  isNavigationRequest(): boolean;
}

/** What Playwright gives to the function of `page.route`, as far as it is used here. */
export interface InterceptedRoute {
  /** The request. */
  request(): InterceptedRequest;
  /** Answers it. */
  fulfill(response: { status: number; headers: Record<string, string>; body: string }): Promise<void>;
  /** Makes it fail. */
  abort(errorCode?: string): Promise<void>;
}

/**
 * An authorization server: discovery, the authorization endpoint with PKCE (S256 alone), pushed requests (RFC 9126), tokens, refresh with rotation and reuse detection,
 * DPoP (RFC 9449), userinfo, revocation, RP-initiated logout. Codes serve once and for a minute; so do pushed requests.
 */
export interface TestServer {
  readonly issuer: string;
  readonly metadata: ServerMetadata;
  /** The server in the place of `fetch`. Give it to {@link Host.fetch}, or answer the requests of a service worker with it. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** A host whose requests go to this server, and whose user comes back at once: see {@link returned}. */
  readonly host: Required<Pick<Host, "fetch" | "open">>;
  /** Where the last visit ended: the callback. Undefined where the server showed a page. Hand it to {@link Client.handleRedirect}. */
  readonly returned: string | undefined;
  /** What the server has seen, the first request first. */
  readonly requests: readonly SeenRequest[];
  /** Seconds since 1970 by the server's clock. */
  readonly now: number;
  /** Goes to a URL of the server as a browser does; gives the URL to which the user is sent. Throws where the server shows a page. */
  visit(url: string | URL): Promise<string>;
  /** Sets the server's clock ahead, by seconds: codes and access tokens expire. That of the client is set by {@link turnTime}. */
  turnClock(seconds: number): void;
  /** Who signs in from now on. */
  user(claims: Partial<User> & { readonly [claim: string]: Json }): void;
  /** The lies that the server tells from now on; none: it is honest again. */
  lie(...names: string[]): void;
  /**
   * What the next request to an endpoint is answered with; further calls queue up. An error makes the request fail, as without a network. A function may
   * wait, and may let the server answer by `proceed`.
   */
  next(
    endpoint: Endpoint,
    reply: Reply | Response | Error | ((request: unknown, proceed: () => Promise<Reply>) => unknown),
  ): void;
  /** Ends every session and every token, as an administrator does. */
  revokeAll(): void;
  /** Takes the place of `globalThis.fetch` for this server and its resources. Gives what ends that. */
  install(): () => void;
  /**
   * Answers a request that Playwright has intercepted.
   *
   * @example
   * ```ts
   * await page.route(`${server.issuer}/**`, server.route);
   * ```
   */
  readonly route: (route: InterceptedRoute) => Promise<void>;
  /** All that the server knows, its key too, as text: see {@link ServerOptions.saved}. */
  save(): Promise<string>;
}

/** Makes a server. Nothing is started: it works when it is called. */
export function createServer(options?: ServerOptions): TestServer;

/** A lie that a server can tell. */
export interface Lie {
  /** For {@link TestServer.lie} and {@link ServerOptions.lies}. */
  readonly name: string;
  /**
   * The step at which the server lies. `"pushed-request"` is for a client with {@link Config.pushedAuthorizationRequests}, `"dpop"` for one with
   * {@link Config.dpop} `"required"`.
   */
  readonly step:
    | "metadata"
    | "authorization-response"
    | "token-response"
    | "id-token"
    | "signature"
    | "userinfo"
    | "refresh"
    | "pushed-request"
    | "dpop";
  /** The rule that the answer breaks. */
  readonly rule: string;
}

/** What a hostile or broken server does. An honest client refuses each, at the step or before tokens of it are used. */
export const LIES: readonly Lie[];

/** What {@link signedIn} is made of. Members of {@link Config} are those of the client; each has a value that serves when it is absent. */
export interface SignedInOptions extends Partial<Omit<Config, "issuer">> {
  /** The server; one of its own when absent. */
  readonly server?: TestServer;
  /** The issuer of the server that is made. */
  readonly issuer?: string;
  /** Who signs in at the server that is made; Ada when absent. */
  readonly user?: User;
  /** What the login asks for. */
  readonly login?: LoginOptions;
}

/**
 * Signs a user in: a real login at a server in this process, through the real client.
 *
 * @throws PkceError or Error when the login fails, as where a decision or a lie of the server wants it
 */
export function signedIn<C extends Claims = Claims>(
  options?: SignedInOptions,
): Promise<{ readonly client: Client<C>; readonly server: TestServer; readonly session: Session<C> }>;

/**
 * Signs a user in with your client, whose `host` is {@link TestServer.host}.
 *
 * @throws PkceError or Error when the login fails
 */
export function signIn<C extends Claims = Claims>(
  client: Client<C>,
  server: TestServer,
  options?: LoginOptions,
): Promise<Session<C>>;

/** Sets `Date.now` and `performance.now` ahead, by seconds, so that the client's tokens age. Gives what sets them right again. */
export function turnTime(seconds: number): () => void;
