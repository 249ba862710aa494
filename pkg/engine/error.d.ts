import type { PkceErrorBlame, PkceErrorCode } from "../dist/codes.js";

export type { PkceErrorBlame, PkceErrorCode };

/** Every failure of a login or a session: a stable code, and a sentence that says what to do. */
export class PkceError extends Error {
  readonly name: "PkceError";
  /**
   * `code: sentence (facts)`: what happened, what to do, and what was expected and found. An error that is thrown before the sentences have been loaded has its code
   * here; the sentence takes its place a moment later. In `pkce-wasm/pkce` the sentence is always there, without facts.
   * Compare {@link code}, not this: sentences may change.
   */
  readonly message: string;
  /** What went wrong. Stable across versions: compare this. ERRORS.md of this package explains each code. */
  readonly code: PkceErrorCode;
  /** Who must act: the caller, the user, the server that refused, the peer that broke the protocol, the environment, this package. */
  readonly blame: PkceErrorBlame;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** The member, parameter or claim at fault, in the specifications' spelling, where one can be named. */
  readonly subject?: string;
  /** What should be there: the redirect URI, with `redirect_uri_mismatch` and where `login()` finds the page at another name of this machine; the MCP server's URL, with `resource_mismatch`. */
  readonly expected?: string;
  /**
   * What was found where `subject` is at fault: the issuer of a document, its `code_challenge_methods_supported`, of an ID token its `iss`, `aud`, `azp` or `alg`, or the address in
   * the place of the redirect URI, without a query; with `origin_refused` of `session.fetch()` the origin. Not trustworthy as HTML.
   */
  readonly found?: string;
  /** What did not answer, or answered with what was refused, without its query: with `network_failed`, `timed_out`, `cors_refused` and the errors of the signing keys. */
  readonly url?: string;
  /** The OAuth `error` that the server sent, as it was sent (RFC 6749 sections 4.1.2.1 and 5.2). Not trustworthy as HTML. */
  readonly oauthError?: string;
  /** The server's `error_description`, as it was sent. Not trustworthy as HTML. */
  readonly oauthErrorDescription?: string;
  /** The server's `error_uri`, when it is an `https` or `http` one. Whether it can be trusted is not known. */
  readonly oauthErrorUri?: string;
  /** The HTTP status of the answer that was refused, where there was one. */
  readonly status?: number;
  /** The URLs at which metadata was looked for, in their order, where none was found. */
  readonly places?: readonly string[];
  /**
   * Seconds after which the same call may succeed: what the server said (`Retry-After`, where CORS exposes it), or how long a failed
   * refresh that is `retryable` is not repeated.
   */
  readonly retryAfter?: number;
  /**
   * The options of the login that would help: with `insufficient_scope` (RFC 6750 section 3.1) and `insufficient_user_authentication`
   * (RFC 9470 section 3) from a resource server. Absent when the session has all that was asked for: another login would end in
   * the same place.
   */
  readonly loginOptions?: {
    /** The scopes of the configuration, those of the session and those that are missing, space-separated. */
    readonly scope: string;
    /** The ways of authentication that the resource server wants, space-separated. */
    readonly acrValues?: string;
    /** There, and true, beside `acrValues`. */
    readonly requireAcr?: true;
    /** Seconds. */
    readonly maxAge?: number;
  };
  /** What `JSON.stringify()` keeps: the message and every member but `cause`. */
  toJSON(): object;
}

/**
 * Whether a value is a {@link PkceError}, also one from another copy of this package or from another window,
 * where `instanceof` fails.
 */
export function isPkceError(value: unknown): value is PkceError;
