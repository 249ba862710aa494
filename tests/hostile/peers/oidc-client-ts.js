import { UserManager } from "oidc-client-ts";

export const name = "oidc-client-ts";

export const login = async ({ issuer, clientId, redirectUri, scope, group, visit }) => {
  // The navigator stands for the window, which is the one thing that Node lacks.
  let url;
  const navigate = async (request) => {
    url = request.url;
    return request;
  };
  const manager = new UserManager(
    {
      authority: issuer,
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      // Off by default: only so does it ask the userinfo endpoint.
      ...(group === "userinfo" ? { loadUserInfo: true } : {}),
    },
    { prepare: async () => ({ navigate, close() {} }) },
  );
  try {
    await manager.signinRedirect();
    await manager.signinRedirectCallback(await visit(url));
    if (group === "refresh") await manager.signinSilent();
  } finally {
    manager.stopSilentRenew();
  }
};
