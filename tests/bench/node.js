// The measurements in Node: `node --expose-gc node.js NAME` prints one as JSON.
import { createHash, timingSafeEqual } from "node:crypto";
import * as measure from "./measure.js";
import { rates } from "./rounds.js";
import { giveStorage } from "./stand_ins.js";

/** What a server would write by hand. */
const byHand = {
  name: "node:crypto",
  verify: (codeVerifier, codeChallenge) => {
    const derived = createHash("sha256").update(codeVerifier).digest("base64url");
    const [left, right] = [Buffer.from(derived), Buffer.from(codeChallenge)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
};

/** Verifications per second. */
const verify = () => {
  const [codeVerifier, codeChallenge] = [
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  ];
  const contenders = [...measure.verifiers, byHand];
  return rates(
    contenders,
    25,
    ({ verify }) =>
      () =>
        verify(codeVerifier, codeChallenge),
  );
};

giveStorage();
const { pairs, begin, callbacks, instant, boundary, proofs, flat } = measure;
const work = { pairs, begin, callbacks, instant, boundary, proofs, flat, verify }[process.argv[2]];
console.log(JSON.stringify(await work()));
process.exit();
