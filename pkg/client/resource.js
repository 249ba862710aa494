// Requests of the application with its access token. Where it may go, and what a refusal means, is decided in the module.
import { member, own } from "../platform/own.js";
import { asInit, fetchWithToken } from "../platform/resource.js";

export const createResource = ({ ask, isElsewhere, loadDpop, more, named }) => {
  // By origins, access tokens that came in the place of a refused one and were refused as well.
  const useless = new Map();

  /** Sends a request with the token that `current` gives, and once more with another one where the resource server refuses it. */
  return async ({ network, setup }, input, given, current) => {
    const isRequest = typeof input === "object" && typeof member(input, "url") === "string";
    const { document, location } = globalThis;
    // An image of that name takes its place.
    const base = typeof document?.baseURI === "string" ? document.baseURI : location?.href;
    let url;
    try {
      url = new URL(isRequest ? input.url : input, base);
    } catch (cause) {
      throw named("origin_refused", cause, "url");
    }
    try {
      ask("resource", setup, url.href);
    } catch (error) {
      throw more(error, { found: url.origin });
    }
    const init = own({ ...(isRequest && (await asInit(input))), ...given });
    const options = network(init);
    // What was read from a stream cannot be read again.
    const canRepeat = !(globalThis.ReadableStream && init.body instanceof ReadableStream);
    const send = async ({ jkt, tokens: { accessToken } }) => {
      const once = (proof) =>
        fetchWithToken(url.href, init, accessToken, options, { isElsewhere, named }, proof);
      if (jkt === undefined) return once();
      return (await loadDpop()).resource(jkt, url.href, init, accessToken, canRepeat, once);
    };
    const isRefused = ({ status, headers }, { session }) =>
      (status === 401 || status === 403) &&
      ask("refusal", setup, session, `${status}`, `${headers.get("www-authenticate") ?? ""}`).refresh ===
        true;

    const first = await current(init);
    const response = await send(first);
    if (!isRefused(response, first) || !own(first.tokens).refreshToken) return response;
    if (useless.get(url.origin) === first.tokens.accessToken) return response;
    const others = await current(init, "refused", first.tokens.accessToken);
    if (!canRepeat) return response;
    response.body?.cancel().catch(() => {});
    const second = await send(others);
    if (isRefused(second, others)) useless.set(url.origin, others.tokens.accessToken);
    return second;
  };
};
