/**
 * What makes an authorization server look like PingOne from outside: the environment's id in the issuer's path, PingOne's
 * endpoint names, and what its metadata says and leaves out.
 */

/** The environment id that stands in the issuer's path. */
export const ENVIRONMENT_ID = "3c8a1f52-7d46-4b0e-9a61-5e2f0d9b7c14";

const METADATA = "/.well-known/openid-configuration";

/** PingOne's names below the issuer. */
const ROUTES = {
  authorization: "/authorize",
  pushed_authorization_request: "/par",
  token: "/token",
  userinfo: "/userinfo",
  jwks: "/jwks",
  end_session: "/signoff",
  revocation: "/revoke",
  introspection: "/introspect",
};

/** Says in metadata what PingOne says; above all, `none` and `iss` are not in it. */
function likePingOne(metadata) {
  const { authorization_response_iss_parameter_supported: _iss, ...rest } = metadata;
  return {
    ...rest,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    claims_parameter_supported: false,
    require_pushed_authorization_requests: false,
    scopes_supported: ["openid", "profile", "email", "address", "phone"],
    response_modes_supported: ["pi.flow", "query", "fragment", "form_post"],
    code_challenge_methods_supported: ["plain", "S256"],
    token_endpoint_auth_methods_supported: [
      "client_secret_basic",
      "client_secret_post",
      "client_secret_jwt",
      "private_key_jwt",
    ],
  };
}

/** The redirect back to the application without the parameter of RFC 9207, which PingOne does not send. */
function withoutIssuer(location) {
  const url = new URL(location);
  url.searchParams.delete("iss");
  return url.href;
}

/** The shape, for `makeAuthorizationServer`. */
export const pingOneShape = {
  /** Changes the configuration before the provider is made. */
  configure: (plain) => ({
    ...plain,
    routes: ROUTES,
    features: {
      ...plain.features,
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
    },
  }),
  /** Changes what the provider answers. */
  dress: (provider) => {
    provider.use(async (ctx, next) => {
      await next();
      if (ctx.path === METADATA && ctx.status === 200) ctx.body = likePingOne(ctx.body);
      const location = ctx.response.get("Location");
      if (location && ctx.path.startsWith(ROUTES.authorization) && URL.canParse(location)) {
        ctx.set("Location", withoutIssuer(location));
      }
    });
  },
};
