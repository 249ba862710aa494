/**
 * A sign-in without PKCE, by hand, as applications did it before PKCE was there. pkce-wasm has no way to do it. It is here to show what a thief
 * gets by it. It tells of its steps in the form in which the package does.
 */

const KEY = "demo.without-pkce";

/** Parameters as the package tells of them. */
const OPEN = [
  ...["client_id", "error", "error_description", "expires_in", "grant_type", "iss", "redirect_uri"],
  ...["response_type", "scope", "token_type"],
];
const told = (entries) =>
  Object.fromEntries(
    [...entries].map(([name, value]) => [
      name,
      OPEN.includes(name) ? `${value}` : `${`${value}`.length} characters`,
    ]),
  );

/** Random text that nobody guesses. */
const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );

/** A client with the methods of the package's that this page uses. */
export class WithoutPkce {
  #config;
  #session = null;

  /**
   * @param {{ clientId: string, redirectUri: string, scope: string, trace: Function, host: { fetch: typeof fetch, open: Function } }} config
   * @param {object} metadata - The server's.
   */
  constructor(config, metadata) {
    this.#config = config;
    this.metadata = metadata;
  }

  login({ prompt } = {}) {
    const { clientId, redirectUri, scope, trace, host } = this.#config;
    const state = random();
    sessionStorage.setItem(KEY, JSON.stringify({ state, issuer: this.metadata.issuer }));
    const url = new URL(this.metadata.authorization_endpoint);
    const parameters = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state,
    };
    for (const [name, value] of Object.entries({ ...parameters, ...(prompt && { prompt }) })) {
      url.searchParams.set(name, value);
    }
    trace({
      step: "navigate",
      url: this.metadata.authorization_endpoint,
      parameters: told(url.searchParams),
    });
    host.open(url.href);
  }

  async handleRedirect(address = location.href) {
    const { clientId, redirectUri, trace } = this.#config;
    const url = new URL(address);
    const given = url.searchParams;
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const isMine =
      kept.state !== undefined && kept.state === given.get("state") && kept.issuer === this.metadata.issuer;
    if (!isMine) return { status: "none" };
    trace({ step: "callback", url: redirectUri, parameters: told(given) });
    sessionStorage.removeItem(KEY);
    const returnTo = new URL("./", redirectUri).pathname;
    if (given.has("error"))
      return { ...this.#refused(given.get("error"), given.get("error_description")), returnTo };
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      code: given.get("code"),
      redirect_uri: redirectUri,
      client_id: clientId,
    });
    const { ok, status, answer } = await this.#send(this.metadata.token_endpoint, {
      method: "POST",
      body: `${body}`,
    });
    if (!ok) return { ...this.#refused(answer.error, answer.error_description, status), returnTo };
    const claims = (await this.#ask(answer.access_token)).answer;
    this.#session = {
      claims,
      scope: answer.scope,
      expiresAt: Math.floor(Date.now() / 1000) + answer.expires_in,
      accessToken: async () => answer.access_token,
      userinfo: async () => (await this.#ask(answer.access_token)).answer,
    };
    return { status: "signed-in", session: this.#session, returnTo };
  }

  async session() {
    return this.#session;
  }

  async logout() {
    this.#session = null;
  }

  #refused(oauthError, oauthErrorDescription, status) {
    const error = { code: "invalid_grant", message: "", oauthError, oauthErrorDescription, status };
    return { status: "refused", error: { ...error, code: oauthError ?? "refused" }, restart: true };
  }

  #ask(token) {
    return this.#send(this.metadata.userinfo_endpoint, { headers: { Authorization: `Bearer ${token}` } });
  }

  async #send(url, { method = "GET", body, headers }) {
    const { trace, host } = this.#config;
    const shown = headers && { Authorization: `Bearer ${headers.Authorization.length - 7} characters` };
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const parameters = body && told(new URLSearchParams(body));
    trace({ step: "request", method, url, parameters, headers: shown });
    const response = await host.fetch(url, {
      method,
      body,
      headers: body ? form : headers,
      credentials: "omit",
      cache: "no-store",
    });
    const answer = await response.json().catch(() => ({}));
    const { status, ok } = response;
    trace({ step: "response", method, url, status, parameters: told(Object.entries(answer)) });
    return { ok, status, answer };
  }
}
