import { createAuth } from "pkce-wasm/vue";

export { useAuth } from "pkce-wasm/vue";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: "/callback",
  scope: "openid profile",
  resourceOrigins: ["https://api.example.com"],
};

export const authFor = (router) => createAuth(config, { router });

export const api = async ({ session }, path) =>
  (await session.fetch(`https://api.example.com${path}`)).json();
