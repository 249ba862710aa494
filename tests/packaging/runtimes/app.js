// The package on a server: the primitives, and a whole login with the stateless functions. Prints the engine.
import * as client from "pkce-wasm";
import * as pkce from "pkce-wasm/pkce";

const [issuer] = process.argv.slice(2);
const same = (found, wanted) => {
  if (found !== wanted) throw new Error(`${found} instead of ${wanted}`);
};

for (const { deriveChallenge, generatePair, verifyChallenge } of [client, pkce]) {
  same(
    deriveChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
  const { codeVerifier, codeChallenge } = generatePair();
  same(verifyChallenge(codeVerifier, codeChallenge), true);
}
same(client.engine(), pkce.engine());

const config = { issuer, clientId: "my-app", redirectUri: "com.example.app:/callback", scope: "openid" };
const metadata = await client.discover(issuer);
const { url, transaction } = client.beginAuthorization(config, metadata);
const callback = (await fetch(url, { redirect: "manual" })).headers.get("location");
const { claims } = await client.completeAuthorization(config, metadata, transaction, callback);
same(claims.name, "Ada");
console.log(client.engine());
