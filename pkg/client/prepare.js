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
  if (Object(value) !== value) return value;
  const members = Object.entries(value).sort();
  return Object.fromEntries(members.map(([name, member]) => [name, ordered(member)]));
};

/** Makes a login ready: `{ url, key, until }`. `begin` begins it with the thumbprint of a key, and leaves it to `keep` where it has to be pushed first. */
const make = async ({ ask, loadDpop, loadExchange }, client, options, begin) => {
  // A request goes to an endpoint that this page has heard of from the server itself.
  await client.confirm();
  const { bound, config, reach, setup } = client;
  const { send } = await loadExchange();
  const jkt = bound && (await (await loadDpop()).create(client));
  const started = Date.now();
  const { url, key, keep } = await reach(begin(options, jkt));
  const most = PART * 1000 * (config.transactionMaxAge ?? LIFETIME);
  if (!keep) return own({ url, key, until: started + most });
  const answer = await send({ ...ask("push", setup, url), jkt }, client.network());
  const pushed = ask("pushed", setup, answer);
  await reach(keep);
  const until = started + Math.min(1000 * pushed.expiresIn - SPARE, most);
  return own({ url: pushed.url, key, until });
};

/**
 * Makes a login ready, for now or for later: then `client.take` gives it, once, for equal options, as long as it serves. One that is ready, or under way, is not made a second
 * time. Who leaves now takes it for themselves.
 */
export const prepare = async (parts, client, { signal, ...options }, begin, isForLater) => {
  const { named, ready, toJson } = parts;
  await ready();
  if (!client.isAhead) return;
  /** The same for equal options. */
  const nameOf = (given) => {
    const text = toJson(given);
    return text && toJson(ordered(JSON.parse(text)));
  };
  client.readied = client.readied ?? new Map();
  const { readied } = client;
  const isLate = ({ made }) => made?.until < Date.now();
  const name = nameOf(options);
  let entry = readied.get(name);
  if (!entry || isLate(entry)) {
    entry = { work: make(parts, client, options, begin) };
    entry.work.then(
      (made) => {
        entry.made = made;
      },
      () => {
        if (readied.get(name) === entry) readied.delete(name);
      },
    );
  }
  readied.delete(name);
  if (isForLater) readied.set(name, entry);
  for (const [other, one] of readied) if (readied.size > MOST_READY || isLate(one)) readied.delete(other);
  client.take = (wanted) => {
    const called = nameOf(wanted);
    const one = readied.get(called);
    if (!one?.made) return;
    readied.delete(called);
    return isLate(one) ? undefined : one.made;
  };
  return unless(signal, named, entry.work);
};
