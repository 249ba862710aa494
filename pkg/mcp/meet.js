// From the URL of an MCP server to a client of its authorization server. What is found is kept.
import { own } from "../platform/own.js";
import { createPlace } from "../platform/records.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { DEFAULT_TIMEOUT, send } from "../platform/transport.js";
import { within } from "../platform/wait.js";
import { createLoadPart } from "./part.js";

/** Before the name of what is known of an MCP server, and of a client of an authorization server; and the record of issuers in the order of their redirect URIs. */
const SERVER = "pkce-wasm:2:r:";
const CLIENT = "pkce-wasm:2:c:";
const POOL = "pkce-wasm:2:p";

/** Where the metadata of an authorization server are looked for, in their order (MCP specification, Authorization Server Metadata Discovery). */
const PLACES = ["oauth", "inserted", "openid"];

/** Milliseconds that a look takes whether a server answers at all, and those that a keychain may take. */
const PATIENCE = 5000;
const PROMPT = 300_000;

const parse = (text) => {
  try {
    return own(JSON.parse(text));
  } catch {}
};

const bare = (url) => url.split(/[?#]/, 1)[0];
const isSame = (one, other) => one.replace(/\/$/, "") === other.replace(/\/$/, "");

/**
 * @param settings what the module is told of the application and of the MCP server
 */
export const createMeet = ({ started, Client, discover, found }, options, settings) => {
  const { ask, more, named } = started;
  const loadPart = createLoadPart(started);
  const { clientId, clientSecret, clientMetadataUrl, dangerouslyAllowHttp, host, redirectUri, timeout } = options;
  const isPage = globalThis.location !== undefined;
  const { transactions } = tiers(options);
  const memory = new Records();
  const unavailable = (cause) => named("storage_unavailable", cause);
  /** By what the application would be another one. */
  const by = JSON.stringify([redirectUri, clientId, clientMetadataUrl, options.issuer]);

  const keeping = async (work) => {
    if (transactions !== "host") return work(createPlace(transactions, memory, undefined, unavailable));
    return withRecords(host.storage, host.storage.timeout ?? PROMPT, unavailable, (records) =>
      work(createPlace(transactions, memory, records, unavailable)),
    );
  };
  const load = (kind, name) => keeping((place) => parse(place.get(kind, name)));
  const save = (kind, name, record) => keeping((place) => place.set(kind, name, JSON.stringify(record)));
  const remove = (kind, name) => keeping((place) => place.remove(kind, name));

  const base = (url, init) => (host?.fetch ? host.fetch(url, init) : globalThis.fetch(url, init));

  /** Says of a failure what a page can find out: a server that answers nobody but its own pages. */
  const explained = async (cause, url) => {
    if (!isPage || host?.fetch || cause?.name === "AbortError") return cause;
    const init = { mode: "no-cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };
    try {
      await within(PATIENCE, globalThis.fetch(bare(url), init));
    } catch {
      return cause;
    }
    return more(named("cors_refused", cause), { url: bare(url) });
  };

  const through = async (url, init) => {
    try {
      return await base(url, init);
    } catch (cause) {
      throw await explained(cause, url);
    }
  };

  const asked = (request, signal) => send(request, { fetch: through, timeout: timeout ?? DEFAULT_TIMEOUT, signal }, named);

  /** Shows a secret to the server that gave it (RFC 6749 section 2.3.1). */
  const withSecret = ({ clientId: id, clientSecret: secret, method }, { body, headers, ...init }) => {
    const form = new URLSearchParams(body);
    if (method === "client_secret_post") form.set("client_secret", secret);
    else {
      form.delete("client_id");
      const pair = [id, secret].map(encodeURIComponent).join(":");
      headers = { ...headers, Authorization: `Basic ${btoa(pair)}` };
    }
    return own({ ...init, headers, body: `${form}` });
  };

  /** What the MCP server says of itself. */
  const look = async (header, signal) => {
    const { places, scope } = ask("resourcePlaces", settings(), header);
    let failure;
    for (const place of places) {
      try {
        const answer = await asked({ url: place }, signal);
        return { ...ask("readResource", settings(), place, answer), challenged: scope };
      } catch (error) {
        if (/^(resource_mismatch|aborted)$/.test(error.code)) throw error;
        failure = failure ?? error;
      }
    }
    return { ...ask("readResource", settings(), "", ""), challenged: scope, failure };
  };

  /** What an authorization server says of itself, by the issuer as it spells it. */
  const metadataOf = async (issuer, signal) => {
    const ways = { timeout, signal, dangerouslyAllowHttp, scope: null, fetch: through, host: { places: PLACES } };
    try {
      return await discover(issuer, ways);
    } catch (error) {
      // A resource server may end it with a slash, and its authorization server not, or the other way round.
      if (error.code !== "issuer_mismatch" || !isSame(`${error.found}`, issuer)) throw error;
      return discover(error.found, ways);
    }
  };

  /** The place of an issuer among the redirect URIs that a metadata document lists ahead. */
  const slotOf = async (issuer) => {
    const pool = Object.values((await load(POOL, "")) ?? {});
    const at = pool.indexOf(issuer);
    return { pool, slot: (at < 0 ? pool.length : at) + 1 };
  };

  /** How the authorization server knows this application: it is registered there where it has to be. */
  const identify = async (metadata, said, signal) => {
    const { issuer } = metadata;
    const document = JSON.stringify(metadata);
    const { pool, slot } = await slotOf(issuer);
    const wanted = settings({ listedScope: said.scopes, challengedScope: said.challenged });
    const known = ask("identify", wanted, document, `${slot}`);
    const { form, method, redirectUri: uri, url } = known;
    if (clientId !== undefined) return { clientId, clientSecret, method, redirectUri: uri };
    if (known.clientId !== undefined) {
      if (!known.iss && slot > pool.length) {
        if (slot > (options.redirectUriPool ?? 8)) throw named("redirect_uri_shared", undefined, "redirectUriPool");
        await save(POOL, "", [...pool, issuer]);
      }
      return { clientId: known.clientId, redirectUri: uri };
    }
    const name = JSON.stringify([issuer, uri]);
    const kept = await load(CLIENT, name);
    if (kept?.clientId && !(1000 * kept.expiresAt <= Date.now())) return kept;
    let client;
    if (url) {
      const headers = { "Content-Type": "application/json" };
      const answer = await asked({ url, form, headers }, signal);
      client = { ...ask("readRegistration", wanted, document, uri, answer), redirectUri: uri };
    } else {
      const given = own(await options.askForClient?.({ issuer, resource: said.resource, redirectUri: uri }));
      if (!given.clientId) throw more(named("registration_required"), { found: issuer });
      const secret = settings({ clientSecret: given.clientSecret });
      client = { ...given, method: ask("identify", secret, document, "").method, redirectUri: uri };
    }
    await save(CLIENT, name, client);
    return client;
  };

  /** The client that stands behind. What its server said at an earlier start is asked again before a secret goes there. */
  const clientOf = ({ metadata, resource, client }, at) => {
    const { token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint } = metadata;
    const endpoints = [token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint];
    const fetch = (url, init) =>
      through(url, client.clientSecret && endpoints.includes(url) ? withSecret(client, init) : init);
    const config = {
      ...options,
      issuer: metadata.issuer,
      clientId: client.clientId,
      redirectUri: client.redirectUri,
      scope: null,
      sessionName: resource,
      resourceOrigins: [new URL(options.serverUrl).origin],
      host: { __proto__: host ?? null, fetch, places: PLACES },
    };
    for (const name of OWN) delete config[name];
    found.set(metadata, at);
    return new Client(config, metadata);
  };

  const chosen = async (said) => {
    const { servers, resource } = said;
    if (options.issuer) return servers.filter((issuer) => isSame(issuer, options.issuer));
    if (!options.chooseServer) return servers;
    const one = await options.chooseServer({ authorizationServers: servers, resource });
    return servers.filter((issuer) => issuer === one);
  };

  return {
    base,
    /** What was found at an earlier start; nothing without. */
    async recall() {
      await loadPart();
      const kept = await load(SERVER, options.serverUrl);
      return kept?.by === by ? { ...kept, isOld: true, made: clientOf(kept, 0) } : undefined;
    },
    /** Meets the server: it is asked, and its authorization server. */
    async meet(header, signal) {
      await loadPart();
      const said = await look(header, signal);
      const { resource, scopes } = said;
      let failure;
      for (const server of await chosen(said)) {
        try {
          const metadata = await metadataOf(server, signal);
          const kept = { by, resource, scopes, metadata, client: await identify(metadata, said, signal) };
          const made = clientOf(kept);
          await save(SERVER, options.serverUrl, kept);
          return { ...kept, made };
        } catch (error) {
          if (error.code === "aborted") throw error;
          failure = failure ?? error;
        }
      }
      // A server that says nothing of itself may be one that cannot be reached.
      failure = said.failure?.code === "metadata_not_found" ? failure : (said.failure ?? failure);
      throw failure && said.servers.length === 1 ? failure : named("authorization_server_not_found", failure);
    },
    async forget(kept) {
      await remove(SERVER, options.serverUrl);
      if (kept) await remove(CLIENT, JSON.stringify([kept.metadata.issuer, kept.client.redirectUri]));
    },
  };
};

/** The options that are not those of a client. */
const OWN =
  "serverUrl clientSecret clientMetadataUrl redirectUriPool clientMetadata chooseServer askForClient interaction".split(" ");
