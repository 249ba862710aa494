import { calculatePKCECodeChallenge, randomPKCECodeVerifier } from "openid-client";

document.title = await calculatePKCECodeChallenge(randomPKCECodeVerifier());
