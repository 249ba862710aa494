// MCP servers and authorization servers without a network, honest until they are told to lie; and whatever reached whom.
import { createHash, randomUUID } from "node:crypto";

export const MCP = "https://mcp.example/mcp";
export const AS = "https://as.example";
export const EVIL_MCP = "https://evil-mcp.example/mcp";
export const EVIL_AS = "https://evil-as.example";
export const REDIRECT_URI = "https://app.example/callback";

const challengeOf = (verifier) => createHash("sha256").update(verifier).digest("base64url");
const json = (body, init) => Response.json(body, init);
const nothing = () =>
  new Response("nothing here", { status: 404, headers: { "content-type": "text/plain" } });

/** An authorization server. Its members may be replaced by lies. */
class AuthorizationServer {
  clients = new Map();
  codes = new Map();
  tokens = new Map();
  refreshTokens = new Map();
  issues = {};
  lifetime = 3600;
  secret = undefined;

  constructor(issuer) {
    this.issuer = issuer;
  }

  metadata() {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ["S256"],
      response_types_supported: ["code"],
      scopes_supported: ["read", "write"],
      token_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  registered(asked) {
    return {
      ...asked,
      client_id: `client-${randomUUID()}`,
      ...(this.secret && { client_secret: this.secret, token_endpoint_auth_method: "client_secret_basic" }),
    };
  }

  /** What a browser is answered at the authorization endpoint: where it is led, or nothing for a page that refuses. */
  authorize(url) {
    const asked = new URL(url).searchParams;
    const [clientId, redirectUri] = [asked.get("client_id"), asked.get("redirect_uri")];
    if (!this.clients.get(clientId)?.includes(redirectUri)) return undefined;
    const code = `code-${randomUUID()}`;
    this.codes.set(code, {
      clientId,
      redirectUri,
      challenge: asked.get("code_challenge"),
      resource: asked.get("resource"),
      scope: asked.get("scope") ?? "",
    });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", asked.get("state"));
    const { authorization_response_iss_parameter_supported: sends } = this.metadata();
    if (sends) back.searchParams.set("iss", this.issuer);
    return back.href;
  }

  grant(scope, resource) {
    const [access, refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    this.tokens.set(access, { scope, resource });
    this.refreshTokens.set(refresh, { scope, resource });
    return json({
      access_token: access,
      refresh_token: refresh,
      token_type: "Bearer",
      expires_in: this.lifetime,
      scope,
    });
  }

  answer(url, { body, headers }) {
    const { pathname } = new URL(url);
    const type = pathname === "/register" ? "application/json" : "application/x-www-form-urlencoded";
    if (body && headers.get("content-type") !== type)
      return json({ error: "invalid_request" }, { status: 400 });
    if (pathname === "/.well-known/oauth-authorization-server") return json(this.metadata());
    if (pathname === "/register") {
      const client = this.registered(JSON.parse(body));
      if (client instanceof Response) return client;
      this.clients.set(client.client_id, client.redirect_uris);
      return json(client, { status: 201 });
    }
    if (pathname === "/token") {
      const form = new URLSearchParams(body);
      if (form.get("grant_type") === "refresh_token") {
        const known = this.refreshTokens.get(form.get("refresh_token"));
        this.refreshTokens.delete(form.get("refresh_token"));
        return known
          ? this.grant(known.scope, known.resource)
          : json({ error: "invalid_grant" }, { status: 400 });
      }
      const known = this.codes.get(form.get("code"));
      this.codes.delete(form.get("code"));
      const isGood =
        known &&
        known.redirectUri === form.get("redirect_uri") &&
        known.challenge === challengeOf(form.get("code_verifier"));
      if (!isGood) return json({ error: "invalid_grant" }, { status: 400 });
      return this.grant(known.scope, known.resource);
    }
    if (pathname === "/revoke") return json({});
    return nothing();
  }
}

/** An MCP server: it answers whoever shows a token that an authorization server made for it. */
class McpServer {
  needs = ["read"];

  constructor(url, servers) {
    this.url = url;
    this.servers = servers;
  }

  resource() {
    return {
      resource: this.url,
      authorization_servers: [this.servers[0].issuer],
      scopes_supported: ["read", "write"],
    };
  }

  challenge(error) {
    const { origin, pathname } = new URL(this.url);
    const place = `resource_metadata="${origin}/.well-known/oauth-protected-resource${pathname}"`;
    return `Bearer ${error ? `error="${error}", ` : ""}scope="${this.needs.join(" ")}", ${place}`;
  }

  refuse(status, error) {
    return json({ error }, { status, headers: { "www-authenticate": this.challenge(error) } });
  }

  answer(url, { headers }) {
    const { pathname } = new URL(url);
    if (pathname === `/.well-known/oauth-protected-resource${new URL(this.url).pathname}`)
      return json(this.resource());
    if (pathname.startsWith("/.well-known/")) return nothing();
    const token = headers.get("authorization")?.replace(/^Bearer /, "");
    const known = this.servers.map(({ tokens }) => tokens.get(token)).find(Boolean);
    if (!known || known.resource !== this.url) return this.refuse(401, token && "invalid_token");
    const scopes = known.scope.split(" ");
    if (!this.needs.every((scope) => scopes.includes(scope))) return this.refuse(403, "insufficient_scope");
    return json({ ok: true });
  }
}

/** A world with an honest and an evil server of each kind; `asked` has every request. */
export const createWorld = () => {
  const [as, evilAs] = [new AuthorizationServer(AS), new AuthorizationServer(EVIL_AS)];
  const [mcp, evilMcp] = [new McpServer(MCP, [as]), new McpServer(EVIL_MCP, [evilAs])];
  const world = { as, evilAs, mcp, evilMcp, asked: [], opened: [], items: new Map(), stuck: [] };
  const origins = new Map([
    [AS, as],
    [EVIL_AS, evilAs],
    [new URL(MCP).origin, mcp],
    [new URL(EVIL_MCP).origin, evilMcp],
  ]);
  world.fetch = async (url, init = {}) => {
    const request = {
      url: `${url}`,
      method: init.method ?? "GET",
      body: init.body === undefined || init.body === null ? "" : `${init.body}`,
      headers: new Headers(init.headers),
      redirect: init.redirect,
    };
    world.asked.push(request);
    const { origin } = new URL(request.url);
    const server = origins.get(origin);
    if (!server) throw new TypeError(`nobody is at ${origin}`);
    const answer = await server.answer(request.url, request);
    Object.defineProperty(answer, "url", { value: request.url });
    return answer;
  };
  /** What the user's browser does with a URL: the servers' pages sign in and consent. */
  world.browse = (url) => {
    const server = origins.get(new URL(url).origin);
    return server?.authorize?.(url);
  };
  /** A start of the application, whose user signs in wherever they are sent. */
  world.start = ({ mcpAuth }, options) => {
    const auth = mcpAuth({
      serverUrl: MCP,
      redirectUri: REDIRECT_URI,
      clientMetadata: { client_name: "An application" },
      storage: "host",
      transactionStorage: "host",
      host: {
        fetch: world.fetch,
        storage: {
          getItem: async (name) => world.items.get(name) ?? null,
          setItem: async (name, item) => void world.items.set(name, item),
          removeItem: async (name) => void world.items.delete(name),
        },
        open: (url) => {
          world.opened.push(url);
          const back = world.browse(url);
          if (!back) {
            world.stuck.push(url);
            return;
          }
          world.back = (async () => {
            world.outcome = await auth.handleRedirect(back);
          })();
        },
      },
      ...options,
    });
    return auth;
  };
  /** The requests to an origin. */
  world.to = (origin) => world.asked.filter(({ url }) => new URL(url).origin === origin);
  /** What of the honest servers reached an evil one: codes, tokens, secrets. */
  world.stolen = () => {
    const secrets = [...as.tokens.keys(), ...as.refreshTokens.keys(), ...world.codes, as.secret].filter(
      Boolean,
    );
    const evil = [EVIL_AS, new URL(EVIL_MCP).origin].flatMap(world.to);
    return evil.filter(({ url, body, headers }) => {
      const all = `${url} ${body} ${[...headers].join(" ")}`;
      const decoded = all.replace(/Basic ([\w+/=]+)/g, (_, pair) => atob(pair));
      return secrets.some((secret) => decoded.includes(secret));
    });
  };
  // Codes are spent: what was one is remembered.
  world.codes = [];
  const { set } = as.codes;
  as.codes.set = function (code, known) {
    world.codes.push(code);
    return set.call(this, code, known);
  };
  return world;
};
