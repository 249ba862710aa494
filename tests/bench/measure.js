// What is measured warm, in a page and in Node alike. The contenders of a measurement run in the same page, in alternating rounds.

// Bundled apart, with 0.1.0; empty where there is no 0.1.0.
import * as before from "./before.mjs";
import { handle } from "./callbacks.js";
import * as noble from "./contenders/noble.js";
import * as oauth4webapi from "./contenders/oauth4webapi.js";
import * as oidcClientTs from "./contenders/oidc-client-ts.js";
import * as pkceChallenge from "./contenders/pkce-challenge.js";
import { crossings, linear, watch } from "./memory.js";
import * as ours from "./ours.js";
import { proofs } from "./proofs.js";
import { alternate, rates, time } from "./rounds.js";
import { startServer } from "./server.js";
import { soakLogins, soakPairs } from "./soak.js";
import { answerAtOnce } from "./stand_ins.js";

const ROUNDS = 25;
/** Logins that are begun in a turn: few enough for the storage of a page. */
const BEGUN = 2000;
const PAIRS = 1_000_000;
const LOGINS = 100_000;

const { client, primitives, steps } = ours;

/** A contender of ours, and the same of 0.1.0 where there is one. */
const both = (now, earlier) =>
  earlier ? [now, { ...earlier, name: earlier.name.replace("pkce-wasm", "0.1.0") }] : [now];

const ready = (contenders) => Promise.all(contenders.map(({ ready }) => ready?.()));

/** Pairs per second. */
export const pairs = async () => {
  const contenders = [
    ...both(primitives, before.primitives),
    pkceChallenge,
    oauth4webapi,
    oidcClientTs,
    noble,
  ];
  await ready(contenders);
  return rates(contenders, ROUNDS, ({ pair }) => pair);
};

/** Milliseconds to the authorization URL. */
export const begin = async () => {
  const contenders = [...both(steps, before.steps), oauth4webapi];
  await ready(contenders);
  const turn = async ({ begin }) => {
    localStorage.clear();
    return (await time(begin, BEGUN)) / BEGUN;
  };
  for (const contender of contenders) await turn(contender);
  return alternate(contenders, ROUNDS, turn);
};

/** Milliseconds from the URL to the token request, from its answer to the tokens, and from the URL to the tokens. */
export const callbacks = async () => {
  watch();
  const server = await startServer();
  const contenders = [
    ...both(steps, before.steps),
    ...both(client, before.client),
    oauth4webapi,
    oidcClientTs,
  ];
  await ready(contenders);
  for (const contender of contenders) await handle(server, contender);
  const samples = await alternate(contenders, ROUNDS, (contender) => handle(server, contender));
  const of = (member) =>
    Object.fromEntries(
      Object.entries(samples).map(([name, turns]) => [name, turns.map((turn) => turn[member])]),
    );
  return { asked: of("asked"), rest: of("rest"), done: of("done"), linear: linear() };
};

/** The same with a platform that takes no time of its own. */
export const instant = () => {
  answerAtOnce();
  return callbacks();
};

/** How often the boundary of the module is crossed. */
export const boundary = async () => {
  watch({ count: true });
  await ready([primitives, steps]);
  return { pair: crossings(primitives.pair), begin: crossings(steps.begin), linear: linear() };
};

/** Is the memory flat? `show` is told how many tenths are done. */
export const flat = async (show = () => {}) => {
  watch();
  await ready([primitives, client]);
  const pairs = await soakPairs(PAIRS, primitives, show);
  const logins = await soakLogins(LOGINS, client, await startServer(), show);
  return { pairs, logins };
};

export { alternate, proofs, rates };
export const verifiers = [...both(primitives, before.primitives), pkceChallenge];
