// Requests with a proof that this page has the key of the session. What a proof says, and what an answer says of it, is decided in the module.
import { add, forget, keep, load, make, sign } from "../platform/dpop_key.js";
import { own } from "../platform/own.js";
import { tiers } from "../platform/storage.js";

/** Milliseconds for which a nonce is taken for good before a code or a refresh token is sent with it. */
const FRESH = 60_000;
/** Milliseconds for which the key of a login is kept beyond the time that the login may take. */
const MARGIN = 86_400_000;
/** Seconds by which the clock of a server has to be another one for that to be why it refuses a proof. */
const LATE = 30;

const NOTHING = own();

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

/** A method as `fetch` sends it. */
const methodOf = (method = "GET") =>
  /^(delete|get|head|options|post|put)$/i.test(method) ? `${method}`.toUpperCase() : `${method}`;

export const createDpop = ({ ask, named, toJson }) => {
  /** What is known of each server, by key and origin, and by origin alone whichever key it was: `{ nonce, at, ahead }`. A nonce of one origin, or of one key, is of no use for another. */
  const servers = new Map();
  const placeOf = (jkt, { origin }) => `${jkt} ${origin}`;

  /** Of keys that were found to be those of their thumbprints: the header of their proofs, and the hash of the access token that each was asked to prove last. */
  const checked = new WeakMap();

  /** The proof for a request. */
  const proofFor = async (jkt, htm, url, accessToken) => {
    const key = await load(jkt).catch((cause) => {
      throw named("storage_unavailable", cause);
    });
    if (!key) throw named("dpop_key_missing");
    const { nonce, ahead } = servers.get(placeOf(jkt, url)) ?? NOTHING;
    const known = checked.get(key) ?? own();
    const isHashed = accessToken !== undefined && known.accessToken === accessToken;
    const about = { __proto__: null, htm, htu: url.href, nonce, ahead };
    if (isHashed) about.ath = known.ath;
    else about.accessToken = accessToken;
    if (!known.head) about.jkt = jkt;
    const answer = ask("proof", JSON.stringify(about), known.head ? "" : toJson(key.jwk));
    known.head = known.head ?? answer.head;
    if (accessToken !== undefined) Object.assign(known, { accessToken, ath: answer.ath });
    checked.set(key, known);
    const input = `${known.head}.${answer.claims}`;
    try {
      return `${input}.${base64url(await sign(key, input))}`;
    } catch (cause) {
      // What is no such key is another one in its place.
      const code = cause.name === "OperationError" ? "dpop_unavailable" : "dpop_key_missing";
      throw named(code, cause);
    }
  };

  /** Remembers what an answer says of nonces and clocks; gives whether the request has to be sent again. */
  const hear = (jkt, url, answer, headers) => {
    const place = placeOf(jkt, url);
    const before = servers.get(place) ?? NOTHING;
    const { ahead: was = 0 } = before;
    const [status, , date] = answer.split("\n", 3);
    // The answer of another address says nothing of this one.
    const ahead = date && status !== "0" ? Number(date) - Math.floor(Date.now() / 1000) : was;
    const given = headers.get("dpop-nonce") ?? "";
    const late = Math.abs(ahead - was) > LATE ? "1" : "";
    // Any other answer without another nonce has nothing to say.
    const isNews = given !== (before.nonce ?? "") || /^40[01]$/.test(status);
    const { nonce = before.nonce, again } = isNews
      ? ask("proven", answer, headers.get("www-authenticate") ?? "", given, late)
      : NOTHING;
    const known = own({ nonce, at: Date.now(), ahead });
    servers.set(place, known).set(url.origin, known);
    return again === true;
  };

  /** Sends a request of the module: the answer, and whether another proof is wanted. */
  const sendOnce = async (request, network, through) => {
    const { jkt, form, bearer } = own(request);
    const url = new URL(request.url);
    const proof = await proofFor(jkt, form === undefined ? "GET" : "POST", url, bearer);
    const { fetch = globalThis.fetch } = network;
    let seen;
    const proven = async (address, init) => {
      init.headers.DPoP = proof;
      if (bearer !== undefined) init.headers.Authorization = `DPoP ${bearer}`;
      const response = await fetch(address, init);
      seen = response.headers;
      return response;
    };
    const answer = await through(request, { ...network, fetch: proven });
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
     * Sends a code or a refresh token. Where no nonce of the server is known that is sure to count still, it is asked for first, by a request that spends nothing: a
     * server may take the code or the token and then refuse the proof. One that gave no nonce wants none.
     */
    async spend(setup, request, network, through) {
      const { jkt } = own(request);
      const url = new URL(request.url);
      const { at } = servers.get(placeOf(jkt, url)) ?? NOTHING;
      const of = servers.get(url.origin);
      const isFresh = Math.abs(Date.now() - at) < FRESH || (of && of.nonce === undefined);
      if (!isFresh) await sendOnce({ ...ask("prime", setup), jkt }, network, through);
      return send(request, network, through);
    },
    /** Sends a request of the application by `once`, which is given the proof; `canRepeat` says whether it can be sent a second time. */
    async resource(jkt, address, { method }, accessToken, canRepeat, once) {
      const url = new URL(address);
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
      // It is only preferred, and the server takes none of its kind.
      if (bound === "none") return;
      const { transactions, session } = tiers(config);
      const isOnDisk = transactions !== "memory" || session !== "memory";
      const until = Date.now() + MARGIN + 1000 * (config.transactionMaxAge ?? 0);
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
  };
};
