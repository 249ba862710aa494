// The primitives over either module: both carry them.

const CHALLENGE_LENGTH = 43;
const DEFAULT_LENGTH = 43;

const isText = (value) => typeof value === "string";

/** The functions of pkce.d.ts for an engine. */
export const createPrimitives = ({ call, engine, failed, named, ready }) => {
  /** A text of the module, or the code of an error. */
  const text = (name, parameter) => {
    const result = call(name, parameter);
    if (typeof result === "number") throw failed(result);
    return result;
  };

  const generatePair = (length = DEFAULT_LENGTH) => {
    // What is no number goes in as a place in a list, which is no length.
    const pair = text("generatePairText", length);
    return {
      codeVerifier: pair.slice(0, -CHALLENGE_LENGTH),
      codeChallenge: pair.slice(-CHALLENGE_LENGTH),
      codeChallengeMethod: "S256",
    };
  };
  return {
    generatePair,
    generateVerifier: (length) => generatePair(length).codeVerifier,
    deriveChallenge: (codeVerifier) => text("deriveChallenge", isText(codeVerifier) ? codeVerifier : ""),
    verifyChallenge: (codeVerifier, codeChallenge, method, options) => {
      // What is no text matches nothing: a server may be given anything. Null and the empty method are as absent.
      if (![codeVerifier, codeChallenge, method ?? ""].every(isText)) return false;
      const isPlain = method === "plain";
      // An option of its own: not one that every object inherits.
      if (
        isPlain ? { __proto__: null, ...options }.dangerouslyAllowPlain !== true : method && method !== "S256"
      )
        throw named("challenge_method_refused");
      return call("verifyChallenge", codeVerifier, codeChallenge, +isPlain);
    },
    engine,
    ready,
  };
};
