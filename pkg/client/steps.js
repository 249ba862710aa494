// The stateless steps, for those who keep their own records.
import { toJson } from "../engine/json.js";
import { member, own } from "../platform/own.js";
import { bodyOf, DEFAULT_TIMEOUT } from "../platform/transport.js";

/** The most characters of a callback: no server sends a longer one, and no browser goes to it. */
export const LONGEST = 1 << 20;

/** What a request is sent through. */
export const network = (config, options) => {
  const { host, timeout } = own(config);
  const given = own(options);
  return {
    fetch: given.fetch ?? member(host, "fetch")?.bind(host),
    timeout: given.timeout ?? timeout ?? DEFAULT_TIMEOUT,
    signal: given.signal,
  };
};

/** A configuration for the module: whether there is a host's storage, in the place of the host. */
export const settings = ({ host, trace: _, ...config }) =>
  toJson({ ...config, host: Boolean(member(host, "storage")) });

/** Whether an object has those members and no other. */
const isSame = (object, members) => {
  const names = Object.keys(object ?? {});
  return (
    names.length === Object.keys(members).length && names.every((name) => object[name] === members[name])
  );
};

export const createSteps = (parts) => {
  const { ask, guarded, loadExchange, loadSignedIn, named, ready, send, told } = parts;
  // Who calls the steps one after the other gives them the same each time.
  let last;

  const setupOf = (config, metadata) => {
    if (!last || !isSame(config, last.config) || !isSame(metadata, last.metadata)) {
      const { setup } = ask("setup", settings(own(config)), toJson(metadata));
      last = { config: own(config), metadata: own(metadata), setup };
    }
    return last.setup;
  };

  const discover = async (issuer, options) => {
    await ready();
    const given = own(options);
    const { dangerouslyAllowHttp } = given;
    const allowed = toJson({ dangerouslyAllowHttp });
    const { openid, oauth } = ask("discovery", `${issuer}`, allowed);
    const look = async (url) => {
      const answer = await send({ url }, network(given, options));
      ask("metadata", `${issuer}`, allowed, answer);
      return JSON.parse(bodyOf(answer));
    };
    return look(openid).catch((error) => {
      if (error.code !== "metadata_not_found") throw error;
      return look(oauth);
    });
  };

  const complete = async (config, metadata, transaction, callbackUrl, options) => {
    await ready();
    const setup = setupOf(config, metadata);
    const net = network(own(config), options);
    const exchange = await loadExchange();
    const url = `${callbackUrl}`;
    if (url.length > LONGEST) throw named("callback_invalid");
    const request = ask("redeem", setup, `${transaction}`, url);
    const answer = await exchange.send(request, net);
    const step = ask("finish", setup, `${transaction}`, answer, request.form);
    return (await exchange.conclude(step, net, true)).tokens;
  };

  /** A step for those who are signed in; what it is made of is loaded when it is first taken. */
  const later = (name) => (config, metadata, tokens, options) =>
    told(
      (async () => {
        await ready();
        const setup = setupOf(config, metadata);
        const { session } = ask("fromTokens", toJson(tokens));
        const signedIn = await loadSignedIn();
        return signedIn[name]({ setup, session, tokens }, network(own(config), options));
      })(),
    );

  return {
    discover: (issuer, options) => told(discover(issuer, options)),
    beginAuthorization: (config, metadata, options) =>
      guarded(() => {
        const { url, state, transaction } = ask("begin", setupOf(config, metadata), toJson(own(options)), "");
        return { url, state, transaction };
      }),
    completeAuthorization: (...parameters) => told(complete(...parameters)),
    refreshTokens: later("refreshTokens"),
    fetchUserinfo: later("fetchUserinfo"),
    revokeTokens: later("revokeTokens"),
  };
};
