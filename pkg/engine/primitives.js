// The primitives over either module: both carry them.

const CHALLENGE_LENGTH = 43;
const DEFAULT_LENGTH = 43;

/** The functions of pkce.d.ts for an engine. */
export const createPrimitives = ({ call, engine, failed, named, ready, test }) => {
  /** A text of the module, or the code of an error. */
  const text = (name, parameter) => {
    const result = call(name, parameter);
    if (typeof result === "number") throw failed(result);
    return result;
  };

  const generatePair = (length = DEFAULT_LENGTH) => {
    const pair = text("generatePairText", Number(length));
    return {
      codeVerifier: pair.slice(0, -CHALLENGE_LENGTH),
      codeChallenge: pair.slice(-CHALLENGE_LENGTH),
      codeChallengeMethod: "S256",
    };
  };
  return {
    generatePair,
    generateVerifier: (length) => generatePair(length).codeVerifier,
    deriveChallenge: (codeVerifier) => text("deriveChallenge", `${codeVerifier}`),
    verifyChallenge: (codeVerifier, codeChallenge, method = "S256", options = {}) => {
      // An option of its own: not one that every object inherits.
      const { dangerouslyAllowPlain } = { __proto__: null, ...options };
      const isPlain = method === "plain" && dangerouslyAllowPlain === true;
      if (method !== "S256" && !isPlain) throw named("challenge_method_refused");
      return test("verifyChallenge", `${codeVerifier}`, `${codeChallenge}`, +isPlain);
    },
    engine,
    ready,
  };
};
