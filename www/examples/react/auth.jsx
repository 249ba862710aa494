import { AuthProvider, useAuth } from "pkce-wasm/react";

export { RequireAuth } from "pkce-wasm/react";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: "/callback",
  scope: "openid profile",
  resourceOrigins: ["https://api.example.com"],
};

export const Auth = ({ children }) => <AuthProvider config={config}>{children}</AuthProvider>;

export function useUser() {
  const { claims, error, login, logout, prepare, session } = useAuth();
  const api = async (path) => (await session.fetch(`https://api.example.com${path}`)).json();
  return { name: claims?.name, error, prepare, signIn: login, signOut: logout, api };
}
