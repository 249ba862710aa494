// @node-oauth/oauth2-server: OAuth 2.0 without OpenID Connect.
import { life, REDIRECT_URI } from "./life.js";
import { start } from "./start.js";

const page = (button) => (form) =>
  form.fields.includes("password") ? { name: "ada", password: "secret" } : { allowed: button };

life("@node-oauth/oauth2-server", {
  start: async () => {
    const { issuer, stop } = await start(process.execPath, ["servers/oauth2_server.js", REDIRECT_URI]);
    return { config: { issuer, clientId: "app", scope: "files", resourceOrigins: [issuer] }, stop };
  },
  allow: page("true"),
  deny: page("false"),
  resource: "/me",
  remembers: true,
  errors: {
    refresh: ["token_refused", "invalid_grant"],
    verifier: ["token_refused", "invalid_grant"],
    replay: ["token_refused", "invalid_grant"],
  },
});
