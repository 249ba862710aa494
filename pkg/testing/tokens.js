// The endpoints to which the client goes: code and refresh token become tokens (RFC 6749 sections 4.1.3 and 6), and tokens open what they are for.
import { atHash, signatureOf, signingInput } from "./keys.js";
import { base64url, json64, random, sha256, utf8 } from "./platform.js";
import { json, refuse } from "./reply.js";

/** Which scope stands for which claims (OpenID Connect Core section 5.4). */
const SCOPES = {
  profile:
    "name given_name family_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at",
  email: "email email_verified",
  phone: "phone_number phone_number_verified",
  address: "address",
};
const SCOPED = Object.entries(SCOPES).map(([scope, names]) => [scope, names.split(" ")]);

const words = (text) => text.split(" ").filter(Boolean);

/** The claims of a user that these scopes show. What belongs to no scope is always shown. */
const shown = (claims, scope) => {
  const granted = words(scope);
  const hidden = SCOPED.filter(([name]) => !granted.includes(name)).flatMap(([, names]) => names);
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !hidden.includes(name)));
};

export const createTokens = (server) => {
  const { alg, issuer, kid, options, owner, state, told } = server;
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
    const { person, scope } = family;
    state.access[accessToken] = {
      family: id,
      sub: person.claims.sub,
      scope,
      expires: server.now() + accessLife,
    };
    const body = { access_token: accessToken, token_type: "Bearer", expires_in: accessLife, scope };
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

  const redeem = async (form) => {
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
    const verifier = form.get("code_verifier") ?? "";
    if (!/^[\w.~-]{43,128}$/.test(verifier)) return refuse("invalid_request", "code_verifier is malformed");
    if (base64url(await sha256(utf8(verifier))) !== kept.challenge) {
      return refuse("invalid_grant", "code_verifier does not match code_challenge");
    }
    kept.family = random();
    const { clientId, person, acr, scope, details } = kept;
    const family = { clientId, person, acr, scope, details };
    state.families[kept.family] = family;
    return grant(kept.family, family, kept.nonce, true);
  };

  /** Each refresh token serves once; a second time ends its family (RFC 9700 section 4.14.2). */
  const refresh = (form) => {
    const given = form.get("refresh_token");
    const id = state.refresh[given];
    const family = state.families[id];
    if (!family) return refuse("invalid_grant", "the refresh token is unknown or revoked");
    if (family.clientId !== form.get("client_id")) {
      return refuse("invalid_grant", "the refresh token is another client's");
    }
    if (family.refresh !== given) {
      endFamily(id);
      return refuse("invalid_grant", "the refresh token was used before");
    }
    return grant(id, family, undefined, false);
  };

  const token = async ({ method, form }) => {
    if (method !== "POST") return refuse("invalid_request", "the token endpoint takes POST", 405);
    const twice = [...form.keys()].find((name) => name !== "resource" && form.getAll(name).length > 1);
    if (twice) return refuse("invalid_request", `${twice} is there twice`);
    if (!form.get("client_id")) return refuse("invalid_client", "client_id is missing", 401);
    const grants = { authorization_code: redeem, refresh_token: refresh };
    const work = grants[form.get("grant_type")];
    return work ? work(form) : refuse("unsupported_grant_type", "grant_type is none of this server's");
  };

  const challenge = (error, status, more = "") => ({
    status,
    headers: { "WWW-Authenticate": `Bearer error="${error}"${more}`, "Cache-Control": "no-store" },
    body: "",
  });

  /** Whose access token came with a request; or the answer that says why it does not count (RFC 6750 section 3.1). */
  const holder = ({ headers }) => {
    const [scheme, given] = (headers.get("authorization") ?? "").split(" ");
    if (scheme.toLowerCase() !== "bearer") {
      return { error: { status: 401, headers: { "WWW-Authenticate": "Bearer" }, body: "" } };
    }
    const access = state.access[given];
    if (!access || access.expires <= server.now()) return { error: challenge("invalid_token", 401) };
    return { access };
  };

  const userinfo = async (request) => {
    const { access, error } = holder(request);
    if (error) return error;
    if (!words(access.scope).includes("openid")) {
      return challenge("insufficient_scope", 403, ', scope="openid"');
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
