// The same application as a static page: its authorization server is its own service worker.
import { Client, isPkceError } from "pkce-wasm";

await navigator.serviceWorker.register("/worker.js");
await navigator.serviceWorker.ready;
if (!navigator.serviceWorker.controller) {
  await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
}
const client = await Client.discover({
  issuer: `${location.origin}/as`,
  clientId: "app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
  storage: "local",
});
await client.handleRedirect();
const session = await client.session();
const button = document.querySelector("button");
button.textContent = session ? `Hello ${session.claims.name}` : "Sign in";
button.addEventListener("click", () => client.login());
document.querySelector("p").addEventListener("click", async ({ target }) => {
  const said = await session.refresh().catch((error) => error);
  target.textContent = isPkceError(said) ? said.code : "refreshed";
});
document.querySelector("p").textContent = session?.idTokenVerifiedBy ?? "";
