// Tells the application what happens, step by step. It is loaded where the configuration has `trace`, and nowhere else.
import { own } from "../platform/own.js";

/** Parameters whose values are shown: they are in every address bar, or say what was asked for. Of all others the length is. */
const OPEN = ["client_id", "grant_type", "response_type", "scope", "iss", "error", "token_type_hint"];

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

const shown = (parameters) =>
  Object.fromEntries(
    [...new URLSearchParams(parameters)].map(([name, value]) => [
      name,
      OPEN.includes(name) ? value : `${value.length} characters`,
    ]),
  );

/** Only what is there. */
const known = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

export const createTrace = (listener) => {
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

  /** The characters of an answer of the server; of a resource server's only where it says so. */
  const sizeOf = async (response, isServer) => {
    const said = response.headers.get("content-length");
    if (said !== null) return Number(said);
    return isServer ? (await response.clone().text()).length : undefined;
  };

  /** A network whose requests are told of. `isServer` says whether a URL is the authorization server's. */
  const wire = (network, isServer = () => true) => {
    const fetch = network.fetch ?? globalThis.fetch;
    return {
      ...network,
      async fetch(url, init) {
        const { method = "GET", body } = own(init);
        const began = performance.now();
        const where = { method, url: bare(url) };
        const isOurs = isServer(`${url}`);
        const isForm = isOurs && typeof body === "string";
        tell({ step: "request", ...where, parameters: isForm ? shown(body) : undefined });
        try {
          const response = await fetch(url, init);
          const { status } = response;
          const ms = performance.now() - began;
          sizeOf(response, isOurs).then(
            (size) => tell({ step: "response", ...where, status, ms, size }),
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
