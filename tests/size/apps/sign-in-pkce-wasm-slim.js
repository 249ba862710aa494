// Signs in as the quick start of the README does, with the module as a file of its own.

import module from "pkce-wasm/client.wasm";
import { Client, initialize } from "pkce-wasm/slim";

await initialize(new URL(module, import.meta.url));
const client = await Client.discover({
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
});
const outcome = await client.handleRedirect();
if (outcome.status === "refused") alert(outcome.error.message);
const session = await client.session();
if (session) document.body.append(`Hello ${session.claims.name}`);
else document.querySelector("#sign-in").onclick = () => client.login();
