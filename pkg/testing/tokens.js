// The endpoints to which the client goes: code and refresh token become tokens (RFC 6749 sections 4.1.3 and 6), and tokens open what they are for.
import { atHash, signatureOf, signingInput } from "./keys.js";
import { base64url, json64, random, sha256, utf8, words } from "./platform.js";
import { json, refuse, repeated } from "./reply.js";

/** Which scope stands for which claims (OpenID Connect Core section 5.4). */
const SCOPES = {
  profile:
    "name given_name family_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at",
  email: "email email_verified",
  phone: "phone_number phone_number_verified",
  address: "address",
};
const SCOPED = Object.entries(SCOPES).map(([scope, names]) => [scope, names.split(" ")]);

/** The claims of a user that these scopes show. What belongs to no scope is always shown. */
const shown = (claims, scope) => {
  const granted = words(scope);
  const hidden = SCOPED.filter(([name]) => !granted.includes(name)).flatMap(([, names]) => names);
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !hidden.includes(name)));
};

export const createTokens = (server) => {
  const { alg, issuer, kid, options, owner, proofs, registered, state, told } = server;
  const accessLife = options.accessTokenLifetime ?? 300;

  const idToken = async (hook, family, nonce, accessToken) => {
    const { clientId, person, acr, scope } = family;
    const now = server.now();
    const honestClaims = {
      ...shown(person.claims, scope),
      iss: issuer,
      aud: clientId,
      exp: now + 300,
      iat: now,
      auth_time: person.authTime,
      ...(acr && { acr }),
      ...(nonce !== undefined && { nonce }),
      at_hash: await atHash(accessToken, alg),
    };
    const context = { clientId, honestClaims, otherHash: await atHash("another", alg) };
    const isFirst = hook === "claims";
    const honest = (name, value) => (isFirst ? told(name, value, context) : value);
    const claims = await told(hook, honestClaims, context);
    const header = await honest("header", { alg, typ: "JWT", kid });
    // A lie may be a text that no object makes.
    const input =
      typeof claims === "string"
        ? `${json64(header)}.${base64url(utf8(claims))}`
        : signingInput(header, claims);
    const signature = isFirst ? await signed(input, context) : await signatureOf(input, alg, owner);
    return honest("token", `${input}.${signature}`);
  };

  /** A lie signs in the place of the server. */
  const signed = async (input, context) => {
    const other = await told("sign", input, context);
    return other === input ? signatureOf(input, alg, owner) : other;
  };

  /** Ends a family of tokens: somebody else has one of them (RFC 9700 section 4.14.2). */
  const endFamily = (id) => {
    delete state.families[id];
    for (const [token, access] of Object.entries(state.access)) {
      if (access.family === id) delete state.access[token];
    }
  };

  const grant = async (id, family, nonce, isFirst) => {
    const accessToken = random();
    const { person, scope, jkt } = family;
    state.access[accessToken] = {
      family: id,
      sub: person.claims.sub,
      scope,
      expires: server.now() + accessLife,
      ...(jkt && { cnf: { jkt: await told("bound", jkt) } }),
    };
    const body = {
      access_token: accessToken,
      token_type: jkt ? "DPoP" : "Bearer",
      expires_in: accessLife,
      scope,
    };
    if (options.refreshTokens !== false) {
      body.refresh_token = random();
      state.refresh[body.refresh_token] = id;
      family.refresh = body.refresh_token;
    }
    if (family.details !== undefined) body.authorization_details = JSON.parse(family.details);
    if (words(scope).includes("openid")) {
      body.id_token = await idToken(isFirst ? "claims" : "refreshedClaims", family, nonce, accessToken);
    }
    return json(await told(isFirst ? "tokens" : "refreshed", body));
  };

  /** What is wrong with the verifier of a code, by its challenge (RFC 7636 section 4.6, RFC 9700 section 4.8.2). */
  const verifierFault = async (form, challenge) => {
    const verifier = form.get("code_verifier");
    if (challenge === undefined) {
      return verifier === null ? undefined : ["invalid_grant", "there was no code_challenge"];
    }
    if (!/^[\w.~-]{43,128}$/.test(verifier ?? "")) return ["invalid_request", "code_verifier is malformed"];
    const isEqual = base64url(await sha256(utf8(verifier))) === challenge;
    return isEqual ? undefined : ["invalid_grant", "code_verifier does not match code_challenge"];
  };

  const redeem = async (form, jkt) => {
    const code = form.get("code");
    const kept = state.codes[code];
    if (!kept) return refuse("invalid_grant", "the code is unknown");
    if (kept.family !== undefined) {
      // RFC 6749 section 4.1.2: what was granted on it is revoked.
      endFamily(kept.family);
      return refuse("invalid_grant", "the code was redeemed before");
    }
    if (kept.clientId !== form.get("client_id"))
      return refuse("invalid_grant", "the code is another client's");
    if (kept.redirectUri !== form.get("redirect_uri")) {
      return refuse("invalid_grant", "redirect_uri is not that of the authorization request");
    }
    if (kept.expires < server.now()) return refuse("invalid_grant", "the code has expired");
    const fault = await verifierFault(form, kept.challenge);
    if (fault) return refuse(...fault);
    if ((kept.jkt ?? jkt) !== jkt) {
      return refuse("invalid_grant", "the code is bound to another key by dpop_jkt");
    }
    kept.family = random();
    const { clientId, person, acr, scope, details } = kept;
    const family = { clientId, person, acr, scope, details, jkt };
    state.families[kept.family] = family;
    return grant(kept.family, family, kept.nonce, true);
  };

  /** Each refresh token serves once; a second time ends its family (RFC 9700 section 4.14.2). */
  const refresh = (form, jkt) => {
    const given = form.get("refresh_token");
    const id = state.refresh[given];
    const family = state.families[id];
    if (!family) return refuse("invalid_grant", "the refresh token is unknown or revoked");
    if (family.clientId !== form.get("client_id")) {
      return refuse("invalid_grant", "the refresh token is another client's");
    }
    // It is bound as the first tokens were (RFC 9449 section 5). A proof that nobody asked for binds nothing.
    if (family.jkt !== undefined && family.jkt !== jkt) {
      return refuse("invalid_grant", "the refresh token is bound to another key");
    }
    if (family.refresh !== given) {
      endFamily(id);
      return refuse("invalid_grant", "the refresh token was used before");
    }
    return grant(id, family, undefined, false);
  };

  const grants = new Map([
    ["authorization_code", redeem],
    ["refresh_token", refresh],
  ]);

  const token = async (request) => {
    const { method, form, headers } = request;
    if (method !== "POST") return refuse("invalid_request", "the token endpoint takes POST", 405);
    const twice = repeated(form);
    if (twice) return refuse("invalid_request", `${twice} is there twice`);
    const clientId = form.get("client_id");
    if (!clientId) return refuse("invalid_client", "client_id is missing", 401);
    const client = registered(clientId);
    if (!client) return refuse("invalid_client", "the client is unknown", 401);
    const work = grants.get(form.get("grant_type"));
    if (!work) return refuse("unsupported_grant_type", "grant_type is none of this server's");
    const isRequired = options.requireDpop === true || client.dpopBoundAccessTokens === true;
    if (!headers.has("dpop")) {
      return isRequired ? refuse("invalid_dpop_proof", "a proof is required") : work(form);
    }
    // Before anything is spent (RFC 9449 section 8).
    const { error, description, jkt } = await proofs.check(request);
    return error ? refuse(error, description) : work(form, jkt);
  };

  /** Whose access token came with a request; or `deny` and the answer that says why it does not count (RFC 6750 section 3.1, RFC 9449 section 7.1). */
  const holder = async (request) => {
    const [scheme, given, ...more] = (request.headers.get("authorization") ?? "").split(" ");
    const algs = `algs="${proofs.algorithms.join(" ")}"`;
    const isBound = scheme.toLowerCase() === "dpop";
    const challenge = (value, status) => ({
      status,
      headers: { "WWW-Authenticate": value, "Cache-Control": "no-store" },
      body: "",
    });
    const deny = (error, status = 401, more = "") =>
      challenge(isBound ? `DPoP error="${error}", ${algs}${more}` : `Bearer error="${error}"${more}`, status);
    if (!isBound && scheme.toLowerCase() !== "bearer") {
      const isRequired = options.requireDpop === true;
      return { error: challenge(isRequired ? `DPoP ${algs}` : `Bearer, DPoP ${algs}`, 401) };
    }
    const access = more.length > 0 ? undefined : state.access[given];
    if (!access || access.expires <= server.now()) return { error: deny("invalid_token") };
    // A bound token that comes as a Bearer token may be stolen (RFC 9449 section 7.2).
    if (isBound !== (access.cnf !== undefined)) return { error: deny("invalid_token") };
    if (isBound) {
      const { error, jkt } = await proofs.check(request, given);
      if (error) return { error: deny(error) };
      if (jkt !== access.cnf.jkt) return { error: deny("invalid_token") };
    }
    return { access, deny };
  };

  const userinfo = async (request) => {
    const { access, deny, error } = await holder(request);
    if (error) return error;
    if (!words(access.scope).includes("openid")) {
      return deny("insufficient_scope", 403, ', scope="openid"');
    }
    const { person } = state.families[access.family];
    const { sub } = access;
    return json(await told("userinfo", shown(person.claims, access.scope), { sub }));
  };

  /** RFC 7009: the refresh token takes its access tokens along; an unknown token is none that counts any more. */
  const revoke = async ({ method, form }) => {
    if (method !== "POST") return refuse("invalid_request", "the revocation endpoint takes POST", 405);
    const given = form.get("token");
    if (!given) return refuse("invalid_request", "token is missing");
    const family = state.families[state.refresh[given] ?? state.access[given]?.family];
    if (family && family.clientId !== form.get("client_id")) return refuse("invalid_client", "", 401);
    if (state.refresh[given]) endFamily(state.refresh[given]);
    delete state.access[given];
    return { status: 200 };
  };

  return { token, userinfo, revoke, holder };
};
