import { UserManager } from "oidc-client-ts";

const manager = new UserManager({
  authority: "https://login.example.com",
  client_id: "my-app",
  redirect_uri: `${location.origin}/callback`,
  scope: "openid profile",
});
try {
  if (/[?&](code|error)=/.test(location.search)) await manager.signinCallback();
} catch (error) {
  alert(error.message);
}
const user = await manager.getUser();
if (user) document.body.append(`Hello ${user.profile.name}`);
else document.querySelector("#sign-in").onclick = () => manager.signinRedirect();
