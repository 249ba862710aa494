// An authorization server as a function in the place of `fetch`. It has real keys, and checks what a server has to check.
import { createAuthorization } from "./authorization.js";
import { ALGORITHMS, publicJwk, restoreKey, saveKey } from "./keys.js";
import { LIES } from "./lies.js";
import { random, readRequest, toResponse } from "./platform.js";
import { createProofs } from "./proofs.js";
import { createRegistration } from "./registration.js";
import { json } from "./reply.js";
import { createTokens } from "./tokens.js";

/** Who signs in when nobody is named. */
const ADA = { sub: "ada", name: "Ada Demo", email: "ada@example.com", email_verified: true };

const KID = "testing";

/** What the server remembers, each by its name: what is pushed, granted and registered, and which nonces and proofs are used. */
const TABLES = ["pushed", "codes", "families", "refresh", "access", "clients", "nonces", "proofs"];

/** Where proofs are looked at, and nonces for them are given. */
const PROVEN = ["par", "token", "refresh", "userinfo", "resource"];

/** What pages of every origin may do with it. */
const OPEN = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, content-type, dpop",
  "Access-Control-Allow-Methods": "GET, POST",
  "Access-Control-Expose-Headers": "WWW-Authenticate, Date, DPoP-Nonce",
};

const named = (names) =>
  names.map((name) => {
    const lie = LIES.find((other) => other.name === name);
    if (!lie) throw new TypeError(`pkce-wasm/testing knows no lie ${name}: see LIES`);
    return lie;
  });

