// The application: a bundler builds it for the page.
import { Client } from "pkce-wasm";

const client = await Client.discover({
  issuer: "https://as.example",
  clientId: "app",
  redirectUri: "https://app.example/callback",
  scope: "openid profile",
  storage: "local",
});
const { error } = await client.handleRedirect();
const session = await client.session();
const button = document.querySelector("button");
button.textContent = session ? `Hello ${session.claims.name}` : "Sign in";
button.addEventListener("click", () => (session ? client.logout() : client.login()));
document.querySelector("p").textContent = error?.code ?? "";
document.documentElement.dataset.verified = session?.idTokenVerifiedBy;
