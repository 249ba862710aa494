// What a login needs before the user can be sent away: a key for its tokens, and its request pushed to the server.
import { own } from "../platform/own.js";
import { unless } from "../platform/wait.js";

/** How long before its end a URL is not used any more, in milliseconds; and for how much of the time that a login may take it is. */
const SPARE = 5000;
const PART = 0.5;
const LIFETIME = 600;

/** The most logins of a client that are ready at once. */
const MOST_READY = 8;

/** A value whose members stand in one order, whoever wrote them. */
const ordered = (value) => {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  const members = Object.keys(value).sort();
  return Object.fromEntries(members.map((name) => [name, ordered(value[name])]));
};

/** Makes a login ready: `{ url, key, until }`. `begin` begins it with the thumbprint of a key, and leaves it to `keep` where it has to be pushed first. */
const make = async ({ ask, loadDpop, loadExchange }, client, options, begin) => {
  // A request goes to an endpoint that this page has heard of from the server itself.
  await client.confirm();
  const { bound, config, reach, setup } = client;
  const jkt = bound && (await (await loadDpop()).create(client));
  const started = Date.now();
  const { url, key, keep } = await reach(begin(options, jkt));
  const most = PART * 1000 * (config.transactionMaxAge ?? LIFETIME);
  if (!keep) return own({ url, key, until: started + most });
  const { send } = await loadExchange();
  const answer = await send({ ...ask("push", setup, url), jkt }, client.network());
  const pushed = ask("pushed", setup, answer);
  await reach(keep);
  const until = started + Math.min(1000 * pushed.expiresIn - SPARE, most);
  return own({ url: pushed.url, key, until });
};

/** Has `client.take` give it, once, for equal options, as long as it serves. */
const hold = (toJson, client, options, made) => {
  const nameOf = (options) => {
    const text = toJson(options);
    return text && toJson(ordered(JSON.parse(text)));
  };
  client.made = client.made ?? new Map();
  const { made: ready } = client;
  const name = nameOf(options);
  ready.delete(name);
  ready.set(name, made);
  for (const [name, { until }] of ready)
    if (ready.size > MOST_READY || until < Date.now()) ready.delete(name);
  client.take = (options) => {
    const name = nameOf(options);
    const taken = ready.get(name);
    ready.delete(name);
    return taken?.until >= Date.now() ? taken : undefined;
  };
};

/** Makes a login ready, for now or for later. */
export const prepare = async (parts, client, { signal, ...options }, begin, isForLater) => {
  const made = await unless(signal, parts.named, make(parts, client, options, begin));
  if (isForLater) hold(parts.toJson, client, options, made);
  return made;
};
