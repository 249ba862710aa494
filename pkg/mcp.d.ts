/**
 * Signs in to MCP servers that the application meets for the first time: finds the authorization server, registers, and stands behind the official SDKs.
 *
 * @module pkce-wasm/mcp
 */
import type { Cancellation, Client, Config, Json, LogoutOptions, RedirectOutcome, Session } from "./index.js";

/** What the application says of itself when it registers, and in its Client ID Metadata Document (RFC 7591 section 2), under the specification's own names. */
export interface ClientMetadata {
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly logo_uri?: string;
  readonly tos_uri?: string;
  readonly policy_uri?: string;
  readonly contacts?: string[];
  readonly software_id?: string;
  readonly software_version?: string;
  /**
   * `"native"` for an application on a device, `"web"` for a page. When absent it follows from the redirect URI: `http` on a loopback host and private-use schemes
   * are `"native"` (OpenID Connect Dynamic Client Registration 1.0 section 2).
   */
  readonly application_type?: "native" | "web";
  readonly [member: string]: Json | undefined;
}

/** A client that is registered with one authorization server. */
export interface RegisteredClient {
  /** Its `client_id`. */
  readonly clientId: string;
  /** The secret that the server issued. It is sent to that server's endpoints alone, and kept like a token. */
  readonly clientSecret?: string;
}

/** What {@link McpAuthOptions.askForClient} is asked. */
export interface ClientQuestion {
  /** The authorization server that knows no client of this application. */
  readonly issuer: string;
  /** The MCP server: its `resource`. */
  readonly resource: string;
  /** The redirect URI to register there. */
  readonly redirectUri: string;
}

/** What {@link McpAuthOptions.chooseServer} is asked. */
export interface ServerQuestion {
  /** The `authorization_servers` of the MCP server, in its order. Whoever runs the MCP server chose them. */
  readonly authorizationServers: readonly string[];
  /** The MCP server: its `resource`. */
  readonly resource: string;
}

/** The application, and the MCP server that it signs in to. What is not described here is as in {@link Config}. */
export interface McpAuthOptions
  extends Pick<
    Config,
    | "clockTolerance"
    | "dangerouslyAllowEmbeddedUserAgent"
    | "dangerouslyAllowHttp"
    | "dangerouslyAllowUnverifiedIdToken"
    | "dangerouslyAssumePkceSupport"
    | "dpop"
    | "host"
    | "pushedAuthorizationRequests"
    | "storage"
    | "timeout"
    | "trace"
    | "transactionMaxAge"
    | "transactionStorage"
  > {
  /** The URL of the MCP server, as its transport is given it. `https`, or `http` on a loopback host. */
  serverUrl: string | URL;
  /**
   * Where the user comes back to. An authorization server that does not promise `iss` in its answers
   * (`authorization_response_iss_parameter_supported`) gets a redirect URI of its own: this one and a path segment made from a hash of the issuer (RFC 9700 section
   * 4.4). So the page has to be served below this path too. A {@link clientId} uses this redirect URI as it is.
   */
  redirectUri: string;
  /** The `client_id` of an application that was registered ahead. Nothing is registered then. */
  clientId?: string;
  /** The secret of {@link clientId}, where there is one. It needs {@link issuer}: a secret goes to the server that issued it. */
  clientSecret?: string;
  /** The only authorization server that is used, whatever the MCP server names. `authorization_server_not_found` where the MCP server does not name it. */
  issuer?: string;
  /**
   * The URL of the application's Client ID Metadata Document, which is its `client_id` where the server supports that
   * (`client_id_metadata_document_supported`). {@link clientMetadataDocument} makes the document. Servers that do not promise `iss` each get one of the redirect URIs that it lists ahead.
   */
  clientMetadataUrl?: string;
  /** How many redirect URIs the document lists for servers that do not promise `iss`: {@link redirectUri} with `/1`, `/2` and so on; 8 when absent. */
  redirectUriPool?: number;
  /** What dynamic registration says of the application (RFC 7591). It asks for `token_endpoint_auth_method` `none`. */
  clientMetadata?: ClientMetadata;
  /**
   * Chooses the authorization server. When absent the first one that can be used is. It is asked again only when nothing is known of this MCP server any more. An answer that
   * is not among them is `authorization_server_not_found`.
   */
  chooseServer?: (question: ServerQuestion) => string | Promise<string>;
  /**
   * Is asked for a client where the authorization server takes no metadata document and registers nobody. Its answer is kept. Without an answer the
   * call fails with `registration_required`.
   */
  askForClient?: (
    question: ClientQuestion,
  ) => RegisteredClient | undefined | Promise<RegisteredClient | undefined>;
  /**
   * Scopes to ask for in the place of those that the MCP server lists in `scopes_supported`. What its challenge asks for is always asked for. `offline_access` is added where
   * the authorization server lists it.
   */
  scope?: string;
  /**
   * How a request that needs a login gets one:
   *
   * - `"redirect"`, when absent: the page leaves for the authorization server, or the `host` opens the browser. With a host the request waits for the end of the login. Otherwise it fails with
   *   `sign_in_required`, for the page is left.
   * - `"popup"`: a pop-up is opened, and the request waits. Browsers block it unless the request comes straight from a click and {@link McpAuth.prepare} was called.
   * - `"none"`: nothing is opened. The request fails with `sign_in_required`. Call {@link McpAuth.login} in a click.
   */
  interaction?: "redirect" | "popup" | "none";
}

