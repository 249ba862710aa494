/**
 * The PKCE primitives of RFC 7636: synchronous, no network, no storage.
 *
 * @module pkce-wasm/pkce
 */

/** The number of characters of a `code_verifier`: 43 to 128 (RFC 7636 section 4.1). */
export type VerifierLength = number;

/** A fresh `code_verifier` with the `code_challenge` that the authorization server is shown (RFC 7636 section 4). */
export interface PkcePair {
  /** The secret: 43 to 128 characters of `[A-Za-z0-9-._~]`. Keep it until the code is redeemed; never put it in a URL. */
  readonly codeVerifier: string;
  /** BASE64URL(SHA-256(codeVerifier)): 43 characters, no padding. */
  readonly codeChallenge: string;
  /** Always `"S256"`: this package never emits `plain`. */
  readonly codeChallengeMethod: "S256";
}

/** How {@link verifyChallenge} is told that the weak method is wanted. */
export interface VerifyChallengeOptions {
  /**
   * Accept the method `"plain"`, where verifier and challenge are the same string.
   * What is given up: whoever saw the authorization request can redeem the code (RFC 9700 section 2.1.1).
   */
  dangerouslyAllowPlain?: boolean;
}

/** The code that runs the package: WebAssembly, or its JavaScript twin where WebAssembly is missing or forbidden. */
export type Engine = "wasm" | "js";

/**
 * Makes a `code_verifier` from at least 256 bits of the platform's cryptographic randomness (RFC 7636 sections 4.1 and 7.1).
 *
 * @param length - Characters, 43 to 128; 43 when absent.
 * @returns The verifier; derive its challenge with {@link deriveChallenge}.
 * @throws PkceError `verifier_length_invalid`, `randomness_unavailable`, `engine_not_ready`
 */
export function generateVerifier(length?: VerifierLength): string;

/**
 * Derives the S256 `code_challenge` of a `code_verifier` (RFC 7636 section 4.2).
 *
 * @param codeVerifier - 43 to 128 characters of `[A-Za-z0-9-._~]`.
 * @returns 43 base64url characters, for the parameter `code_challenge` beside `code_challenge_method=S256`.
 * @throws PkceError `verifier_invalid`, also for what is no string; `engine_not_ready`
 */
export function deriveChallenge(codeVerifier: string): string;

/**
 * Makes a `code_verifier` and its `code_challenge` in one call (RFC 7636 sections 4.1 and 4.2).
 *
 * @param length - Characters of the verifier, 43 to 128; 43 when absent.
 * @throws PkceError `verifier_length_invalid`, `randomness_unavailable`, `engine_not_ready`
 */
export function generatePair(length?: VerifierLength): PkcePair;

/**
 * The authorization server's half: does this verifier belong to that challenge? (RFC 7636 section 4.6)
 *
 * The comparison takes the same time wherever the strings differ. A verifier or challenge that is not of the
 * RFC's form is simply not a match. What is no string, the method included, is `false`: a value's type throws nothing.
 *
 * @param codeVerifier - From the token request.
 * @param codeChallenge - Kept from the authorization request.
 * @param method - Kept from the authorization request; `"S256"` when absent, null or empty (RFC 7636 section 4.3 leaves another default to
 * the server: this one never falls back to `plain`).
 * @throws PkceError `challenge_method_refused` for any other method, and for `"plain"` unless
 * {@link VerifyChallengeOptions.dangerouslyAllowPlain} is set.
 */
export function verifyChallenge(
  codeVerifier: string,
  codeChallenge: string,
  method?: "S256" | "plain",
  options?: VerifyChallengeOptions,
): boolean;

/**
 * Which engine runs the package. Starts it when it was not running yet.
 *
 * @throws PkceError `engine_not_ready`: WebAssembly cannot start here at once (see {@link ready}) and the JavaScript twin is not loaded yet; `await ready()`.
 */
export function engine(): Engine;

/**
 * Loads the engine ahead of the first call, off the click.
 *
 * Needed only where WebAssembly is missing or forbidden (Lockdown Mode, a Content-Security-Policy without
 * `wasm-unsafe-eval`), where the JavaScript twin is loaded on demand, and for `pkce-wasm` in Chromium before 115, which starts a
 * module of this size in the background only. Elsewhere every function starts the engine by itself.
 *
 * @throws PkceError `engine_unavailable`
 */
export function ready(): Promise<Engine>;

export { isPkceError, PkceError, type PkceErrorBlame, type PkceErrorCode } from "./engine/error.js";
