// Sends a request of the application, with the access token.
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

/**
 * A redirect is not followed, for it would carry the token along where an engine does not take it away (RFC 6750 section 5.3).
 */
export const fetchWithToken = async (url, init, token, options, named) => {
  const { fetch = globalThis.fetch, following, timeout, signal } = options;
  if (signal?.aborted) throw named("aborted", signal.reason);
  // It goes on with the body, after this function has returned.
  const { controller } = following(signal);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  const answer = fetch(url, own({ ...init, headers, redirect: "manual", signal: controller.signal }));
  let failure;
  const answered = answer.catch((cause) => {
    failure = named("network_failed", cause);
  });
  const response = await unless(signal, named, within(timeout, answered)).catch((cause) => {
    controller.abort();
    failure = cause.code === "aborted" ? cause : named("timed_out", cause);
  });
  if (failure) throw failure;
  const { redirected, status, type } = response;
  const isRedirect = redirected || type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
  if (isRedirect && init.redirect !== "manual") throw named("redirect_not_followed");
  return response;
};
