// Proofs of tokens that are bound to a key: what `session.fetch` takes longer with one than without, beside a bare signature of WebCrypto.
import { Client, ready } from "pkce-wasm";
import { name } from "./contenders/pkce-wasm.js";
import { time } from "./rounds.js";
import { config, metadata } from "./server.js";

const API = "https://api.example";
const ROUNDS = 25;
/** Requests in a turn. */
const REQUESTS = 200;
/** As many characters as are signed of a proof. */
const SIGNED = 430;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A session of such tokens, at servers that answer at once. */
const signIn = async (type, dpop) => {
  let opened;
  const tokens = { access_token: "a".repeat(43), token_type: type, expires_in: 86_400, refresh_token: "r" };
  const host = {
    open: (url) => {
      opened = url;
    },
    fetch: async (url) => (url === metadata.token_endpoint ? Response.json(tokens) : new Response("")),
  };
  const client = new Client(
    {
      ...config,
      clientId: `app-${type}`,
      scope: "files",
      resourceOrigins: [API],
      transactionStorage: "memory",
      dpop,
      host,
    },
    metadata,
  );
  await client.login();
  const state = new URL(opened).searchParams.get("state");
  const back = new URLSearchParams({ code: "c", state, iss: config.issuer });
  const { session, error } = await client.handleRedirect(`${config.redirectUri}?${back}`);
  if (!session) throw error;
  return () => session.fetch(`${API}/files`);
};

/** Milliseconds for a proof, and for a signature. */
export const proofs = async () => {
  await ready();
  const { subtle } = globalThis.crypto;
  const { privateKey } = await subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const signed = new TextEncoder().encode("p".repeat(SIGNED));
  const bare = () => subtle.sign(ALGORITHM, privateKey, signed);
  const [bearer, bound] = [await signIn("Bearer", false), await signIn("DPoP", "required")];
  const samples = { [name]: [], "crypto.subtle.sign": [] };
  for (let round = -3; round < ROUNDS; round++) {
    const took = new Map();
    const turns = round % 2 ? [bearer, bare, bound] : [bound, bare, bearer];
    for (const turn of turns) took.set(turn, (await time(turn, REQUESTS)) / REQUESTS);
    // The first ones warm the code up.
    if (round < 0) continue;
    samples[name].push(took.get(bound) - took.get(bearer));
    samples["crypto.subtle.sign"].push(took.get(bare));
  }
  return samples;
};
