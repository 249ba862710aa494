import { createAuth } from "pkce-wasm/svelte";

export const auth = createAuth({
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: "/callback",
  scope: "openid profile",
  resourceOrigins: ["https://api.example.com"],
});

export const api = async (session, path) => (await session.fetch(`https://api.example.com${path}`)).json();