/** What a login may ask for. */
export interface McpLoginOptions extends Cancellation {
  /** Scopes of this login, beside those that the session has. */
  scope?: string;
  /** Opens a pop-up, and waits for its end. */
  popup?: boolean;
  /** A path of this origin to return to: see {@link RedirectOutcome}. */
  returnTo?: string;
  /** What the application wants back with the outcome of this login. */
  appState?: Json;
}

/** What a transport of the SDK 2.x tells of a 401. */
export interface UnauthorizedContext {
  readonly response: Response;
  readonly serverUrl?: URL;
  readonly fetchFn?: unknown;
}

/**
 * The sign-in to one MCP server. Give its `fetch` to the transport, of either version of the SDK; nothing else is needed:
 *
 * ```js
 * const auth = mcpAuth({ serverUrl, redirectUri });
 * const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { fetch: auth.fetch });
 * ```
 *
 * It is also what the transports take as `authProvider`: an `OAuthClientProvider` of the SDK 1.x and 2.x, and an `AuthProvider` of 2.x. All methods are bound. With `authProvider` alone the SDK asks
 * for the login, and throws its own `UnauthorizedError`; DPoP and waiting for the login need `fetch`. The SDK redeems no code and refreshes no token by itself: it is given neither
 * a verifier nor a refresh token. Call {@link handleRedirect} in the place of `transport.finishAuth()`.
 */
export interface McpAuth {
  /** The URL of the MCP server. */
  readonly serverUrl: string;

  /**
   * Makes a request to the MCP server with its access token. A 401 leads to a refresh, else to a login: see {@link McpAuthOptions.interaction}. A 403 with `insufficient_scope` leads to a login
   * that asks for what is missing together with what the session has, at most three times in a row. The request is then sent again, once for each.
   *
   * The token goes to this MCP server alone: to its URL, and to what is below its `resource`. A request elsewhere is made without it, and an `Authorization` that shows it is `origin_refused`.
   *
   * @throws PkceError `sign_in_required`, `insufficient_scope`, those of {@link login} and of `session.fetch()`; without a session too a server that does not answer is
   * `network_failed`, one that hides its answer `cors_refused`, and a request that was aborted `aborted`
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

  /**
   * Finds the authorization server and registers with it, so that {@link login} leaves in the tick of a click. What is found is kept: it needs the network once.
   *
   * @throws PkceError `resource_metadata_invalid`, `resource_mismatch`, `authorization_server_not_found`, `registration_required`, `registration_refused`,
   * `registration_response_invalid`, `redirect_uri_shared`, `cors_refused`, and those of `Client.discover()`
   */
  prepare(options?: Cancellation): Promise<void>;

  /**
   * Signs in. It fulfils when the user was sent away; with a pop-up, or a `host`, when the login is finished.
   *
   * @throws PkceError as {@link prepare} and `client.login()`; that of the outcome when the login was refused
   */
  login(options?: McpLoginOptions): Promise<void>;

  /**
   * Finishes a login when the page was reached by its callback; call it at every start of the page. See `client.handleRedirect()`. With a `host` that has `onRedirect`, hand it what
   * that calls back with.
   */
  handleRedirect(url?: string, options?: Cancellation): Promise<RedirectOutcome>;

  /** The session at this MCP server; null where nobody is signed in. It asks nobody. */
  session(): Promise<Session | null>;

  /** Ends the session at this MCP server. The registration stays. See `client.logout()`. */
  logout(options?: LogoutOptions): Promise<void>;

  /** The client that stands behind, for its events and stateless steps. It finds the server first where that is not known. */
  client(options?: Cancellation): Promise<Client>;

  /** Forgets all that is known of this MCP server and its authorization server: session, registration, metadata. */
  forget(): Promise<void>;

  /** Stops the listeners and timers. */
  close(): void;

  /**
   * For the SDK 2.x (`AuthProvider`): the access token, refreshed where it is about to expire; undefined without a session.
   *
   * @throws PkceError `config_invalid` about `fetch` where the token is bound to a key: only `auth.fetch` can show it
   */
  token(): Promise<string | undefined>;
  /** For the SDK 2.x (`AuthProvider`): sees to it that the next {@link token} serves, as {@link fetch} does. */
  onUnauthorized(context: UnauthorizedContext): Promise<void>;

