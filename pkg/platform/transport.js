// Sends a request of the module through the host's fetch, or the page's.
import { own } from "./own.js";
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

/** Whole seconds, where they are known and not negative. */
const seconds = (number) => (number >= 0 ? Math.floor(number) : "");

/**
 * Whether an answer is that of another address than the one that was asked. A bridge in the place of `fetch` may follow a redirect, with the body, and not
 * say so. What a host makes itself has no address.
 */
export const isElsewhere = ({ redirected, url }, asked) => {
  const plain = (address) => new URL(address, asked).href.split("#")[0];
  return redirected || Boolean(url && plain(url) !== plain(asked));
};

/** What stands before the body of an answer, for the module: four lines. */
const head = (response, asked) => {
  const { headers } = response;
  const later = headers.get("retry-after");
  return [
    // A redirect that was followed is as one that was not, whose status a page does not see.
    isElsewhere(response, asked) ? 0 : response.status,
    headers.get("content-type") ?? "",
    seconds(Date.parse(headers.get("date")) / 1000),
    later === null ? "" : seconds(Number.isNaN(+later) ? (Date.parse(later) - Date.now()) / 1000 : +later),
    "",
  ].join("\n");
};

/** The body of an answer. */
export const bodyOf = (answer) => answer.split("\n").slice(4).join("\n");

/**
 * Without cookies, referrer and caches. A redirect is seen and not followed, for it would carry the code along. No header
 * but those that need no preflight, and the token where it has to be. Gives the answer as a text; throws what `named` makes of
 * `network_failed`, `timed_out`, `response_too_large`, `aborted`. Ends in time also where the host's fetch knows no signal.
 */
export const send = async (request, { fetch = globalThis.fetch, timeout, signal }, named) => {
  const { url, form, bearer } = own(request);
  if (signal?.aborted) throw named("aborted", signal.reason);
  if (!(timeout > 0)) throw named("config_invalid", undefined, "timeout");
  const controller = new AbortController();
  const headers = { Accept: bearer === undefined ? "application/json" : "application/json, application/jwt" };
  if (form !== undefined) headers["Content-Type"] = "application/x-www-form-urlencoded";
  if (bearer !== undefined) headers.Authorization = `Bearer ${bearer}`;
  const answer = async () => {
    let response;
    let text;
    try {
      response = await fetch(url, {
        __proto__: null,
        method: form === undefined ? "GET" : "POST",
        headers,
        body: form,
        redirect: "manual",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        cache: "no-store",
        signal: controller.signal,
      });
      const body = await read(response);
      text = body === undefined ? body : head(response, url) + body;
    } catch (cause) {
      throw named("network_failed", cause);
    }
    if (text === undefined) throw Object.assign(named("response_too_large"), { status: response.status });
    return text;
  };
  return unless(
    signal,
    named,
    within(timeout, answer(), () => named("timed_out")),
  ).catch((error) => {
    controller.abort(error.cause);
    throw error;
  });
};
