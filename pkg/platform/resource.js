// Sends a request of the application, with the access token.
import { harmless } from "./harmless.js";
import { own } from "./own.js";
import { unless, within } from "./wait.js";

/** The members of a request, with a body that can be sent more than once. */
export const asInit = async (request) => {
  const { method, headers, mode, credentials, cache, redirect } = request;
  const { referrerPolicy, integrity, keepalive, signal } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : await request.arrayBuffer();
  return {
    method,
    headers,
    mode,
    credentials,
    cache,
    redirect: redirect === "manual" ? redirect : undefined,
    referrerPolicy,
    integrity,
    keepalive,
    signal,
    body,
  };
};

/** Aborts when one of the two does, and holds on to neither. Where there is no such thing the application's signal counts alone. */
const either = (signal, other) => {
  try {
    return AbortSignal.any([signal, other]);
  } catch {
    return signal;
  }
};

const withToken = (headers, token, proof, named) => {
  let given;
  try {
    given = new Headers(headers);
  } catch (cause) {
    throw named("config_invalid", harmless(cause, [token]), "headers");
  }
  try {
    given.set("Authorization", `${proof ? "DPoP" : "Bearer"} ${token}`);
    if (proof) given.set("DPoP", proof);
  } catch {
    // What is thrown shows the token.
    throw named("token_response_invalid");
  }
  return given;
};

/**
 * A redirect is not followed, for it would carry the token along where an engine does not take it away (RFC 6750 section 5.3). The signal
 * counts also while the body is read. A token that is bound to a key is shown with a proof (RFC 9449 section 7.1).
 */
export const fetchWithToken = async (
  url,
  init,
  token,
  options,
  { isElsewhere, named },
  proof = undefined,
) => {
  const { fetch = globalThis.fetch, timeout, signal } = options;
  if (signal?.aborted) throw named("aborted", signal.reason);
  const headers = withToken(init.headers, token, proof, named);
  const controller = new AbortController();
  const until = signal ? either(signal, controller.signal) : controller.signal;
  const answer = async () => {
    try {
      const response = await fetch(url, own({ ...init, headers, redirect: "manual", signal: until }));
      if (typeof response.headers.get !== "function") throw new TypeError("this is no Response");
      return response;
    } catch (cause) {
      throw named("network_failed", harmless(cause, [token]));
    }
  };
  const answered = answer();
  const late = () => {
    controller.abort();
    answered.then(({ body }) => body?.cancel()).catch(() => {});
    return named("timed_out");
  };
  const response = await unless(signal, named, within(timeout, answered, late));
  const { status, type } = response;
  if (isElsewhere(response, url)) throw named("redirect_not_followed");
  const isRedirect = type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
  if (isRedirect && init.redirect !== "manual") throw named("redirect_not_followed");
  return response;
};
