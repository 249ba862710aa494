// Sends a request of the module through the host's fetch, or the page's.
import { within } from "./wait.js";

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

/**
 * Without cookies, referrer and caches. A redirect is seen and not followed, for it would carry the code along. No header
 * but those that need no preflight, and the token where it has to be. Never throws: what failed is part of the answer. Ends in
 * time also where the host's fetch knows no signal.
 */
export const send = async (
  { url, form, bearer },
  { fetch = globalThis.fetch, timeout = DEFAULT_TIMEOUT },
) => {
  const controller = new AbortController();
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
    const body = await read(response);
    return {
      status,
      redirected,
      type,
      date,
      body,
      failure: body === undefined ? "response_too_large" : undefined,
    };
  };
  const answered = answer().catch(() => ({ failure: "network_failed" }));
  return within(timeout, answered).catch(() => {
    controller.abort();
    return { failure: "timed_out" };
  });
};