  // For the SDK 1.x, and for what takes its `OAuthClientProvider`.
  /** The redirect URI in use. */
  readonly redirectUrl: string;
  /** See {@link McpAuthOptions.clientMetadataUrl}. */
  readonly clientMetadataUrl?: string;
  /** What is said of the application when it registers. */
  readonly clientMetadata: ClientMetadata & { redirect_uris: string[] };
  /** A random text for the URL that the SDK makes, which nobody visits: the login has a `state` of its own. */
  state(): Promise<string>;
  /** Finds the server and registers, unless that is done; the secret is not told. */
  clientInformation(context?: { issuer: string }): Promise<{ client_id: string; issuer: string } | undefined>;
  /** The access token without a refresh token, refreshed where it is about to expire. */
  tokens(context?: {
    issuer: string;
  }): Promise<{ access_token: string; token_type: string; scope?: string; issuer: string } | undefined>;
  /** Does nothing: the SDK has no tokens that this package does not know. */
  saveTokens(tokens: unknown): void;
  /** Begins a login of its own; of the URL only the scopes count. */
  redirectToAuthorization(url: URL): Promise<void>;
  /** Does nothing: the verifier of the SDK's URL is not used. */
  saveCodeVerifier(verifier: string): void;
  /** Always throws `config_invalid` about `finishAuth`: call {@link handleRedirect} in its place. */
  codeVerifier(): never;
  /** With `"tokens"` signs out, and with `"verifier"` does nothing. Otherwise it also forgets the client and the server. */
  invalidateCredentials(scope: "all" | "client" | "tokens" | "verifier" | "discovery"): Promise<void>;
  /** What is known of the servers, as the SDK tells it; nothing before they were met. */
  discoveryState(): Promise<
    | {
        authorizationServerUrl: string;
        authorizationServerMetadata: {
          issuer: string;
          authorization_endpoint: string;
          token_endpoint: string;
          response_types_supported: string[];
          [member: string]: unknown;
        };
        resourceMetadata: { resource: string; authorization_servers: string[]; scopes_supported?: string[] };
      }
    | undefined
  >;
  /** Remembers where the challenge said that more is known of the MCP server. */
  saveDiscoveryState(state: { resourceMetadataUrl?: string }): void;
}

/**
 * Makes the sign-in to an MCP server (MCP specification 2025-11-25, Authorization). Nothing is asked until the first request or call.
 *
 * What is known of the server is kept where pending logins are ({@link Config.transactionStorage}): its authorization server, and the registration for each issuer and redirect URI. The
 * session is kept where {@link Config.storage} says, for each MCP server by itself.
 *
 * @throws PkceError `config_invalid` about `serverUrl`, `interaction`, and `issuer` where a `clientSecret` is given without it. What is wrong with the other options is told by the
 * first call that meets the server, such as {@link McpAuth.prepare}: also by the authorization server (`registration_refused`), or as the `cause` of
 * `authorization_server_not_found`
 */
export function mcpAuth(options: McpAuthOptions): McpAuth;

/** What a Client ID Metadata Document is made from. */
export interface ClientMetadataDocumentOptions {
  /** Where the document will be served: it is the `client_id`. `https`, with a path. */
  url: string;
  /** As in {@link McpAuthOptions.redirectUri}; several for an application that has several. */
  redirectUri: string | readonly string[];
  /** As in {@link McpAuthOptions.redirectUriPool}. */
  redirectUriPool?: number;
  /** What else the document says. `client_name` should be there: servers show it to the user. */
  clientMetadata?: ClientMetadata;
  /** The scopes that the application may ask for, space-separated. */
  scope?: string;
}

/**
 * Makes a Client ID Metadata Document. Serve it at `url` as `application/json`.
 *
 * @returns The document, for `JSON.stringify()`
 * @throws PkceError `config_invalid` naming the option
 */
export function clientMetadataDocument(
  options: ClientMetadataDocumentOptions,
): Promise<ClientMetadata & { client_id: string; redirect_uris: string[] }>;

/** What is wrong with a document. */
export interface ClientMetadataFinding {
  /** `"error"`: servers will refuse it. `"warning"`: it works, but not everywhere or not well. */
  readonly level: "error" | "warning";
  /** The member at fault. */
  readonly member: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/**
 * Looks for what is wrong with a Client ID Metadata Document.
 *
 * @param document - Its text, or the object.
 * @param url - Where it is served.
 * @returns What was found; nothing when it is right.
 */
export function lintClientMetadataDocument(
  document: string | object,
  url: string,
): Promise<ClientMetadataFinding[]>;
