// What a signed-in application holds. Which token may go where, and what a refusal means, is decided in the module.

import { asInit, fetchResource } from "../platform/transport.js";
import { unless } from "../platform/wait.js";
import { createRefresh, nameOf } from "./refresh.js";

export const createSession = (parts) => {
  const { fetchUserinfo, glue, keeping, named, plainly, ready } = parts;
  const fresh = createRefresh(parts);
  // By origins, access tokens that came in the place of a refused one and were refused as well.
  const useless = new Map();

  return class Session {
    #client;
    #tokens;

    constructor(config, metadata, tokens) {
      this.#client = { config, metadata, name: nameOf(config) };
      this.#tokens = tokens;
    }

    get claims() {
      return this.#tokens.claims ?? null;
    }

    get idTokenVerifiedBy() {
      return this.#tokens.idTokenVerifiedBy ?? null;
    }

    get scope() {
      return this.#tokens.scope;
    }

    get expiresAt() {
      return this.#tokens.expiresAt ?? null;
    }

    async accessToken(options) {
      return (await this.#current(options)).accessToken;
    }

    async userinfo(options) {
      const { config, metadata } = this.#client;
      return fetchUserinfo(config, metadata, await this.#current(options), options);
    }

    async refresh(options) {
      const { config, metadata } = this.#client;
      await ready();
      const kept = await keeping(config, glue.session, metadata);
      await this.#current(options, "asked", kept?.accessToken);
    }

    async fetch(input, given) {
      await ready();
      const { config, metadata } = this.#client;
      const isRequest = typeof input.url === "string";
      const base = globalThis.document?.baseURI ?? globalThis.location?.href;
      let url;
      try {
        url = new URL(isRequest ? input.url : input, base);
      } catch (cause) {
        throw named("origin_refused", cause, "url");
      }
      plainly(config, glue.checkResource, metadata, url.href);
      const init = { ...(isRequest && (await asInit(input))), ...given };
      const { host, timeout } = config;
      const options = { fetch: host?.fetch?.bind(host), timeout, ...init };
      const send = ({ accessToken }) => fetchResource(url.href, init, accessToken, options, named);
      const isRefused = ({ status, headers }, tokens) =>
        (status === 401 || status === 403) &&
        plainly(
          config,
          glue.readRefusal,
          metadata,
          tokens,
          status,
          headers.get("www-authenticate") ?? undefined,
        );

      const tokens = await this.#current(init);
      const response = await send(tokens);
      if (!isRefused(response, tokens) || !tokens.refreshToken) return response;
      if (useless.get(url.origin) === tokens.accessToken) return response;
      const others = await this.#current(init, "refused", tokens.accessToken);
      // What was read from a stream cannot be read again.
      if (globalThis.ReadableStream && init.body instanceof ReadableStream) return response;
      response.body?.cancel().catch(() => {});
      const second = await send(others);
      if (isRefused(second, others)) useless.set(url.origin, others.accessToken);
      return second;
    }

    async #current({ signal } = {}, reason = "expired", spent = undefined) {
      const asked = { subject: this.claims?.sub, spent };
      this.#tokens = await unless(signal, named, fresh(this.#client, asked, reason));
      return this.#tokens;
    }
  };
};
