// What a signed-in application holds. What it does is loaded when it is first asked for.
import { own } from "../platform/own.js";

export const createSession = ({ loadSignedIn, ready, told }) =>
  class Session {
    #client;
    #kept;

    constructor(client, kept) {
      this.#client = client;
      this.#kept = kept;
    }

    get #tokens() {
      return own(this.#kept.tokens);
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

    accessToken(options) {
      return told(this.#current(options).then(({ tokens }) => tokens.accessToken));
    }

    userinfo(options) {
      return told(
        this.#with(async ({ fetchUserinfo }) => {
          const kept = await this.#current(options);
          const { network, setup } = this.#client;
          return fetchUserinfo({ setup, ...kept }, network(options));
        }),
      );
    }

    refresh(options) {
      return told(
        (async () => {
          await ready();
          const kept = await this.#client.load();
          await this.#current(options, "asked", kept?.tokens.accessToken);
        })(),
      );
    }

    fetch(input, init) {
      return told(
        this.#with(({ fetchResource }) =>
          fetchResource(this.#client, input, init, (...parameters) => this.#current(...parameters)),
        ),
      );
    }

    async #with(work) {
      await ready();
      return work(await loadSignedIn());
    }

    async #current(options, reason = "expired", spent = undefined) {
      const { signal } = own(options);
      const asked = { subject: this.claims?.sub, spent };
      this.#kept = await this.#with(({ fresh }) => fresh(this.#client, asked, reason, signal));
      return this.#kept;
    }
  };
