// What is known of an MCP server and of its authorization server: where it is kept, and the client that is made of it.
import { own } from "../platform/own.js";
import { createPlace } from "../platform/records.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { bodyOf, DEFAULT_TIMEOUT, send } from "../platform/transport.js";
import { within } from "../platform/wait.js";
import { createLoadPart } from "./part.js";

/** Before the names of what is kept: an MCP server, a client of an authorization server, the issuers in the order of their redirect URIs. */
const KEPT = "pkce-wasm:2:r:";

/** Where the metadata of an authorization server are looked for, in their order (MCP specification, Authorization Server Metadata Discovery). */
const PLACES = ["oauth", "inserted", "openid"];

/** Milliseconds that a look takes whether a server answers at all, and those that a keychain may take. */
const PATIENCE = 5000;
const PROMPT = 300_000;

/** The options that are not those of a client. */
const OWN =
  "askForClient chooseServer clientMetadata clientMetadataUrl clientSecret interaction redirectUriPool serverUrl".split(
    " ",
  );

/** The elements of a list that are texts, separated by spaces. */
const words = (list) =>
  Array.isArray(list) ? list.filter((word) => typeof word === "string").join(" ") : "";

const parse = (text) => {
  try {
    return own(JSON.parse(text));
  } catch {
    return {};
  }
};

export const createKnown = ({ started, Client, discover, found }, options) => {
  const { ask, more, named } = started;
  const loadPart = createLoadPart(started);
  const { clientId, clientMetadataUrl, host, issuer, redirectUri, scope, serverUrl } = options;
  const isPage = globalThis.location && !host?.fetch;
  const { transactions } = tiers(options);
  const memory = new Records();
  const unavailable = (cause) => named("storage_unavailable", cause);
  /** By what the application would be another one. */
  const by = JSON.stringify([redirectUri, clientId, clientMetadataUrl, issuer]);

  const keeping = async (work) => {
    const placed = (records) => work(createPlace(transactions, memory, records, unavailable));
    if (transactions !== "host") return placed();
    return withRecords(host.storage, host.storage.timeout ?? PROMPT, unavailable, placed);
  };
  const load = (...name) => keeping((place) => parse(place.get(KEPT, JSON.stringify(name))));
  const save = (record, ...name) =>
    keeping((place) =>
      record
        ? place.set(KEPT, JSON.stringify(name), JSON.stringify(record))
        : place.remove(KEPT, JSON.stringify(name)),
    );

  const base = (url, init) => (host?.fetch ? host.fetch(url, init) : globalThis.fetch(url, init));

  /** The signal of a request. */
  const signalOf = (input, init) => own(init).signal ?? input.signal;

  /** The address of the last answer that this page was not let see. */
  let hidden;

  /** Says of a failure what a page can find out: a server that answers, and does not let this page see it. `input` is that URL or a request to it. */
  const through = async (url, init, input = url) => {
    try {
      return await base(input, init);
    } catch (cause) {
      if (!isPage || signalOf(input, init)?.aborted) throw cause;
      const [bare] = url.split(/[?#]/, 1);
      const blind = {
        mode: "no-cors",
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
      };
      await within(PATIENCE, globalThis.fetch(bare, blind)).catch(() => Promise.reject(cause));
      hidden = bare;
      throw more(named("cors_refused", cause), { url: bare });
    }
  };

  /** Shows a secret to the server that gave it (RFC 6749 section 2.3.1). */
  const withSecret = ({ clientId, clientSecret, method }, { body, headers, ...init }) => {
    const form = new URLSearchParams(body);
    if (method === "client_secret_post") form.set("client_secret", clientSecret);
    else {
      form.delete("client_id");
      headers = {
        ...headers,
        Authorization: `Basic ${btoa([clientId, clientSecret].map(encodeURIComponent).join(":"))}`,
      };
    }
    return own({ ...init, headers, body: `${form}` });
  };

  /** The scopes to ask for, which may be none. */
  const scopesOf = ({ metadata, scopes = "" }, challenged = "", granted = "") => {
    const offline = words(metadata.scopes_supported).split(" ").includes("offline_access");
    return (
      ask("scopes", granted, challenged, `${scope ?? ""}`, `${scopes}\n${offline ? 1 : ""}`).scope ?? null
    );
  };

  /** The client that stands behind. What its server said at an earlier start is asked again before a secret goes there. */
  const clientOf = ({ metadata, resource, client }, at) => {
    const isEndpoint = (url) => {
      const { token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint } = made.metadata;
      return [token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint].includes(url);
    };
    found.set(metadata, at);
    const config = { ...options };
    for (const name of OWN) delete config[name];
    const made = new Client(
      {
        ...config,
        issuer: metadata.issuer,
        clientId: client.clientId,
        redirectUri: client.redirectUri,
        scope: null,
        sessionName: resource,
        resourceOrigins: [new URL(serverUrl).origin],
        host: {
          open: host?.open && ((where) => host.open(where)),
          handled: host?.handled && ((...ended) => host.handled(...ended)),
          storage: host?.storage,
          places: PLACES,
          fetch: (url, init) =>
            through(url, client.clientSecret && isEndpoint(url) ? withSecret(client, init) : init),
        },
      },
      metadata,
    );
    return made;
  };

  const asked = (request, signal, fetch = through) =>
    send(request, { fetch, timeout: options.timeout ?? DEFAULT_TIMEOUT, signal }, named);

  const parts = {
    ...started,
    asked,
    base,
    bodyOf,
    by,
    clientOf,
    discover,
    hidden: () => hidden,
    isPage,
    keeping,
    kept: KEPT,
    load,
    own,
    parse,
    places: PLACES,
    save,
    scopesOf,
    signalOf,
    through,
    words,
    isOurs: (url, resource = serverUrl) => ask("isOfResource", serverUrl, resource, "", url).yes === true,
    challengedBy: (header) => ask("resourcePlaces", serverUrl, header, "1").scope,
    /** What was found at an earlier start; nothing without. */
    async recall() {
      await loadPart();
      const kept = await load(serverUrl);
      return kept.by === by ? { ...kept, isOld: true, made: clientOf(kept, 0) } : undefined;
    },
    /** Meets the server: it is asked, and its authorization server. */
    async meet(header, signal) {
      await loadPart();
      const { meet } = await import("./meet.js").catch((cause) => {
        throw named("network_failed", cause);
      });
      return meet(parts, options, header, signal);
    },
    async forget({ client, metadata } = {}) {
      await save(undefined, serverUrl);
      if (client) await save(undefined, metadata.issuer, client.redirectUri);
    },
  };
  return parts;
};
