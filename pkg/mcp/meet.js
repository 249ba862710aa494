// From the URL of an MCP server to a client of its authorization server. What is found is kept.
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

/** The most authorization servers of a resource that are asked: it could name those of others, to have them asked by all its users. */
const MOST_SERVERS = 8;

/** Milliseconds that a look takes whether a server answers at all, and those that a keychain may take. */
const PATIENCE = 5000;
const PROMPT = 300_000;

/** The characters of a client id and of a secret (RFC 6749 appendix A). */
const PRINTED = /^[ -~]+$/;

/** How many redirect URIs a metadata document lists ahead. */
const POOL = 8;

const isSame = (one, other) => one.replace(/\/$/, "") === `${other}`.replace(/\/$/, "");

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

export const createMeet = ({ started, Client, discover, found }, options) => {
  const { ask, failed, more, named, place: placeOf } = started;
  const loadPart = createLoadPart(started);
  const { askForClient, chooseServer, clientId, clientMetadata, clientMetadataUrl, clientSecret, ...others } =
    options;
  const { interaction: _, issuer, redirectUri, redirectUriPool = POOL, scope, serverUrl, ...config } = others;
  const { dangerouslyAllowHttp, dpop, host, timeout } = config;
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

  /** What listens on this machine is no part of a remote server, and what is not over TLS is none. */
  const isSound = (url, from) => /^https:/.test(url) || !/^https:/.test(from) || dangerouslyAllowHttp;

  const base = (url, init) => (host?.fetch ? host.fetch(url, init) : globalThis.fetch(url, init));

  /** The address of the last answer that this page was not let see. */
  let hidden;

  /** Says of a failure what a page can find out: a server that answers, and does not let this page see it. */
  const through = async (url, init) => {
    try {
      return await base(url, init);
    } catch (cause) {
      if (!isPage || init?.signal?.aborted) throw cause;
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

  const asked = (request, signal, fetch = through) =>
    send(request, { fetch, timeout: timeout ?? DEFAULT_TIMEOUT, signal }, named);

  /** A registration is no form (RFC 7591 section 3.1). */
  const inJson = (url, init) =>
    through(url, own({ ...init, headers: { ...init.headers, "Content-Type": "application/json" } }));

  /** The object that an answer is; with `statuses` of another status too. */
  const read = (answer, code, statuses) => {
    const status = Number(answer.split("\n", 1)[0]);
    const said = parse(bodyOf(answer));
    const { error: oauthError, error_description: oauthErrorDescription } = said;
    if (statuses.test(status) && !oauthError) return said;
    throw failed(placeOf(code), {
      status,
      ...(typeof oauthError === "string" && { oauthError, oauthErrorDescription }),
    });
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

  /** What the MCP server says of itself; its own origin is its authorization server where it says nothing. */
  const look = async (header, signal) => {
    const { places, scope: challenged } = ask(
      "resourcePlaces",
      serverUrl,
      header,
      dangerouslyAllowHttp ? "1" : "",
    );
    let failure;
    for (const place of places.split("\n")) {
      try {
        const said = read(await asked({ url: place }, signal), "metadata_not_found", /^200$/);
        const { resource } = said;
        if (typeof resource !== "string") throw named("resource_metadata_invalid", undefined, "resource");
        if (!ask("isOfResource", serverUrl, resource, place).yes)
          throw more(named("resource_mismatch", undefined, "resource"), {
            expected: serverUrl,
            found: resource,
          });
        const servers = words(said.authorization_servers ?? [new URL(serverUrl).origin]).split(" ");
        return { challenged, resource, servers, scopes: words(said.scopes_supported) };
      } catch (error) {
        if (/^(resource_|aborted)/.test(error.code)) throw error;
        // A server that cannot be reached may say something.
        failure = failure?.retryable ? failure : error;
      }
    }
    return { challenged, resource: serverUrl, servers: [new URL(serverUrl).origin], failure };
  };

  /** What an authorization server says of itself, by the issuer as it spells it. */
  const metadataOf = async (server, signal) => {
    const ways = {
      timeout,
      signal,
      dangerouslyAllowHttp,
      scope: null,
      fetch: through,
      host: { places: PLACES },
    };
    try {
      return await discover(server, ways);
    } catch (error) {
      // A resource server may end it with a slash, and its authorization server not, or the other way round.
      if (error.code !== "issuer_mismatch" || !isSame(server, error.found)) throw error;
      return discover(error.found, ways);
    }
  };

  /** The scopes to ask for, which may be none. */
  const scopesOf = ({ metadata, scopes = "" }, challenged = "", granted = "") => {
    const offline = words(metadata.scopes_supported).split(" ").includes("offline_access");
    return (
      ask("scopes", granted, challenged, `${scope ?? ""}`, `${scopes}\n${offline ? 1 : ""}`).scope ?? null
    );
  };

  /** How the authorization server knows this application: it is registered there where it has to be (RFC 7591). */
  const identify = async (metadata, said, signal) => {
    const { issuer, registration_endpoint: url } = metadata;
    const withMethod = (client, secret, registered = "") => {
      const offered = words(metadata.token_endpoint_auth_methods_supported);
      const clientSecret = typeof secret === "string" ? secret : "";
      return {
        ...client,
        ...ask("secretMethod", `${registered}`, clientSecret, offered, isPage ? "1" : ""),
        clientSecret,
      };
    };
    if (clientId !== undefined) return withMethod({ clientId, redirectUri }, clientSecret);
    const isShared = metadata.authorization_response_iss_parameter_supported === true;
    const uri = (slot) => (isShared ? redirectUri : ask("ownRedirectUri", redirectUri, issuer, slot).uri);
    if (clientMetadataUrl && metadata.client_id_metadata_document_supported === true) {
      const { issuers = [] } = isShared ? {} : await load("pool");
      const slot = issuers.includes(issuer) ? issuers.indexOf(issuer) : issuers.push(issuer) - 1;
      if (slot >= redirectUriPool) throw named("redirect_uri_shared", undefined, "redirectUriPool");
      if (!isShared) await save({ issuers }, "pool");
      return { clientId: clientMetadataUrl, redirectUri: uri(`${slot + 1}`) };
    }
    const mine = uri("");
    const kept = await load(issuer, mine);
    if (kept.clientId && !(1000 * kept.expiresAt <= Date.now())) return kept;
    let client;
    if (url) {
      if (!isSound(url, issuer)) throw named("endpoint_insecure", undefined, "registration_endpoint");
      const form = JSON.stringify({
        application_type: /^https:/.test(mine) ? "web" : "native",
        ...clientMetadata,
        redirect_uris: [mine],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
        // All that may be asked for some day: a server refuses a client what it did not register for.
        scope: scopesOf({ metadata, ...said }, said.challenged, said.scopes) ?? undefined,
        dpop_bound_access_tokens: dpop === "required" || undefined,
      });
      const given = read(await asked({ url, form }, signal, inJson), "registration_refused", /^20[01]$/);
      const { client_id, client_secret, client_secret_expires_at, redirect_uris = [mine] } = given;
      const wrong = (name) => named("registration_response_invalid", undefined, name);
      if (typeof client_id !== "string" || !PRINTED.test(client_id)) throw wrong("client_id");
      if (!PRINTED.test(client_secret ?? "-")) throw wrong("client_secret");
      // A registration for somebody else's redirect URI is nobody's.
      if (!words(redirect_uris).split(" ").includes(mine)) throw wrong("redirect_uris");
      const registered = given.token_endpoint_auth_method ?? "";
      client = withMethod({ clientId: client_id }, client_secret, registered);
      if (client_secret && client_secret_expires_at) client.expiresAt = client_secret_expires_at;
    } else {
      const given = own(await askForClient?.({ issuer, resource: said.resource, redirectUri: mine }));
      if (!given.clientId) throw more(named("registration_required"), { found: issuer });
      client = withMethod({ clientId: given.clientId }, given.clientSecret);
    }
    client.redirectUri = mine;
    await save(client, issuer, mine);
    return client;
  };

  /** The client that stands behind. What its server said at an earlier start is asked again before a secret goes there. */
  const clientOf = ({ metadata, resource, client }, at) => {
    const { token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint } = metadata;
    const endpoints = [token_endpoint, revocation_endpoint, pushed_authorization_request_endpoint];
    found.set(metadata, at);
    return new Client(
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
            through(url, client.clientSecret && endpoints.includes(url) ? withSecret(client, init) : init),
        },
      },
      metadata,
    );
  };

  const chosen = async ({ servers, resource }) => {
    const one = await chooseServer?.({ authorizationServers: servers, resource });
    const isWanted = (server) => (issuer ? isSame(server, issuer) : !chooseServer || server === one);
    return servers.filter((server) => isWanted(server) && isSound(server, serverUrl)).slice(0, MOST_SERVERS);
  };

  return {
    base,
    hidden: () => hidden,
    scopesOf,
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
      const said = await look(header, signal);
      const { resource, scopes, servers } = said;
      let { failure } = said;
      if (failure?.code === "metadata_not_found") failure = undefined;
      for (const server of await chosen(said)) {
        try {
          const metadata = await metadataOf(server, signal);
          const kept = { by, resource, scopes, metadata, client: await identify(metadata, said, signal) };
          const made = clientOf(kept);
          await save(kept, serverUrl);
          return { ...kept, made };
        } catch (error) {
          if (error.code === "aborted") throw error;
          failure = failure ?? error;
        }
      }
      // What is no issuer was named by the server, and not by the application.
      const isTold = failure && failure.code !== "config_invalid" && servers.length === 1;
      throw isTold ? failure : named("authorization_server_not_found", failure);
    },
    async forget({ client, metadata } = {}) {
      await save(undefined, serverUrl);
      if (client) await save(undefined, metadata.issuer, client.redirectUri);
    },
  };
};
