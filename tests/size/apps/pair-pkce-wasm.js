import { generatePair } from "pkce-wasm/pkce";

document.title = generatePair().codeChallenge;
