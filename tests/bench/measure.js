// What is measured warm, in a page and in Node alike. The contenders of a measurement run in the same page, in alternating rounds.

import { handle } from "./callbacks.js";
import * as noble from "./contenders/noble.js";
import * as oauth4webapi from "./contenders/oauth4webapi.js";
import * as oidcClientTs from "./contenders/oidc-client-ts.js";
import * as pkceChallenge from "./contenders/pkce-challenge.js";
import * as client from "./contenders/pkce-wasm.js";
import * as primitives from "./contenders/pkce-wasm-pair.js";
import * as steps from "./contenders/pkce-wasm-steps.js";
import { crossings, linear, watch } from "./memory.js";
import { alternate, rates } from "./rounds.js";
import { startServer } from "./server.js";
import { soakLogins, soakPairs } from "./soak.js";

const ROUNDS = 25;
const PAIRS = 1_000_000;
const LOGINS = 100_000;

const ready = () => Promise.all([client.ready(), primitives.ready()]);

/** Pairs per second. */
export const pairs = async () => {
  await ready();
  const contenders = [primitives, pkceChallenge, oauth4webapi, oidcClientTs, noble];
  return rates(contenders, ROUNDS, ({ pair }) => pair);
};

/** Milliseconds from the URL to the token request, and to the tokens. */
export const callbacks = async () => {
  watch();
  const server = await startServer();
  await ready();
  const contenders = [steps, client, oauth4webapi, oidcClientTs];
  for (const contender of contenders) await handle(server, contender);
  const samples = await alternate(contenders, ROUNDS, (contender) => handle(server, contender));
  const of = (member) =>
    Object.fromEntries(
      Object.entries(samples).map(([name, turns]) => [name, turns.map((turn) => turn[member])]),
    );
  return { asked: of("asked"), done: of("done"), linear: linear() };
};

/** How often the boundary of the module is crossed. */
export const boundary = async () => {
  watch({ count: true });
  await ready();
  return { pair: crossings(primitives.pair), begin: crossings(steps.begin), linear: linear() };
};

/** Is the memory flat? `show` is told how many tenths are done. */
export const flat = async (show = () => {}) => {
  watch();
  await ready();
  const pairs = await soakPairs(PAIRS, primitives, show);
  const logins = await soakLogins(LOGINS, client, await startServer(), show);
  return { pairs, logins };
};

export { alternate, rates };
export const verifiers = [primitives, pkceChallenge];
