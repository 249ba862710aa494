// django-oauth-toolkit: OpenID Connect with login and consent pages. PKCE_WORLD_PYTHON names the Python of the virtual environment.
import { life, REDIRECT_URI, SIGNED_OUT_URI } from "./life.js";
import { start } from "./start.js";

const python = process.env.PKCE_WORLD_PYTHON;

const page = (answer) => (form) =>
  form.fields.includes("password") ? { username: "ada", password: "secret" } : answer;

life("django-oauth-toolkit", {
  skip: python ? false : "there is no Python with django-oauth-toolkit: cargo xtask test world says why",
  start: async () => {
    const program = ["servers/django_oauth_toolkit.py", REDIRECT_URI, SIGNED_OUT_URI];
    const { issuer, stop } = await start(python, program);
    const config = { issuer, clientId: "app", scope: "openid files", postLogoutRedirectUri: SIGNED_OUT_URI };
    // Its OpenID document does not list what it has: the document of RFC 8414 does.
    return { config, metadata: { revocation_endpoint: `${issuer}/revoke_token/` }, stop };
  },
  allow: page({ allow: "Authorize" }),
  deny: page({}),
  sub: "1",
  remembers: true,
  endsSessions: true,
  loginPage: "/login/",
  errors: {
    refresh: ["token_refused", "invalid_grant"],
    verifier: ["token_refused", "invalid_grant"],
    replay: ["token_refused", "invalid_grant"],
  },
});
