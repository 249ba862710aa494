// The primitives over either module: both carry them.

const CHALLENGE_LENGTH = 43;
const DEFAULT_LENGTH = 43;

/** The functions of pkce.d.ts for an engine and the bindings that it runs. */
export const createPrimitives = ({ call, engine, named, ready }, glue) => {
  const generatePair = (length = DEFAULT_LENGTH) => {
    const text = call(glue.generatePairText, length);
    return {
      codeVerifier: text.slice(0, -CHALLENGE_LENGTH),
      codeChallenge: text.slice(-CHALLENGE_LENGTH),
      codeChallengeMethod: "S256",
    };
  };
  return {
    generatePair,
    generateVerifier: (length) => generatePair(length).codeVerifier,
    deriveChallenge: (codeVerifier) => call(glue.deriveChallenge, `${codeVerifier}`),
    verifyChallenge: (codeVerifier, codeChallenge, method = "S256", options = {}) => {
      if (method !== "S256" && !(method === "plain" && options.dangerouslyAllowPlain === true)) {
        throw named("challenge_method_refused");
      }
      return call(glue.verifyChallenge, `${codeVerifier}`, `${codeChallenge}`, method === "plain");
    },
    engine,
    ready,
  };
};
