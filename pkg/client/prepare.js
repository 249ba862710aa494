// What a login needs before the user can be sent away: a key for its tokens, and its request pushed to the server.
import { own } from "../platform/own.js";

/** How long before its end a URL is not used any more, in milliseconds; and for how much of the time that a login may take it is. */
const SPARE = 5000;
const PART = 0.5;
const LIFETIME = 600;

/** Makes a login ready: `{ url, key, name, until }`. `begin` begins it with the thumbprint of a key, and keeps it unless it has to be pushed first. */
export const prepare = async ({ ask, loadDpop, loadExchange, toJson }, client, options, begin) => {
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
