// The endpoints to which the browser goes: the user decides, and is sent back (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2).
import { claimsOf, random } from "./platform.js";

/** Seconds within which a code is to be redeemed. */
const CODE_LIFE = 60;

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title, body, status = 200) => ({
  status,
  headers: { "Content-Type": "text/html;charset=utf-8", "Cache-Control": "no-store" },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}`,
});

const words = (text) => (text ?? "").split(" ").filter(Boolean);

export const createAuthorization = (server) => {
  const { issuer, options, state } = server;

  /** The registration of a client; everybody is known where none is given. */
  const registered = (clientId) => {
    if (!options.clients) return {};
    return options.clients.find((client) => client.clientId === clientId);
  };

  /** The parameters of the request, each of which may be there once (RFC 6749 section 3.1); `resource` more often (RFC 8707). */
  const requestOf = ({ url }) => {
    const given = url.searchParams;
    const twice = [...given.keys()].find((name) => name !== "resource" && given.getAll(name).length > 1);
    return { given, twice };
  };

  /** What is wrong with a request that can be told to the client. */
  const faultOf = ({ given, twice }) => {
    if (twice) return ["invalid_request", `${twice} is there twice`];
    if (given.get("response_type") !== "code")
      return ["unsupported_response_type", "response_type is not code"];
    if (given.get("code_challenge_method") !== "S256") {
      return ["invalid_request", "code_challenge_method is not S256"];
    }
    if (!/^[\w-]{43}$/.test(given.get("code_challenge") ?? "")) {
      return ["invalid_request", "code_challenge is not the SHA-256 of a verifier"];
    }
    const odd = given.getAll("resource").find((uri) => !/^[a-z][\w+.-]*:[^#]+$/i.test(uri));
    if (odd !== undefined) return ["invalid_target", "resource is no absolute URI without fragment"];
    return undefined;
  };

  /** Sends the browser back with an authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2). */
  const sendBack = async (given, members) => {
    const parameters = new URLSearchParams(members);
    if (given.has("state")) parameters.set("state", given.get("state"));
    parameters.set("iss", issuer);
    const redirectUri = given.get("redirect_uri");
    const honest = { parameters, redirectUri, mark: redirectUri.includes("?") ? "&" : "?", fragment: "" };
    const context = { state: given.get("state") };
    const said = await server.told("response", honest, context);
    const location = `${said.redirectUri}${said.mark}${said.parameters}${said.fragment}`;
    return { status: 302, headers: { Location: location, "Cache-Control": "no-store" } };
  };

  /** What the page asks the user, where no script decides. */
  const ask = ({ url, method, form }) => {
    if (method === "POST") return form.get("decision") === "allow";
    const name = escaped(server.user.name ?? server.user.sub);
    const client = escaped(url.searchParams.get("client_id") ?? "");
    const buttons = `<form method="post" action="${escaped(url.href)}">
<button id="allow" name="decision" value="allow">Sign in as ${name}</button>
<button id="deny" name="decision" value="deny">Cancel</button></form>`;
    return page("Sign in", `<p><b>${client}</b> wants to know who you are.</p>${buttons}`);
  };

  const decide = async (request, given) => {
    const { decide: script = true } = options;
    if (script === "ask") return ask(request);
    const parameters = Object.fromEntries(given);
    return typeof script === "function" ? ((await script(parameters)) ?? true) : script;
  };

  const authorize = async (request) => {
    const read = requestOf(request);
    const { given } = read;
    const clientId = given.get("client_id");
    const redirectUri = given.get("redirect_uri");
    const client = registered(clientId);
    // Nobody is sent to a place that is not the client's.
    if (!clientId || !client) return page("Unknown client", `<p>${escaped(clientId ?? "")}</p>`, 400);
    const { redirectUris } = client;
    if (!redirectUri || (redirectUris && !redirectUris.includes(redirectUri))) {
      return page("The redirect URI is not registered", `<p>${escaped(redirectUri ?? "")}</p>`, 400);
    }
    const fault = faultOf(read);
    if (fault) return sendBack(given, { error: fault[0], error_description: fault[1] });

    const prompt = words(given.get("prompt"));
    const now = server.now();
    const maxAge = given.has("max_age") ? Number(given.get("max_age")) : Number.POSITIVE_INFINITY;
    const isKnown = state.person !== null && now - state.person.authTime <= maxAge;
    let decision;
    if (prompt.includes("none")) {
      if (!isKnown) return sendBack(given, { error: "login_required" });
      decision = true;
    } else {
      decision = await decide(request, given);
      if (typeof decision === "object" && decision.body !== undefined) return decision;
    }
    if (decision === false) return sendBack(given, { error: "access_denied" });
    const { error, errorDescription, user, acr, scope } = decision === true ? {} : decision;
    if (error) {
      return sendBack(given, { error, ...(errorDescription && { error_description: errorDescription }) });
    }
    if (!isKnown || prompt.includes("login") || user) {
      state.person = { claims: user ? { ...user } : server.user, authTime: now };
    }
    const code = random();
    state.codes[code] = {
      clientId,
      redirectUri,
      challenge: given.get("code_challenge"),
      nonce: given.get("nonce") ?? undefined,
      scope: scope ?? given.get("scope") ?? "",
      resource: given.getAll("resource"),
      details: given.get("authorization_details") ?? undefined,
      acr: acr ?? words(given.get("acr_values"))[0],
      person: state.person,
      expires: now + CODE_LIFE,
    };
    return sendBack(given, { code });
  };

  /** OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3. */
  const endSession = async ({ url, method, form }) => {
    const given = method === "POST" ? form : url.searchParams;
    const hint = given.get("id_token_hint");
    const clientId = given.get("client_id") ?? claimsOf(hint ?? "")?.aud;
    const target = given.get("post_logout_redirect_uri");
    const client = registered(clientId);
    if (hint !== null && claimsOf(hint)?.iss !== issuer) return page("This is not our token", "", 400);
    state.person = null;
    if (target === null) return page("You are signed out", "");
    const { postLogoutRedirectUris } = client ?? { postLogoutRedirectUris: [] };
    if (!clientId || (postLogoutRedirectUris && !postLogoutRedirectUris.includes(target))) {
      return page("The redirect URI is not registered", `<p>${escaped(target)}</p>`, 400);
    }
    const back = given.has("state") ? `${new URLSearchParams({ state: given.get("state") })}` : "";
    const mark = back && (target.includes("?") ? "&" : "?");
    return { status: 302, headers: { Location: `${target}${mark}${back}` } };
  };

  return { authorize, endSession };
};
