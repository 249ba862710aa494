// A page without a framework: sign in, greet, sign out.
import { Client } from "pkce-wasm";

const element = (id) => document.getElementById(id);

const client = await Client.discover({
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
  storage: "session", // kept across a reload, gone with the tab
});

const outcome = await client.handleRedirect();
if (outcome.status === "refused") element("message").textContent = outcome.error.message;

const session = await client.session();
element("user").textContent = session ? session.claims.name : "";
element("sign-in").hidden = session !== null;
element("sign-out").hidden = session === null;

element("sign-in").onclick = () => client.login();
element("sign-out").onclick = async () => {
  await client.logout();
  location.reload();
};
