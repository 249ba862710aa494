/** A real authorization server: oidc-provider with a demo account, two public clients, and S256 required. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";
import { findAccount } from "./account.js";
import { makeInteraction } from "./interaction.js";
import { errorPage, signedOutPage, signOutPage } from "./pages.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A signing key that lives as long as the process. */
function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    ...privateKey.export({ format: "jwk" }),
    alg: "RS256",
    use: "sig",
    kid: randomBytes(8).toString("hex"),
  };
}

/** A public client, which can keep no secret and therefore has none. */
const PUBLIC = {
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
};

/** The registration of the page. */
function registration(clientId, origins) {
  return {
    ...PUBLIC,
    client_id: clientId,
    client_name: "the pkce-wasm demo page",
    application_type: "web",
    redirect_uris: origins.map((origin) => `${origin}/callback`),
    post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
  };
}

/** The registration of the application: a loopback redirect URI is registered without the port, which is chosen at run time. */
function applicationRegistration({ clientId, redirectUri }) {
  return {
    ...PUBLIC,
    client_id: clientId,
    client_name: "the pkce-wasm demo application",
    application_type: "native",
    redirect_uris: [redirectUri, "http://127.0.0.1/callback", "http://[::1]/callback"],
  };
}

/** Everything that both servers have in common. */
function configuration({ name, title, clientId, withoutPkce, origins, application, mountPath }) {
  const allowed = [...origins, ...application.origins];
  const pages = [clientId, withoutPkce].filter(Boolean).map((id) => registration(id, origins));
  return {
    clients: [...pages, applicationRegistration(application)],
    clientBasedCORS: (_ctx, origin) => allowed.includes(origin),
    findAccount,
    // The ID token itself names the user, so that the page can greet before it asks the userinfo endpoint.
    conformIdTokenClaims: false,
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username", "updated_at"],
      email: ["email", "email_verified"],
    },
    scopes: ["openid", "profile", "email", "offline_access"],
    responseTypes: ["code"],
    pkce: { required: (_ctx, client) => client.clientId !== withoutPkce },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    jwks: { keys: [signingKey()] },
    // Cookies know no ports: two servers on one host need names of their own.
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      names: { session: `${name}_session`, interaction: `${name}_interaction`, resume: `${name}_resume` },
    },
    interactions: { url: (_ctx, interaction) => `${mountPath}/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage({ title, form });
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage({ title });
        },
      },
    },
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = errorPage({ title, error: out.error, description: out.error_description });
    },
    ttl: {
      AccessToken: 10 * MINUTE,
      AuthorizationCode: MINUTE * 5,
      Grant: 14 * DAY,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 14 * DAY,
      Session: 14 * DAY,
    },
  };
}

/** Counts what the token endpoint answered. */
function countTokenRequests(provider) {
  const counters = { token_ok: 0, token_refused: 0 };
  provider.on("grant.success", () => {
    counters.token_ok += 1;
  });
  provider.on("grant.error", () => {
    counters.token_refused += 1;
  });
  return counters;
}

/**
 * Makes an authorization server. Nothing listens yet: the handler is given to whoever does.
 *
 * @param {object} options
 * @param {string} options.name - A word for the cookies.
 * @param {string} options.title - What its pages call it.
 * @param {string} options.issuer - Its issuer identifier; may have a path, below which everything then lies.
 * @param {string} options.clientId - The client that is registered.
 * @param {string} [options.withoutPkce] - Another client, whose users may sign in without PKCE: whoever reads such a code redeems it.
 * @param {string[]} options.origins - The origins from which the page comes.
 * @param {{ clientId: string, redirectUri: string, origins: string[] }} options.application - The same page as an application: its
 * client, its private-use scheme, and the origins of its WebViews.
 * @param {{ configure: Function, dress: Function }} [options.shape] - How it differs from the plain one.
 * @returns {{ issuer: string, handler: import("node:http").RequestListener, counters: object }}
 */
export function makeAuthorizationServer(options) {
  const { name, title, issuer, shape } = options;
  const mountPath = new URL(issuer).pathname.replace(/\/$/, "");
  const plain = configuration({ ...options, mountPath });
  const provider = new Provider(issuer, shape ? shape.configure(plain) : plain);
  provider.on("server_error", (_ctx, error) => console.error(`${name}: ${error.stack}`));
  shape?.dress(provider);

  const counters = countTokenRequests(provider);
  const interact = makeInteraction({ provider, title });
  const answer = provider.callback();

  const handler = (request, response) => {
    if (!request.url.startsWith(`${mountPath}/`)) {
      response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" });
      return response.end("There is nothing here.\n");
    }
    // The provider knows its routes without the issuer's path, and finds the path again in `originalUrl`.
    request.originalUrl = request.url;
    request.url = request.url.slice(mountPath.length);
    return request.url.startsWith("/interaction/") ? interact(request, response) : answer(request, response);
  };
  return { issuer, handler, counters };
}
