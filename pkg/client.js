// The client and its sessions. The module decides and keeps nothing; what it asks for is sent from here.
import { canVerify, verify } from "./signature.js";
import { surroundings } from "./surroundings.js";
import { send } from "./transport.js";

/** The functions and classes of index.d.ts for an engine and the bindings that it runs. */
export const createClient = ({ call, failed, ready }, glue) => {
  // What lives as long as the page: sessions of the memory tier, the servers' keys, and callbacks that are being handled.
  const memory = new Map();
  const handling = new Map();

  const network = ({ host, timeout }, options) => ({
    fetch: options?.fetch ?? host?.fetch?.bind(host),
    timeout: options?.timeout ?? timeout,
  });

  /** Begins an operation of the module, and goes on with it until it is done. */
  const run = async (begin, given, metadata, parameters, options) => {
    await ready();
    const config = { ...given, memory, subtle: canVerify() };
    let step = call(begin, config, metadata, ...parameters);
    while (step.awaiting !== undefined) {
      const answer = step.verify
        ? await verify(step.verify)
        : await send(step.request, network(config, options));
      step = call(glue.resume, config, metadata, step.awaiting, step.carry, answer);
    }
    return step.done;
  };

  const discover = (issuer, options = {}) =>
    run((options) => glue.discover(`${issuer}`, options), options, undefined, [], options);
  const beginAuthorization = (config, metadata, options = {}) =>
    call(glue.beginAuthorization, config, metadata, options);
  const completeAuthorization = (config, metadata, transaction, callbackUrl, options) =>
    run(glue.completeAuthorization, config, metadata, [`${transaction}`, `${callbackUrl}`], options);
  const refreshTokens = (config, metadata, tokens, options) =>
    run(glue.refreshTokens, config, metadata, [tokens], options);
  const fetchUserinfo = (config, metadata, tokens, options) =>
    run(glue.fetchUserinfo, config, metadata, [tokens], options);
  const revokeTokens = (config, metadata, tokens, options) =>
    run(glue.revokeTokens, config, metadata, [tokens], options);

  class Session {
    #config;
    #metadata;
    #tokens;

    constructor(config, metadata, tokens) {
      this.#config = config;
      this.#metadata = metadata;
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

    async accessToken() {
      return (await this.#current(false)).accessToken;
    }

    async userinfo() {
      return fetchUserinfo(this.#config, this.#metadata, await this.#current(false));
    }

    async refresh() {
      await this.#current(true);
    }

    async #current(refresh) {
      this.#tokens = await run(glue.sessionTokens, this.#config, this.#metadata, [refresh]);
      return this.#tokens;
    }
  }

  class Client {
    #config;
    #metadata;

    static async discover(config) {
      const { dangerouslyAllowHttp } = config;
      return new Client(config, await discover(config.issuer, { ...network(config), dangerouslyAllowHttp }));
    }

    constructor(config, metadata) {
      this.#config = { ...config, memory };
      this.#metadata = metadata;
      call(glue.checkClient, this.#config, metadata);
    }

    get metadata() {
      return this.#metadata;
    }

    login(options = {}) {
      call(glue.login, { ...this.#config, ...surroundings() }, this.#metadata, options);
    }

    /** Calls of equal clients that overlap are one. */
    handleRedirect(url) {
      const { issuer, clientId, redirectUri } = this.#config;
      const callback = url === undefined ? url : `${url}`;
      const name = JSON.stringify([issuer, clientId, redirectUri, callback]);
      if (!handling.has(name)) {
        handling.set(
          name,
          this.#handle(callback).finally(() => handling.delete(name)),
        );
      }
      return handling.get(name);
    }

    async #handle(url) {
      const address = globalThis.location?.href;
      const { tokens, ...outcome } = await run(glue.handleRedirect, this.#config, this.#metadata, [url]);
      if (tokens !== undefined) outcome.session = this.#signedIn(tokens);
      if (outcome.error) outcome.error = failed(outcome.error);
      // The same callback may be handled again, also after a reload: its code goes back to where it was found.
      if (url === undefined && outcome.error?.retryable) history.replaceState(history.state, "", address);
      return outcome;
    }

    async session() {
      await ready();
      return this.#signedIn(call(glue.session, this.#config, this.#metadata));
    }

    async logout() {
      await ready();
      call(glue.logout, this.#config, this.#metadata);
    }

    #signedIn(tokens) {
      return tokens && new Session(this.#config, this.#metadata, tokens);
    }
  }

  return {
    discover,
    beginAuthorization,
    completeAuthorization,
    refreshTokens,
    fetchUserinfo,
    revokeTokens,
    Client,
    Session,
  };
};
