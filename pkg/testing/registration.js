// Clients that register themselves (RFC 7591). All of them are public.
import { isRedirectUri, objectOfText, random } from "./platform.js";
import { json, refuse } from "./reply.js";

const uris = (given) => Array.isArray(given) && given.length > 0 && given.every(isRedirectUri);

export const createRegistration = ({ state, now }) => ({
  register: async ({ method, body }) => {
    if (method !== "POST") return refuse("invalid_request", "the registration endpoint takes POST", 405);
    const given = objectOfText(body);
    if (!given) return refuse("invalid_client_metadata", "the body is no JSON object");
    const { redirect_uris, post_logout_redirect_uris, dpop_bound_access_tokens } = given;
    if (!uris(redirect_uris)) {
      return refuse("invalid_redirect_uri", "redirect_uris is no list of absolute URIs without fragment");
    }
    const { token_endpoint_auth_method = "none" } = given;
    if (token_endpoint_auth_method !== "none") {
      return refuse("invalid_client_metadata", "token_endpoint_auth_method can be none alone");
    }
    const clientId = random();
    state.clients[clientId] = {
      clientId,
      redirectUris: redirect_uris,
      postLogoutRedirectUris: uris(post_logout_redirect_uris) ? post_logout_redirect_uris : [],
      dpopBoundAccessTokens: dpop_bound_access_tokens === true,
    };
    const registered = { ...given, token_endpoint_auth_method };
    return json({ ...registered, client_id: clientId, client_id_issued_at: now() }, 201);
  },
});
