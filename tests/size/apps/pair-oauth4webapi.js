import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from "oauth4webapi";

document.title = await calculatePKCECodeChallenge(generateRandomCodeVerifier());
