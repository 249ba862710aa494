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

/** A configuration for the module: what the host has, in the place of the host. */
export const settings = ({ host, trace: _, ...config }) =>
  toJson({
    ...config,
    host: Boolean(member(host, "storage")),
    opensBrowser: Boolean(member(host, "open")),
  });

/** Whether an object has those members and no other. */
const isSame = (object, members) => {
  const names = Object.keys(object ?? {});
  return (
    names.length === Object.keys(members).length && names.every((name) => object[name] === members[name])
  );
};

export const createSteps = (parts) => {
  const { ask, guarded, loadExchange, loadSignedIn, more, named, ready, send, told } = parts;
  // Who calls the steps one after the other gives them the same each time.
  let last;

  const setupOf = (config, metadata) => {
    if (!last || !isSame(config, last.config) || !isSame(metadata, last.metadata)) {
      const { setup } = ask("setup", settings(own(config)), toJson(metadata));
      last = { config: own(config), metadata: own(metadata), setup };
    }
    return last.setup;
  };

  const discover = async (issuer, options, config) => {
    await ready();
    const given = own(options);
    const { acceptIssuer, dangerouslyAllowHttp, metadata, scope } = given;
    const wanted = config
      ? settings(config)
      : toJson({ acceptIssuer, dangerouslyAllowHttp, metadata, scope });
    const places = ask("discovery", `${issuer}`, wanted);
    let held;
    let first;
    let mayPass;
    // Who meets a server by way of a resource asks in another order.
    for (const name of member(own(config ?? given).host, "places") ?? Object.keys(places)) {
      if (!places[name]) continue;
      try {
        const answer = await send({ url: places[name] }, network(given, options));
        const { keyless } = ask("metadata", `${issuer}`, wanted, answer);
        const found = JSON.parse(bodyOf(answer));
        if (!keyless) return found;
        held = held ?? found;
      } catch (error) {
        if (error.code === "issuer_mismatch" || error.code === "aborted") throw error;
        first = first ?? error;
        mayPass = mayPass || (error.retryable && name !== "oauth");
      }
    }
    // A document without keys may be the lesser of two.
    if (held && !mayPass) return held;
    throw more(first, { places: Object.values(places) });
  };

  const complete = async (config, metadata, transaction, callbackUrl, options) => {
    await ready();
    const setup = setupOf(config, metadata);
    const net = network(config, options);
    const exchange = await loadExchange();
    const url = `${callbackUrl}`;
    if (url.length > LONGEST) throw named("callback_invalid");
    const request = ask("redeem", setup, `${transaction}`, url);
    const answer = await exchange.send(request, net);
    const step = exchange.read("finish", setup, `${transaction}`, answer, request.said);
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
        return signedIn[name]({ setup, session, tokens }, network(config, options));
      })(),
    );

  return {
    discover: (...given) => told(discover(...given)),
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
