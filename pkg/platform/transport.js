// Sends a request of the module through the host's fetch, or the page's.
import { unless, within } from "./wait.js";

/** The most bytes of an answer that are read: no honest one is larger. */
const MAX_BODY = 1 << 20;
export const DEFAULT_TIMEOUT = 30_000;

/** The text of an answer; undefined when it is too large. */
const read = async (response) => {
  if (!response.body?.getReader || !globalThis.TextDecoder) {
    const text = await response.text();
    return text.length > MAX_BODY ? undefined : text;
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_BODY) {
      reader.cancel().catch(() => {});
      return;
    }
    text += decoder.decode(value, { stream: true });
  }
};

/** Aborts when the signal does. */
const following = (signal) => {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { controller, stop: () => signal?.removeEventListener("abort", abort) };
};

/**
 * Without cookies, referrer and caches. A redirect is seen and not followed, for it would carry the code along. No header
 * but those that need no preflight, and the token where it has to be. Never throws: what failed is part of the answer. Ends in
 * time also where the host's fetch knows no signal.
 */
export const send = async (
  { url, form, bearer },
  { fetch = globalThis.fetch, timeout = DEFAULT_TIMEOUT, signal },
) => {
  const { controller, stop } = following(signal);
  const headers = { Accept: bearer === undefined ? "application/json" : "application/json, application/jwt" };
  if (form !== undefined) headers["Content-Type"] = "application/x-www-form-urlencoded";
  if (bearer !== undefined) headers.Authorization = `Bearer ${bearer}`;
  const answer = async () => {
    const response = await fetch(url, {
      method: form === undefined ? "GET" : "POST",
      headers,
      body: form,
      redirect: "manual",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: controller.signal,
    });
    const { status, redirected } = response;
    const type = response.headers.get("content-type");
    const date = Date.parse(response.headers.get("date")) / 1000 || undefined;
    const later = response.headers.get("retry-after");
    const retryAfter = Number(later) || (Date.parse(later) - Date.now()) / 1000 || undefined;
    const body = await read(response);
    return {
      status,
      redirected,
      type,
      date,
      retryAfter,
      body,
      failure: body === undefined ? "response_too_large" : undefined,
    };
  };
  const answered = answer().catch(() => ({ failure: "network_failed" }));
  const late = () => {
    controller.abort();
    return { failure: "timed_out" };
  };
  return within(timeout, answered).catch(late).finally(stop);
};

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
 * Sends a request of the application with the token. A redirect is not followed, for it would carry the token along where an engine
 * does not take it away (RFC 6750 section 5.3).
 */
export const fetchResource = async (url, init, token, options, named) => {
  const { fetch = globalThis.fetch, timeout = DEFAULT_TIMEOUT, signal } = options;
  if (signal?.aborted) throw named("aborted", signal.reason);
  // It goes on with the body, after this function has returned.
  const { controller } = following(signal);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  const answer = fetch(url, { ...init, headers, redirect: "manual", signal: controller.signal });
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
