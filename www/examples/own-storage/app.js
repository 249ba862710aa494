// The stateless steps: the application decides where a pending login is kept, and where the tokens are.
import { beginAuthorization, completeAuthorization, discover, isPkceError } from "pkce-wasm";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
};
const metadata = await discover(config.issuer);
const element = (id) => document.getElementById(id);

element("sign-in").hidden = false;
element("sign-in").onclick = () => {
  const { url, state, transaction } = beginAuthorization(config, metadata);
  sessionStorage.setItem(`login ${state}`, transaction); // holds the verifier: keep it no longer than needed
  location.assign(url);
};

if (location.pathname === "/callback") {
  const callback = location.href;
  history.replaceState(null, "", "/"); // code and state leave the address bar and the history
  const key = `login ${new URL(callback).searchParams.get("state")}`;
  const transaction = sessionStorage.getItem(key);
  sessionStorage.removeItem(key); // a code is redeemed once
  try {
    const tokens = await completeAuthorization(config, metadata, transaction ?? "", callback);
    element("user").textContent = tokens.claims.name;
    element("sign-in").hidden = true;
  } catch (error) {
    if (!isPkceError(error)) throw error;
    element("message").textContent = error.message;
  }
}
