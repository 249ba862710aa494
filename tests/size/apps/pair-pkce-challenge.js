import pkceChallenge from "pkce-challenge";

document.title = (await pkceChallenge()).code_challenge;
