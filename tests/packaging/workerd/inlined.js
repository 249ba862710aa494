// workerd compiles no module from bytes: the twin takes over.
import { deriveChallenge, engine, generatePair, ready, verifyChallenge } from "pkce-wasm";

export default {
  async test() {
    await ready();
    const { codeVerifier, codeChallenge } = generatePair();
    if (!verifyChallenge(codeVerifier, codeChallenge)) throw new Error("the pair does not verify");
    if (
      deriveChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") !==
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
      throw new Error("the vector does not hold");
    console.log(`engine ${engine()}`);
  },
};
