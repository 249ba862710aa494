// What the official SDKs take. They get neither a verifier nor a refresh token: so they redeem no code, and refresh nothing by themselves.
import { own } from "../platform/own.js";

export const createProvider = ({ auth, help, invalid, known, met, options, session, told }) => {
  const { clientMetadata, clientMetadataUrl, redirectUri } = options;

  /** Where the challenge of the server said that more is known of it, as the SDK tells it. */
  let challenged;

  const bearer = async () => {
    const there = await session();
    if (!there) return;
    if (there.tokenBinding.type === "dpop") throw invalid("fetch", "give the transport auth.fetch");
    return { access_token: await there.accessToken(), token_type: "Bearer", scope: there.scope };
  };

  /** The same, and nothing where the session has ended. */
  const current = async () => {
    try {
      return await bearer();
    } catch (error) {
      if (error.blame !== "user") throw error;
    }
  };

  const state = () => met(challenged && `Bearer resource_metadata="${challenged}"`);

  return {
    token: () => told(async () => (await current())?.access_token),
    onUnauthorized: ({ response }) =>
      told(async () => {
        try {
          const there = await session();
          if (there) return await there.refresh();
        } catch (error) {
          if (error.blame !== "user" && error.code !== "refresh_token_missing") throw error;
        }
        await help(undefined, response.headers.get("www-authenticate") ?? "");
      }),
    get redirectUrl() {
      return known()?.client.redirectUri ?? redirectUri;
    },
    clientMetadataUrl,
    get clientMetadata() {
      return { ...clientMetadata, redirect_uris: [this.redirectUrl] };
    },
    state: async () => crypto.randomUUID(),
    clientInformation: () =>
      told(async () => {
        const { client, metadata } = await state();
        return { client_id: client.clientId, issuer: metadata.issuer };
      }),
    tokens: (context) =>
      told(async () => {
        const tokens = await current();
        const { issuer } = own(known()?.metadata);
        if (tokens && (!context || context.issuer === issuer)) return { ...tokens, issuer };
      }),
    saveTokens() {},
    redirectToAuthorization: (url) =>
      told(async () => {
        await session();
        try {
          await help(undefined, "", url.searchParams.get("scope") ?? undefined);
        } catch (error) {
          // The SDK says so by an error of its own.
          if (error.code !== "sign_in_required") throw error;
        }
      }),
    saveCodeVerifier() {},
    codeVerifier() {
      throw invalid("finishAuth", "call auth.handleRedirect() in its place");
    },
    invalidateCredentials: (scope) =>
      told(async () => {
        if (scope === "tokens") await auth.logout();
        else if (scope !== "verifier") await auth.forget();
      }),
    discoveryState: () =>
      told(async () => {
        const { metadata, resource, scopes } = own(known());
        if (!metadata) return;
        return {
          authorizationServerUrl: metadata.issuer,
          authorizationServerMetadata: { response_types_supported: ["code"], ...metadata },
          resourceMetadata: {
            resource,
            authorization_servers: [metadata.issuer],
            ...(scopes && { scopes_supported: scopes.split(" ") }),
          },
        };
      }),
    saveDiscoveryState({ resourceMetadataUrl }) {
      challenged = resourceMetadataUrl;
    },
  };
};