export const createServer = (options = {}) => {
  const issuer = options.issuer ?? "https://login.example.com";
  const alg = options.alg ?? "ES256";
  if (!ALGORITHMS[alg])
    throw new TypeError(`pkce-wasm/testing signs by ${Object.keys(ALGORITHMS).join(", ")}`);
  const root = new URL(issuer);
  const base = issuer.replace(/\/$/, "");

  /** All that is to be kept between two starts; plain JSON. What comes from outside names an entry of a table, or nothing. */
  const state = { offset: 0, person: null };
  for (const name of TABLES) state[name] = Object.create(null);
  let owner = "server";
  if (options.saved) {
    const { key, ...kept } = JSON.parse(options.saved);
    owner = random();
    restoreKey(alg, owner, key);
    for (const name of TABLES) Object.assign(state[name], kept[name]);
    state.offset = kept.offset;
    state.person = kept.person;
  }

  let lies = named(options.lies ?? []);
  const waiting = {};
  const requests = [];

  const server = {
    alg,
    base,
    issuer,
    kid: KID,
    options,
    owner,
    state,
    user: options.user ?? ADA,
    now: () => Math.floor(Date.now() / 1000) + state.offset,
    /** What an honest server says, or what the lies make of it. */
    async told(hook, value, context = {}) {
      let said = value;
      for (const lie of lies) {
        if (lie[hook])
          said = await lie[hook](said, { issuer, alg, kid: KID, owner, now: server.now(), ...context });
      }
      return said;
    },
    /** Whether a lie is told that needs this of the server. */
    isLying: (need) => lies.some((lie) => lie[need] === true),
    /** The registration of a client; everybody is known where nobody is to register. */
    registered(clientId) {
      const { clients, registration } = options;
      if (!clients && !registration) return {};
      return state.clients[clientId] ?? clients?.find((client) => client.clientId === clientId);
    },
  };
  const proofs = createProofs(server);
  server.proofs = proofs;

  const metadata = Object.freeze({
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/userinfo`,
    revocation_endpoint: `${base}/revoke`,
    pushed_authorization_request_endpoint: `${base}/par`,
    ...(options.requirePushedAuthorizationRequests && { require_pushed_authorization_requests: true }),
    ...(options.registration && { registration_endpoint: `${base}/register` }),
    end_session_endpoint: `${base}/end_session`,
    jwks_uri: `${base}/jwks`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [alg],
    token_endpoint_auth_methods_supported: ["none"],
    code_challenge_methods_supported: ["S256"],
    dpop_signing_alg_values_supported: proofs.algorithms,
    authorization_response_iss_parameter_supported: true,
    ...options.metadata,
  });

  const { authorize, push, endSession } = createAuthorization(server);
  const { token, userinfo, revoke, holder } = createTokens(server);
  const { register } = createRegistration(server);

  const publish = async () => json(await server.told("metadata", metadata));
  const jwks = async () => json(await server.told("keys", { keys: [await publicJwk(alg, KID, owner)] }));

  /** The endpoints by where they are. */
  const path = root.pathname.replace(/\/$/, "");
  const endpoints = {
    [`${path}/.well-known/openid-configuration`]: ["metadata", publish],
    [`/.well-known/oauth-authorization-server${path}`]: ["metadata", publish],
    [`${path}/authorize`]: ["authorize", authorize],
    [`${path}/par`]: ["par", push],
    ...(options.registration && { [`${path}/register`]: ["register", register] }),
    [`${path}/token`]: ["token", token],
    [`${path}/userinfo`]: ["userinfo", userinfo],
    [`${path}/revoke`]: ["revoke", revoke],
    [`${path}/end_session`]: ["end_session", endSession],
    [`${path}/jwks`]: ["jwks", jwks],
  };

  /** A resource server of the application: only a token that lives comes in (RFC 6750 section 3). */
  const resource = (answer) => async (request) => {
    const { access, error } = await holder(request);
    if (error) return error;
    const { method, url, headers, body } = request;
    const { sub, scope, cnf } = access;
    const said = await answer({ method, url, headers: Object.fromEntries(headers), body, sub, scope, cnf });
    return typeof said?.text === "function" ? said : json(JSON.stringify(said ?? null));
  };

  const find = (request) => {
    const { url, method } = request;
    if (method === "OPTIONS") return ["preflight", () => ({ status: 204 })];
    const given = options.resources?.[url.origin];
    if (url.origin === root.origin) {
      const [name, work] = endpoints[url.pathname] ?? [];
      if (name === "token" && request.form.get("grant_type") === "refresh_token") return ["refresh", work];
      if (name) return [name, work];
    }
    if (given) return ["resource", resource(given)];
    if (url.origin === root.origin) return ["nothing", () => json({ error: "not_found" }, 404)];
    throw new TypeError(`fetch failed: pkce-wasm/testing has no server at ${url.origin}`);
  };

  const answer = async (request) => {
    const [endpoint, work] = find(request);
    requests.push({
      endpoint,
      method: request.method,
      url: request.url.href,
      form: Object.fromEntries(request.form),
    });
    const proceed = () => work(request);
    const instead = waiting[endpoint]?.shift();
    let reply = await (typeof instead === "function" ? instead(request, proceed) : (instead ?? proceed()));
    for (const lie of lies) if (lie.endpoint === endpoint) reply = await lie.reply(reply);
    if (reply instanceof Error) throw reply;
    if (typeof reply.text === "function") return reply;
    const date = new Date(1000 * server.now()).toUTCString();
    const nonce = PROVEN.includes(endpoint) ? await proofs.headers(endpoint, request.url.origin) : {};
    const headers = { ...OPEN, Date: date, ...nonce, ...reply.headers };
    return toResponse({ ...reply, headers }, request.url.href);
  };

  const fetch = async (input, init) => {
    const request = await readRequest(input, init);
    if (request.signal?.aborted) throw request.signal.reason;
    const response = await answer(request);
    await options.keep?.(await save());
    return response;
  };

  const save = async () => JSON.stringify({ ...state, key: await saveKey(alg, owner) });

  let landed;
  /** Goes to a URL as a browser does, and gives the URL at which it ends. */
  const visit = async (url) => {
    const response = await fetch(url);
    landed = response.headers.get("location") ?? undefined;
    if (landed === undefined)
      throw new Error(`the server shows a page: ${response.status} ${await response.text()}`);
    return landed;
  };

  return Object.freeze({
    issuer,
    metadata,
    fetch,
    visit,
    save,
    requests,
    /** The host of a client whose user comes back at once: see `returned`. */
    host: Object.freeze({
      fetch,
      open: async (url) => {
        // A page that the server shows is no fault of the host.
        await visit(url).catch(() => {});
      },
    }),
    get returned() {
      return landed;
    },
    get now() {
      return server.now();
    },
    turnClock(seconds) {
      state.offset += seconds;
    },
    lie(...names) {
      lies = named(names);
    },
    next(endpoint, reply) {
      waiting[endpoint] = waiting[endpoint] ?? [];
      waiting[endpoint].push(reply);
    },
    user(claims) {
      server.user = { ...ADA, ...claims };
    },
    /** Ends every session, as an administrator does. */
    revokeAll() {
      for (const kind of ["pushed", "codes", "families", "refresh", "access"]) {
        state[kind] = Object.create(null);
      }
      state.person = null;
    },
    /** Takes the place of `fetch` for this server and its resources, until what is given back is called. */
    install() {
      const before = globalThis.fetch;
      const ours = [root.origin, ...Object.keys(options.resources ?? {})];
      globalThis.fetch = async (input, init) => {
        const url = new URL(
          typeof input === "object" && "url" in input ? input.url : input,
          globalThis.location?.href,
        );
        return ours.includes(url.origin) ? fetch(input, init) : before(input, init);
      };
      return () => {
        globalThis.fetch = before;
      };
    },
    /** Answers a request that Playwright has intercepted: `page.route`. */
    async route(route) {
      const request = route.request();
      try {
        const response = await fetch(request.url(), {
          method: request.method(),
          headers: request.headers(),
          body: request.postData() ?? undefined,
        });
        const location = response.headers.get("location");
        // Playwright does not intercept where a redirect leads, so a page goes there.
        const isLeaving = location !== null && request.isNavigationRequest();
        const headers = isLeaving
          ? { "content-type": "text/html" }
          : Object.fromEntries(response.headers.entries());
        const body = isLeaving
          ? `<script>location.replace(${JSON.stringify(location).replace(/</g, "\\u003c")})</script>`
          : await response.text();
        await route.fulfill({ status: isLeaving ? 200 : response.status, headers, body });
      } catch {
        await route.abort("failed");
      }
    },
  });
};
