// From the URL of an MCP server to a client of its authorization server, for the first time. It is loaded when nothing is known yet, and given what the
// others import: then no script is made of what they share.

/** The most authorization servers of a resource that are asked: it could name those of others, to have them asked by all its users. */
const MOST_SERVERS = 8;

/** The characters of a client id and of a secret (RFC 6749 appendix A). */
const PRINTED = /^[ -~]+$/;

/** How many redirect URIs a metadata document lists ahead. */
const POOL = 8;

const isSame = (one, other) => one.replace(/\/$/, "") === `${other}`.replace(/\/$/, "");

/** Meets the server: it is asked, and its authorization server. */
export const meet = async (parts, options, header, signal) => {
  const {
    ask,
    asked,
    bodyOf,
    by,
    clientOf,
    discover,
    failed,
    isPage,
    keeping,
    kept: KEPT,
    load,
    more,
  } = parts;
  const { named, own, parse, place: placeOf, places: PLACES, save, scopesOf, through, words } = parts;
  const { askForClient, chooseServer, clientId, clientMetadata, clientMetadataUrl, clientSecret } = options;
  const {
    dangerouslyAllowHttp,
    dpop,
    issuer,
    redirectUri,
    redirectUriPool = POOL,
    serverUrl,
    timeout,
  } = options;

  /** What listens on this machine is no part of a remote server, and what is not over TLS is none. */
  const isSound = (url, from) => /^https:/.test(url) || !/^https:/.test(from) || dangerouslyAllowHttp;

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

  /** What the MCP server says of itself; its own origin is its authorization server where it says nothing. */
  const look = async () => {
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
  const metadataOf = async (server) => {
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

  /** The place of an issuer among the redirect URIs that a metadata document lists ahead, from 1 on. It keeps it. */
  const slotOf = (place, issuer) => {
    const { issuers = [] } = parse(place.get(KEPT, "pool"));
    if (!issuers.includes(issuer) && issuers.length < redirectUriPool) {
      issuers.push(issuer);
      place.set(KEPT, "pool", JSON.stringify({ issuers }));
    }
    return issuers.includes(issuer) ? issuers.indexOf(issuer) + 1 : Number.POSITIVE_INFINITY;
  };

  /** How the authorization server knows this application: it is registered there where it has to be (RFC 7591). */
  const identify = async (metadata, said) => {
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
      const slot = isShared ? 0 : await keeping((place) => slotOf(place, issuer));
      if (slot > redirectUriPool) throw named("redirect_uri_shared", undefined, "redirectUriPool");
      return { clientId: clientMetadataUrl, redirectUri: uri(`${slot}`) };
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

  const chosen = async ({ servers, resource }) => {
    const one = await chooseServer?.({ authorizationServers: servers, resource });
    const isWanted = (server) => (issuer ? isSame(server, issuer) : !chooseServer || server === one);
    return servers.filter((server) => isWanted(server) && isSound(server, serverUrl)).slice(0, MOST_SERVERS);
  };

  const said = await look();
  const { resource, scopes, servers } = said;
  let { failure } = said;
  if (failure?.code === "metadata_not_found") failure = undefined;
  for (const server of await chosen(said)) {
    try {
      const metadata = await metadataOf(server);
      const kept = { by, resource, scopes, metadata, client: await identify(metadata, said) };
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
};
