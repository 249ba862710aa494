// What every page and worker does with the package; a classic script, so that it runs in all of them.
globalThis.check = async (pkce) => {
  // Without waiting: what the first click of a page would get.
  let atOnce = "works";
  try {
    pkce.generatePair();
  } catch (error) {
    atOnce = error.code ?? String(error);
  }
  try {
    await pkce.ready();
  } catch (error) {
    return { atOnce, engine: error.code ?? String(error) };
  }
  const challenge = pkce.deriveChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  if (challenge !== "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") throw new Error(`derived ${challenge}`);
  const seen = new Set();
  for (let round = 0; round < 300; round++) {
    const { codeVerifier, codeChallenge } = pkce.generatePair(43 + (round % 86));
    if (!pkce.verifyChallenge(codeVerifier, codeChallenge))
      throw new Error(`${codeVerifier} does not verify`);
    seen.add(codeVerifier);
  }
  if (seen.size !== 300) throw new Error(`${seen.size} verifiers instead of 300`);
  return {
    atOnce,
    engine: pkce.engine(),
    secure: globalThis.isSecureContext,
    subtle: typeof globalThis.crypto.subtle,
    locks: typeof globalThis.navigator.locks,
  };
};

/** Checks, and shows the result to the driver: in the page itself, or through `tell` from a worker. */
globalThis.report = async (pkce, tell = show) => {
  try {
    tell(await check(await pkce));
  } catch (error) {
    tell({ failed: `${error?.code ?? ""} ${error}` });
  }
};

globalThis.show = (result) => {
  document.documentElement.dataset.result = JSON.stringify(result);
};
