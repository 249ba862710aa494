// Requests with a proof that this page has the key of the session. What a proof says, and what an answer says of it, is decided in the module.
import { add, forget, forgetAll, keep, load, make, sign } from "../platform/dpop_key.js";
import { harmless } from "../platform/harmless.js";
import { own } from "../platform/own.js";
import { tiers } from "../platform/storage.js";

/** Milliseconds for which a nonce is taken for good before a refresh token is sent with it. */
const FRESH = 60_000;
/** Milliseconds for which the key of a login is kept beyond the time that the login may take. */
const MARGIN = 86_400_000;
const LIFETIME = 600;
/** Seconds by which the clock of a server has to be another one for that to be why it refuses a proof. */
const LATE = 30;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

/** A method as `fetch` sends it. */
const methodOf = (method = "GET") =>
  /^(delete|get|head|options|post|put)$/i.test(method) ? `${method}`.toUpperCase() : `${method}`;

export const createDpop = ({ ask, named, toJson }) => {
  /** What is known of each server, by key and origin: `{ nonce, at, ahead }`. A nonce of one origin, or of one key, is of no use for another. */
  const servers = new Map();
  const placeOf = (jkt, url) => `${jkt} ${new URL(url).origin}`;

  const keyOf = async (jkt) => {
    const key = await load(jkt).catch((cause) => {
      throw named("storage_unavailable", cause);
    });
    if (!key) throw named("dpop_key_missing");
    return key;
  };

  /** Keys that were found to be those of their thumbprints, and the hash of the access token that each was asked to prove last. */
  const hashes = new WeakMap();

  /** The proof for a request. */
  const proofFor = async (jkt, htm, url, accessToken) => {
    const key = await keyOf(jkt);
    const { nonce, ahead } = own(servers.get(placeOf(jkt, url)));
    const about = own({ htm, htu: new URL(url).href, nonce, ahead });
    const known = hashes.get(key);
    if (!known) about.jkt = jkt;
    if (accessToken !== undefined && known?.accessToken === accessToken) about.ath = known.ath;
    else about.accessToken = accessToken;
    const { input, ath } = ask("proof", toJson(about), toJson(key.jwk));
    hashes.set(key, accessToken === undefined ? own(known) : own({ accessToken, ath }));
    try {
      return `${input}.${base64url(await sign(key, input))}`;
    } catch (cause) {
      throw named("dpop_key_missing", harmless(cause, [accessToken]));
    }
  };

  /** Remembers what an answer says of nonces and clocks; gives whether the request has to be sent again. */
  const hear = (jkt, url, answer, headers) => {
    const place = placeOf(jkt, url);
    const before = own(servers.get(place));
    const [, , date] = answer.split("\n", 3);
    const ahead = date ? Number(date) - Math.floor(Date.now() / 1000) : before.ahead;
    const isLate = Math.abs(ahead - (before.ahead ?? 0)) > LATE;
    const { nonce, again } = ask(
      "proven",
      answer,
      `${headers.get("www-authenticate") ?? ""}`,
      `${headers.get("dpop-nonce") ?? ""}`,
      isLate ? "1" : "",
    );
    servers.set(place, own({ nonce: nonce ?? before.nonce, at: Date.now(), ahead }));
    return again === true;
  };

  /** Sends a request of the module: the answer, and whether another proof is wanted. */
  const sendOnce = async (request, network, through) => {
    const { jkt, url, form, bearer } = own(request);
    const headers = { DPoP: await proofFor(jkt, form === undefined ? "GET" : "POST", url, bearer) };
    if (bearer !== undefined) headers.Authorization = `DPoP ${bearer}`;
    let seen;
    const note = (headers) => {
      seen = headers;
    };
    const answer = await through(own({ ...request, headers, hear: note }), network);
    return { answer, again: hear(jkt, url, answer, seen) };
  };

  /** The same, and once more where another proof is wanted. */
  const send = async (...given) => {
    const { answer, again } = await sendOnce(...given);
    return again ? (await sendOnce(...given)).answer : answer;
  };

  return {
    send,
    /**
     * Sends a refresh token. Where no nonce of the server is known that is sure to count still, it is asked for first, by a request that spends nothing: a server
     * may take the token and then refuse the proof. One that gave no nonce wants none.
     */
    async refresh(setup, request, network, through) {
      const { jkt, url } = own(request);
      const { at, nonce } = own(servers.get(placeOf(jkt, url)));
      const isFresh = Math.abs(Date.now() - at) < FRESH || (at !== undefined && nonce === undefined);
      if (!isFresh) await sendOnce({ ...ask("prime", setup), jkt }, network, through);
      return send(request, network, through);
    },
    /** Sends a request of the application by `once`, which is given the proof; `canRepeat` says whether it can be sent a second time. */
    async resource(jkt, url, { method }, accessToken, canRepeat, once) {
      for (let isFirst = true; ; isFirst = false) {
        const response = await once(await proofFor(jkt, methodOf(method), url, accessToken));
        const { status, headers } = response;
        const date = Date.parse(headers.get("date")) / 1000;
        const answer = `${status}\n\n${date >= 0 ? date : ""}\n\n`;
        if (!hear(jkt, url, answer, headers) || !isFirst || !canRepeat) return response;
        response.body?.cancel().catch(() => {});
      }
    },
    /** The thumbprint of a new key for a login of a client; nothing where there can be none and tokens without one serve. */
    async create({ bound, config, owner }) {
      const { transactions, session } = tiers(config);
      const isOnDisk = transactions !== "memory" || session !== "memory";
      const until = Date.now() + MARGIN + 1000 * (config.transactionMaxAge ?? LIFETIME);
      try {
        const key = await make();
        const { jkt } = ask("proof", "", toJson(key.jwk));
        await add(jkt, key, owner, until, isOnDisk);
        return jkt;
      } catch (cause) {
        if (bound === "required") throw named("dpop_unavailable", cause);
      }
    },
    keep,
    forget,
    forgetAll,
  };
};
