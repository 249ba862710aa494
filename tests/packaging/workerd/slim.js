// workerd hands out compiled modules: slim takes one.
import module from "pkce-wasm/client.wasm";
import { deriveChallenge, engine, generatePair, initialize, verifyChallenge } from "pkce-wasm/slim";

export default {
  async test() {
    await initialize(module);
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
