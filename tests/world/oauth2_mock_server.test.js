// oauth2-mock-server: OpenID Connect, errors as problem documents (RFC 9457).
import { life, SIGNED_OUT_URI } from "./life.js";
import { start } from "./start.js";

life("oauth2-mock-server", {
  start: async () => {
    const { issuer, stop } = await start(process.execPath, ["servers/oauth2_mock_server.js"]);
    return { config: { issuer, clientId: "app", postLogoutRedirectUri: SIGNED_OUT_URI }, stop };
  },
  login: { loginHint: "declines" },
  sub: "johndoe",
  endsSessions: true,
  errors: { verifier: ["token_response_invalid"], replay: ["token_response_invalid"] },
});
