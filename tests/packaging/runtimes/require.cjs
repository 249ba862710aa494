// The package from CommonJS, as it comes. Prints the engine.
const { deriveChallenge } = require("pkce-wasm");
const { engine, generatePair, verifyChallenge } = require("pkce-wasm/pkce");

const { codeVerifier, codeChallenge } = generatePair();
if (!verifyChallenge(codeVerifier, codeChallenge)) throw new Error("the pair does not verify");
if (deriveChallenge(codeVerifier) !== codeChallenge) throw new Error("the modules do not agree");
console.log(engine());
