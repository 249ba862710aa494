import { createStandardPublicClientApplication } from "@azure/msal-browser";

const client = await createStandardPublicClientApplication({
  auth: {
    authority: "https://login.example.com",
    clientId: "my-app",
    redirectUri: `${location.origin}/callback`,
    knownAuthorities: ["login.example.com"],
    protocolMode: "OIDC",
  },
});
try {
  const result = await client.handleRedirectPromise();
  if (result) client.setActiveAccount(result.account);
} catch (error) {
  alert(error.message);
}
const account = client.getActiveAccount();
if (account) document.body.append(`Hello ${account.name}`);
else
  document.querySelector("#sign-in").onclick = () => client.loginRedirect({ scopes: ["openid", "profile"] });
