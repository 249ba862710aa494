/**
 * An authorization server with @node-oauth/oauth2-server: OAuth 2.0 without OpenID Connect. The library answers the authorization and the token endpoint; the
 * metadata (RFC 8414), the pages and the revocation endpoint (RFC 7009) are this application's.
 */
import { randomBytes } from "node:crypto";
import OAuth2Server from "@node-oauth/oauth2-server";
import express from "express";

const redirectUri = process.argv[2];
const client = {
  id: "app",
  redirectUris: [redirectUri],
  grants: ["authorization_code", "refresh_token"],
};
const SCOPES = ["files", "profile"];
const users = new Map([["ada", { id: "ada", password: "secret" }]]);

const [codes, accessTokens, refreshTokens, sessions] = [new Map(), new Map(), new Map(), new Map()];

const model = {
  getClient: async (id) => (id === client.id ? client : undefined),
  validateScope: async (_user, _client, scope = []) => scope.every((one) => SCOPES.includes(one)) && scope,
  saveAuthorizationCode: async (code, client, user) => {
    codes.set(code.authorizationCode, { ...code, client, user });
    return code;
  },
  getAuthorizationCode: async (code) => codes.get(code),
  revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
  saveToken: async (token, client, user) => {
    const kept = { ...token, client, user };
    accessTokens.set(token.accessToken, kept);
    refreshTokens.set(token.refreshToken, kept);
    return kept;
  },
  getAccessToken: async (token) => accessTokens.get(token),
  getRefreshToken: async (token) => refreshTokens.get(token),
  revokeToken: async ({ refreshToken }) => refreshTokens.delete(refreshToken),
};

const oauth = new OAuth2Server({
  model,
  requireClientAuthentication: { authorization_code: false, refresh_token: false },
});

/** The user of the browser's session. */
const userOf = (request) => sessions.get(/session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1]);

const hidden = (name, value) => `<input type="hidden" name="${name}" value="${encodeURI(value)}">`;
const page = (form) => `<!doctype html><title>oauth2-server</title><form method="post" ${form}</form>`;

const application = express();
application.use(express.urlencoded({ extended: false }));

application.get("/.well-known/oauth-authorization-server", (_request, response) => {
  response.json({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ["code"],
    grant_types_supported: client.grants,
    scopes_supported: SCOPES,
    token_endpoint_auth_methods_supported: ["none"],
    code_challenge_methods_supported: ["S256"],
  });
});

application.get("/authorize", (request, response) => {
  const next = request.originalUrl;
  if (!userOf(request)) return response.redirect(`/login?next=${encodeURIComponent(next)}`);
  response.send(
    page(`action="${next.replaceAll("&", "&amp;")}"><button name="allowed" value="true">Allow</button>`),
  );
});

application.get("/login", (request, response) => {
  response.send(
    page(`>${hidden("next", request.query.next)}<input name="name"><input name="password" type="password">`),
  );
});

application.post("/login", (request, response) => {
  const { name, password, next } = request.body;
  const user = users.get(name);
  if (user?.password !== password) return response.status(401).send("wrong name or password");
  const session = randomBytes(16).toString("hex");
  sessions.set(session, user);
  response.set("Set-Cookie", `session=${session}; HttpOnly; SameSite=Lax; Path=/`).redirect(decodeURI(next));
});

/** Calls the library and sends what it made of the answer. */
const answer = (call) => async (request, response) => {
  const made = new OAuth2Server.Response(response);
  try {
    await call(new OAuth2Server.Request(request), made, request);
  } catch (error) {
    if (!made.status || made.status === 200) made.status = error.code ?? 500;
    if (!(error instanceof OAuth2Server.OAuthError)) console.error(error);
  }
  response.status(made.status).set(made.headers).send(made.body);
};

application.post(
  "/authorize",
  answer((asked, made, request) =>
    oauth.authorize(asked, made, { authenticateHandler: { handle: () => userOf(request) } }),
  ),
);
application.post(
  "/token",
  answer((asked, made) => oauth.token(asked, made)),
);
application.get(
  "/me",
  answer(async (asked, made) => {
    const { user } = await oauth.authenticate(asked, made);
    made.body = { id: user.id };
  }),
);
application.post("/revoke", async (request, response) => {
  const { token } = request.body;
  const kept = (await model.getRefreshToken(token)) ?? (await model.getAccessToken(token));
  if (kept) accessTokens.delete(kept.accessToken);
  if (kept) await model.revokeToken(kept);
  response.end();
});

let issuer;
const listening = application.listen(0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${listening.address().port}`;
  console.log(JSON.stringify({ issuer }));
});
process.stdin.resume().once("end", () => process.exit());
