import { Client } from "pkce-wasm";
import { deriveChallenge, engine, generatePair, verifyChallenge } from "pkce-wasm/pkce";
import { expect, test } from "vitest";

test("the package runs under the test runner", () => {
  expect(deriveChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
  const { codeVerifier, codeChallenge } = generatePair();
  expect(verifyChallenge(codeVerifier, codeChallenge)).toBe(true);
  expect(engine()).toBe("wasm");
  expect(typeof Client.discover).toBe("function");
});
