// The module by itself, without the npm package: what `wasm-pack build --target web` makes, served below /pkce-wasm/. Each of its
// functions takes texts and gives the text of a JSON object, which has the member `error` when something is wrong.
import init, * as module from "/pkce-wasm/pkce_wasm.js";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
};
const element = (id) => document.getElementById(id);
const encode = (text) => new TextEncoder().encode(text);

const ask = (name, ...texts) => {
  const { error, ...result } = JSON.parse(module[name](...texts));
  if (error)
    throw Object.assign(new Error(`${error.code} (${error.subject ?? error.oauthError ?? name})`), error);
  return result;
};

/** Sends a request; gives the body of the answer, and the answer as the module reads it. */
const send = async (url, form) => {
  const response = await fetch(url, {
    method: form ? "POST" : "GET",
    headers: form ? { "Content-Type": "application/x-www-form-urlencoded" } : {},
    body: form,
    redirect: "manual", // a redirect would carry the code along
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
  });
  const body = await response.text();
  // The server's clock, and how long to wait, are empty: a page seldom sees these headers.
  return {
    body,
    answer: [response.status, response.headers.get("content-type") ?? "", "", "", body].join("\n"),
  };
};

const discover = async () => {
  const { openid } = ask("discovery", config.issuer, "{}");
  const { body, answer } = await send(openid);
  ask("metadata", config.issuer, "{}", answer);
  return body;
};

const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );

const toBase64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** Has WebCrypto verify the signature of the ID token, as the module says. */
const verify = async ({ algorithm, keys, input, signature, digest, text }) => {
  const { subtle } = crypto;
  const hash = digest ? toBase64url(await subtle.digest(digest, encode(text))) : "";
  for (const jwk of keys) {
    const key = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    if (await subtle.verify(algorithm, key, fromBase64url(signature), encode(input))) return ["valid", hash];
  }
  return ["invalid", hash];
};

/** From a callback to tokens whose ID token is verified. */
const finish = async (setup, transaction, callback) => {
  const { url, form, said } = ask("redeem", setup, transaction, callback);
  const { unverified, keys } = ask("finish", setup, transaction, (await send(url, form)).answer, said);
  const { body, answer } = await send(keys);
  ask("keys", answer);
  // They are fresh: where the right one is missing, fetching them again would not help.
  const fetched = `${Math.floor(Date.now() / 1000)}`;
  const verdict = await verify(ask("check", unverified, body, fetched, ""));
  return ask("conclude", unverified, ...verdict).tokens;
};

const show = ({ claims }) => {
  element("user").textContent = claims.name;
  for (const [name, value] of Object.entries(claims)) {
    const [term, details] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    details.textContent = JSON.stringify(value);
    details.style.overflowWrap = "anywhere";
    element("claims").append(term, details);
  }
};

const start = async () => {
  await init();
  const { setup } = ask("setup", JSON.stringify(config), await discover());
  element("sign-in").onclick = () => {
    const page = JSON.stringify({ userAgent: navigator.userAgent });
    try {
      ask("signIn", setup, "{}", page); // keeps the login in sessionStorage, and leaves the page
    } catch (error) {
      element("message").textContent = error.message;
    }
  };
  element("sign-in").hidden = false;

  const { url, transaction } = ask("takeCallback", setup); // nothing, unless the user comes back from the server
  if (url === undefined) return;
  show(await finish(setup, transaction, url));
  element("sign-in").hidden = true;
};

start().catch((error) => {
  element("message").textContent = error.message;
});
