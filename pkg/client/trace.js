// Tells the application what happens, step by step. It is loaded where the configuration has `trace`, and nowhere else.
import { own } from "../platform/own.js";

/**
 * Parameters and members whose values are shown: they are in every address bar, or say what was asked for and granted. Of all others the length is. `request_uri`
 * is not among them: it stands for a request that nobody has made yet.
 */
const OPEN =
  "client_id code_challenge code_challenge_method dpop_jkt error error_description expires_in grant_type iss issuer jwks_uri max_age post_logout_redirect_uri prompt \
redirect_uri resource response_mode response_type scope token_type token_type_hint".split(" ");

/** Members of metadata, which are all public. */
const PUBLIC = /_(endpoint|supported)$/;

/** The most characters of a value that is shown, and of an answer that is read for its members. */
const MOST_SHOWN = 500;
const MOST_READ = 1 << 20;

/** The headers that carry credentials. */
const CREDENTIALS = ["Authorization", "DPoP"];

/** The public methods that are told of, by the step that they are. */
const STEPS = {
  login: "login",
  loginWithPopup: "login",
  handleRedirect: "callback",
  session: "session",
  logout: "logout",
};

/** A URL without query and fragment. */
const bare = (url) => `${url}`.split(/[?#]/)[0];

const lengthOf = (text) => `${text.length} characters`;

const shownValue = (name, value) => {
  const isOpen = OPEN.includes(name) || PUBLIC.test(name);
  const text = Array.isArray(value) ? value.join(" ") : `${value}`;
  if (isOpen && (typeof value !== "object" || Array.isArray(value))) return text.slice(0, MOST_SHOWN);
  if (typeof value === "string") return lengthOf(value);
  return value && typeof value === "object" ? `${Object.keys(value).length} members` : typeof value;
};

const shownAll = (entries) =>
  Object.fromEntries(entries.map(([name, value]) => [name, shownValue(name, value)]));

const shown = (parameters) => shownAll([...new URLSearchParams(parameters)]);

/** The members of an answer in JSON. */
const shownMembers = (text) => {
  try {
    const answer = JSON.parse(text);
    return typeof answer === "object" ? shownAll(Object.entries(answer)) : undefined;
  } catch {}
};

/** Of the headers with credentials the scheme, and the length of the rest. */
const shownHeaders = (headers) => {
  const given = new Headers(headers);
  const found = CREDENTIALS.filter((name) => given.has(name)).map((name) => {
    const [scheme, ...rest] = given.get(name).split(" ");
    return [name, rest.length > 0 ? `${scheme} ${lengthOf(rest.join(" "))}` : lengthOf(scheme)];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
};

/** Only what is there. */
const known = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

export const createTrace = (listener) => {
  if (typeof listener !== "function") throw new TypeError("trace is no function");
  const tell = (members) => {
    const event = Object.freeze(known({ at: Date.now(), ...members }));
    try {
      listener(event);
    } catch (error) {
      // The application's own fault stops nothing here.
      setTimeout(() => {
        throw error;
      });
    }
    const { CustomEvent, dispatchEvent } = globalThis;
    if (CustomEvent && dispatchEvent)
      dispatchEvent.call(globalThis, new CustomEvent("pkce-wasm:trace", { detail: event }));
  };

  /** What is told of an answer: of a resource server's only the size that it says. */
  const contentOf = async (response, isServer) => {
    const said = response.headers.get("content-length");
    if (!isServer || said > MOST_READ) return { size: said === null ? undefined : Number(said) };
    const text = await response.clone().text();
    return { size: said === null ? text.length : Number(said), parameters: shownMembers(text) };
  };

  /** A network whose requests are told of. `isServer` says whether a URL is the authorization server's. */
  const wire = (network, isServer = () => true) => {
    const fetch = network.fetch ?? globalThis.fetch;
    return {
      ...network,
      async fetch(url, init) {
        const { method = "GET", body, headers } = own(init);
        const began = performance.now();
        const where = { method, url: bare(url) };
        const isOurs = isServer(`${url}`);
        const isForm = isOurs && typeof body === "string";
        const parameters = isForm ? shown(body) : undefined;
        tell({ step: "request", ...where, parameters, headers: shownHeaders(headers) });
        try {
          const response = await fetch(url, init);
          const { status } = response;
          const ms = performance.now() - began;
          contentOf(response, isOurs).then(
            (content) => tell({ step: "response", ...where, status, ms, ...content }),
            () => tell({ step: "response", ...where, status, ms }),
          );
          return response;
        } catch (error) {
          tell({ step: "response", ...where, ms: performance.now() - began, error: error.name });
          throw error;
        }
      },
    };
  };

  /** From here on what this client does is told. */
  const watch = (client, inner, events) => {
    const { network } = inner;
    inner.leaves = (url) =>
      tell({ step: "navigate", url: bare(url), parameters: shown(new URL(url).search) });
    inner.network = (options) =>
      wire(
        network(options),
        (url) =>
          new URL(url, globalThis.location?.href).origin === new URL(inner.metadata.token_endpoint).origin,
      );
    for (const [name, step] of Object.entries(STEPS)) {
      const method = client[name];
      const traced = (...parameters) => {
        const began = performance.now();
        const end = (members) => tell({ step, ms: performance.now() - began, ...members });
        const address = step === "callback" ? (parameters[0] ?? globalThis.location?.href) : undefined;
        const url =
          step === "login" ? bare(client.metadata.authorization_endpoint) : address && bare(address);
        const query = address && new URL(address, globalThis.location?.href).search;
        tell({ step, url, parameters: query ? shown(query) : undefined });
        const refuse = (error) => {
          end({ error: error.code ?? error.name });
          throw error;
        };
        const tellOutcome = (outcome) => {
          const isSession = step === "session" && (outcome ? "signed-in" : "signed-out");
          end(known({ outcome: outcome?.status ?? (isSession || undefined), error: outcome?.error?.code }));
          return outcome;
        };
        try {
          const outcome = method.apply(client, parameters);
          if (typeof outcome?.then !== "function") return tellOutcome(outcome);
          return outcome.then(tellOutcome, refuse);
        } catch (error) {
          return refuse(error);
        }
      };
      Object.defineProperty(client, name, { value: traced, configurable: true, writable: true });
    }
    for (const type of events) {
      client.on(type, ({ reason, elsewhere }) => tell({ step: "event", event: type, reason, elsewhere }));
    }
  };

  return { wire, watch };
};
