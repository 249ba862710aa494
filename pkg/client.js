// The client and its sessions: each method is one call into the module, which keeps nothing itself.

/** The functions and classes of index.d.ts for an engine and the bindings that it runs. */
export const createClient = ({ call, failed }, glue) => {
  // What lives as long as the page: sessions of the memory tier, and callbacks that are being handled.
  const memory = new Map();

  const discover = async (issuer, options = {}) => call(glue.discover, `${issuer}`, options);
  const beginAuthorization = (config, metadata, options = {}) =>
    call(glue.beginAuthorization, config, metadata, options);
  const completeAuthorization = async (config, metadata, transaction, callbackUrl, options = {}) =>
    call(glue.completeAuthorization, config, metadata, `${transaction}`, `${callbackUrl}`, options);
  const refreshTokens = async (config, metadata, tokens, options = {}) =>
    call(glue.refreshTokens, config, metadata, tokens, options);
  const fetchUserinfo = async (config, metadata, tokens, options = {}) =>
    call(glue.fetchUserinfo, config, metadata, tokens, options);
  const revokeTokens = async (config, metadata, tokens, options = {}) =>
    call(glue.revokeTokens, config, metadata, tokens, options);

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

    get scope() {
      return this.#tokens.scope;
    }

    get expiresAt() {
      return this.#tokens.expiresAt ?? null;
    }

    async accessToken() {
      return call(glue.accessToken, this.#config, this.#metadata);
    }

    async userinfo() {
      return call(glue.sessionUserinfo, this.#config, this.#metadata);
    }

    async refresh() {
      this.#tokens = await call(glue.sessionRefresh, this.#config, this.#metadata);
    }
  }

  class Client {
    #config;
    #metadata;

    static async discover(config) {
      const { timeout, dangerouslyAllowHttp, host } = config;
      const options = { timeout, dangerouslyAllowHttp, fetch: host?.fetch?.bind(host) };
      return new Client(config, await discover(config.issuer, options));
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
      call(glue.login, this.#config, this.#metadata, options);
    }

    async handleRedirect(url) {
      const { tokens, ...outcome } = await call(
        glue.handleRedirect,
        this.#config,
        this.#metadata,
        url === undefined ? undefined : `${url}`,
      );
      if (tokens !== undefined) outcome.session = this.#signedIn(tokens);
      if (outcome.error) outcome.error = failed(outcome.error);
      return outcome;
    }

    async session() {
      return this.#signedIn(call(glue.session, this.#config));
    }

    async logout() {
      call(glue.logout, this.#config);
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
