import { createAuth0Client } from "@auth0/auth0-spa-js";

const client = await createAuth0Client({
  domain: "login.example.com",
  clientId: "my-app",
  authorizationParams: { redirect_uri: `${location.origin}/callback`, scope: "openid profile" },
});
try {
  if (/[?&](code|error)=/.test(location.search)) await client.handleRedirectCallback();
} catch (error) {
  alert(error.message);
}
const user = await client.getUser();
if (user) document.body.append(`Hello ${user.name}`);
else document.querySelector("#sign-in").onclick = () => client.loginWithRedirect();
