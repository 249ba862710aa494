// What a login needs before the user can be sent away: a key for its tokens, and its request pushed to the server.
import { own } from "../platform/own.js";

/** How long before its end a URL is not used any more, in milliseconds; and for how much of the time that a login may take it is. */
const SPARE = 5000;
const PART = 0.5;
const LIFETIME = 600;

/** What each client is making ready, or has: `{ name, work, made }`. */
const ready = new WeakMap();

const make = async ({ ask, loadDpop, loadExchange, toJson }, client, options, begin) => {
  // A request goes to an endpoint that this page has heard of from the server itself.
  await client.confirm();
  const { bound, config, reach, setup } = client;
  let jkt;
  if (bound) jkt = await (await loadDpop()).create(client);
  const started = Date.now();
  const { url, key, form, push, transaction, index, kept } = await reach(begin(options, jkt));
  const most = PART * 1000 * (config.transactionMaxAge ?? LIFETIME);
  const name = toJson(options);
  if (form === undefined) return own({ url, key, name, until: started + most });
  const { send } = await loadExchange();
  const answer = await send({ url: push, form, jkt }, client.network(own(options)));
  const pushed = ask("pushed", setup, answer);
  await reach(({ logins }) => logins.begin(key, transaction, index, kept));
  const until = started + Math.min(1000 * pushed.expiresIn - SPARE, most);
  return own({ url: pushed.url, key, name, until });
};

/**
 * Makes a login ready: `{ url, key, name, until }`, where `until` is 0 once it has been used. `begin` begins it with the thumbprint of a key, and keeps it unless it has to be
 * pushed first. One that is under way, or ready and not too old, is not made a second time; who leaves takes it for themselves.
 */
export const prepare = async (parts, client, options, begin, isLeaving) => {
  const name = parts.toJson(options);
  let entry = ready.get(client);
  if (entry?.name !== name || entry.made?.until < Date.now()) {
    entry = { name, work: make(parts, client, options, begin) };
    ready.set(client, entry);
  }
  if (isLeaving) ready.delete(client);
  try {
    entry.made = await entry.work;
  } catch (error) {
    if (ready.get(client) === entry) ready.delete(client);
    throw error;
  }
  if (isLeaving) entry.made.until = 0;
  return entry.made;
};

/** Leads a pop-up on that was opened on a blank page, once its login is ready. */
export const lead = async (popup, make) => {
  try {
    const made = await make();
    popup.location.replace(made.url);
    return made;
  } catch (error) {
    popup.close();
    throw error;
  }
};
