// The endpoints to which the browser goes: the user decides, and is sent back (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2).
import { claimsOf, isRedirectUri, random, words } from "./platform.js";
import { json, refuse, repeated } from "./reply.js";

/** Seconds within which a code is to be redeemed. */
const CODE_LIFE = 60;

/** Seconds within which a pushed request is to be used, where nobody says it (RFC 9126 section 2.2). */
const PUSHED_LIFE = 60;

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title, body, status = 200) => ({
  status,
  headers: { "Content-Type": "text/html;charset=utf-8", "Cache-Control": "no-store" },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}`,
});

export const createAuthorization = (server) => {
  const { issuer, options, proofs, registered, state } = server;

  /** What is wrong with a request that can be told to the client. */
  const faultOf = (given) => {
    const twice = repeated(given);
    if (twice) return ["invalid_request", `${twice} is there twice`];
    if (given.get("response_type") !== "code")
      return ["unsupported_response_type", "response_type is not code"];
    const isWithout = ["code_challenge", "code_challenge_method"].every((name) => !given.has(name));
    if (!isWithout || options.dangerouslyAllowWithoutPkce !== true) {
      if (given.get("code_challenge_method") !== "S256") {
        return ["invalid_request", "code_challenge_method is not S256"];
      }
      if (!/^[\w-]{43}$/.test(given.get("code_challenge") ?? "")) {
        return ["invalid_request", "code_challenge is not the SHA-256 of a verifier"];
      }
    }
    if (given.has("dpop_jkt") && !/^[\w-]{43}$/.test(given.get("dpop_jkt"))) {
      return ["invalid_request", "dpop_jkt is no SHA-256 thumbprint"];
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

  const decide = async (request, given, known) => {
    const { decide: script = true } = options;
    if (script === "ask") return ask(request);
    if (typeof script !== "function") return script;
    const { method, form } = request;
    const visit = Object.freeze({ method, form: Object.fromEntries(form), known });
    return (await script(Object.fromEntries(given), visit)) ?? true;
  };

  /** Whether users of a client may be sent there. */
  const isKnownUri = (client, redirectUri) => {
    const { redirectUris } = client;
    return isRedirectUri(redirectUri ?? "") && (!redirectUris || redirectUris.includes(redirectUri));
  };

  /** Takes an authorization request before the user comes, and gives the name of it (RFC 9126 section 2). */
  const push = async (request) => {
    const { method, form, headers } = request;
    if (method !== "POST") return refuse("invalid_request", "the PAR endpoint takes POST", 405);
    const clientId = form.get("client_id");
    const client = clientId ? registered(clientId) : undefined;
    if (!client) return refuse("invalid_client", "the client is unknown", 401);
    if (form.has("request_uri")) return refuse("invalid_request", "request_uri cannot be pushed");
    if (!isKnownUri(client, form.get("redirect_uri"))) {
      return refuse("invalid_request", "redirect_uri is not registered");
    }
    const fault = faultOf(form);
    if (fault) return refuse(...fault);
    const parameters = new URLSearchParams(form);
    if (headers.has("dpop")) {
      // The key of the proof is that of the request (RFC 9449 section 10.1).
      const { error, description, jkt } = await proofs.check(request);
      if (error) return refuse(error, description);
      if ((form.get("dpop_jkt") ?? jkt) !== jkt)
        return refuse("invalid_dpop_proof", "dpop_jkt is another key");
      parameters.set("dpop_jkt", jkt);
    }
    const name = `urn:ietf:params:oauth:request_uri:${random()}`;
    const lifetime = options.pushedRequestLifetime ?? PUSHED_LIFE;
    const kept = { clientId, parameters, expires: server.now() + lifetime };
    const said = await server.told("pushed", { request_uri: name, expires_in: lifetime }, { kept });
    state.pushed[name] = { ...kept, parameters: `${kept.parameters}` };
    return json(said, 201);
  };

  /**
   * The parameters of a request: those in its URL, or those that were pushed, without any other (RFC 9126 section 4). The form of the page that asks the user comes later.
   */
  const requestOf = ({ url, method }) => {
    const given = url.searchParams;
    const name = given.get("request_uri");
    if (name === null) return { given };
    const { clientId, parameters, expires } = state.pushed[name] ?? {};
    if (clientId === undefined || clientId !== given.get("client_id") || repeated(given)) return {};
    if (method !== "POST" && expires < server.now()) return {};
    return { given: new URLSearchParams(parameters), name };
  };

  const authorize = async (request) => {
    const { given, name } = requestOf(request);
    if (!given) return page("The request is unknown, was used, or has expired", "", 400);
    const clientId = given.get("client_id");
    const redirectUri = given.get("redirect_uri");
    const client = registered(clientId);
    // Nobody is sent to a place that is not the client's.
    if (!clientId || !client) return page("Unknown client", `<p>${escaped(clientId ?? "")}</p>`, 400);
    if (!isKnownUri(client, redirectUri)) {
      return page("The redirect URI is not registered", `<p>${escaped(redirectUri ?? "")}</p>`, 400);
    }
    /** Sends the user back; a request that was pushed serves once. */
    const end = (members) => {
      delete state.pushed[name];
      return sendBack(given, members);
    };
    if (name === undefined && options.requirePushedAuthorizationRequests === true) {
      return end({ error: "invalid_request", error_description: "requests have to be pushed" });
    }
    const fault = faultOf(given);
    if (fault) return end({ error: fault[0], error_description: fault[1] });

    const prompt = words(given.get("prompt"));
    const now = server.now();
    const maxAge = given.has("max_age") ? Number(given.get("max_age")) : Number.POSITIVE_INFINITY;
    const isKnown = state.person !== null && now - state.person.authTime <= maxAge;
    let decision;
    if (prompt.includes("none")) {
      if (!isKnown) return end({ error: "login_required" });
      decision = true;
    } else {
      decision = await decide(request, given, isKnown ? state.person.claims : undefined);
      if (typeof decision === "object" && decision.body !== undefined) return decision;
    }
    if (decision === false) return end({ error: "access_denied" });
    const { error, errorDescription, user, acr, scope } = decision === true ? {} : decision;
    if (error) {
      return end({ error, ...(errorDescription && { error_description: errorDescription }) });
    }
    if (!isKnown || prompt.includes("login") || user) {
      state.person = { claims: user ? { ...user } : server.user, authTime: now };
    }
    const code = random();
    state.codes[code] = {
      clientId,
      redirectUri,
      challenge: given.get("code_challenge") ?? undefined,
      jkt: given.get("dpop_jkt") ?? undefined,
      nonce: given.get("nonce") ?? undefined,
      scope: scope ?? given.get("scope") ?? "",
      resource: given.getAll("resource"),
      details: given.get("authorization_details") ?? undefined,
      acr: acr ?? words(given.get("acr_values"))[0],
      person: state.person,
      expires: now + CODE_LIFE,
    };
    return end({ code });
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

  return { authorize, push, endSession };
};
