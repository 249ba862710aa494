// The Client ID Metadata Document of an application, and what may be wrong with it (draft-ietf-oauth-client-id-metadata-document). `main` is the command of it.
import { own } from "../platform/own.js";
import { createLoadPart } from "./part.js";

/** How many redirect URIs are listed for servers that do not promise `iss`. */
const POOL = 8;

/** The most bytes that every server reads (section 6.6). */
const MOST = 5120;

/** What a document that everybody can read cannot hold (section 4.1). */
const SECRET = /^client_secret/;

const parsed = (url) => {
  try {
    return new URL(url);
  } catch {}
};

const isLoopback = ({ hostname }) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

/** What is wrong with the URL of a document (section 3); nothing when it is right. */
const faultOfUrl = (text) => {
  const url = parsed(text);
  if (url?.protocol !== "https:") return "must be an https URL";
  if (url.pathname === "/" || !url.pathname) return "must have a path, such as /client.json";
  if (/[/](\.|%2e){1,2}([/]|$)/i.test(text)) return "must not have . or .. in its path";
  if (text.includes("#")) return "must have no fragment";
  if (url.username || url.password) return "must name no user";
};

/** The same of a redirect URI (RFC 8252 section 7). */
const faultOfRedirect = (text) => {
  const url = parsed(text);
  if (!url) return "is no absolute URI";
  if (`${text}`.includes("#")) return "has a fragment, which no server accepts";
  if (url.protocol === "http:" && !isLoopback(url))
    return "is not over TLS: use https, or http on a loopback host";
  if (!/^https?:$/.test(url.protocol) && !url.protocol.includes("."))
    return "has a scheme without a dot: use one in reverse-domain form, such as com.example.app:/callback";
};

const isNative = (uri) => !/^https:/.test(uri);

export const createDocument = ({ started }) => {
  const { ask, named, told } = started;
  const loadPart = createLoadPart(started);

  const documentOf = async (given) => {
    const { url, redirectUri, redirectUriPool = POOL, clientMetadata, scope } = own(given);
    const wrong = (name, text) => named("config_invalid", new Error(text), name);
    const fault = faultOfUrl(url);
    if (fault) throw wrong("url", fault);
    const uris = [redirectUri].flat();
    for (const uri of uris) {
      const fault = faultOfRedirect(uri);
      if (fault) throw wrong("redirectUri", fault);
    }
    await loadPart();
    const slots = Array.from({ length: redirectUriPool }, (_, at) => `${at + 1}`);
    return {
      client_id: url,
      application_type: uris.every(isNative) ? "native" : "web",
      ...clientMetadata,
      redirect_uris: uris.flatMap((uri) => [
        uri,
        ...slots.map((slot) => ask("ownRedirectUri", uri, "", slot).uri),
      ]),
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      ...(scope && { scope }),
    };
  };

  return (options) => told(() => documentOf(options));
};

export const createLint = ({ started }) => {
  const lint = (given, url) => {
    const findings = [];
    const find = (level, member, message) => findings.push({ level, member, message });
    const fault = faultOfUrl(url);
    if (fault) find("error", "client_id", `The URL ${fault}.`);
    else if (new URL(url).search)
      find("warning", "client_id", "The URL has a query: some servers refuse it.");
    const text = typeof given === "string" ? given : JSON.stringify(given);
    if (new TextEncoder().encode(text).length > MOST)
      find("warning", "", `The document is larger than ${MOST} bytes: servers need not read more.`);
    let document;
    try {
      document = own(JSON.parse(text));
    } catch {}
    if (!document || /^\s*\[/.test(text)) {
      find("error", "", "The document is no JSON object.");
      return findings;
    }
    const { client_id, client_name, redirect_uris, token_endpoint_auth_method: method } = document;
    if (client_id !== url)
      find("error", "client_id", `It must be the URL itself, character for character: ${url}.`);
    if (typeof client_name !== "string" || !client_name)
      find("error", "client_name", "It is missing: servers show it to the user, and MCP requires it.");
    for (const name of Object.keys(document))
      if (SECRET.test(name)) find("error", name, "Everybody can read the document: it holds no secret.");
    if (/^client_secret_/.test(method))
      find("error", "token_endpoint_auth_method", 'A client without a secret uses "none".');
    else if (method === undefined)
      find(
        "warning",
        "token_endpoint_auth_method",
        'It is missing, which means client_secret_basic (RFC 7591 section 2): say "none".',
      );
    else if (method === "private_key_jwt" && !document.jwks && !document.jwks_uri)
      find("error", "jwks_uri", "private_key_jwt needs the keys, as jwks_uri or jwks.");
    const uris = Array.isArray(redirect_uris) ? redirect_uris : [];
    if (uris.length === 0) find("error", "redirect_uris", "It must list at least one redirect URI.");
    for (const uri of uris) {
      const fault = faultOfRedirect(uri);
      if (fault) find("error", "redirect_uris", `${uri} ${fault}.`);
    }
    if (uris.length === 1)
      find(
        "warning",
        "redirect_uris",
        "It lists one redirect URI: a second server that does not promise iss cannot be used (redirect_uri_shared). List more ahead.",
      );
    const {
      application_type = "web",
      grant_types = ["authorization_code"],
      response_types = ["code"],
    } = document;
    if (application_type === "web" && uris.some(isNative))
      find(
        "warning",
        "application_type",
        'A redirect URI that is not https belongs to an application that is "native".',
      );
    if (![grant_types].flat().includes("authorization_code"))
      find("error", "grant_types", "It must have authorization_code.");
    else if (![grant_types].flat().includes("refresh_token"))
      find(
        "warning",
        "grant_types",
        "Without refresh_token the user signs in again whenever the access token expires.",
      );
    if (![response_types].flat().includes("code")) find("error", "response_types", "It must have code.");
    for (const name of ["client_uri", "logo_uri", "tos_uri", "policy_uri"]) {
      const there = document[name];
      if (there === undefined) continue;
      if (parsed(there)?.protocol !== "https:") find("error", name, "It must be an https URL.");
      else if (!fault && new URL(there).host !== new URL(url).host)
        find("warning", name, "It is on another host than the document: servers may not show it.");
    }
    return findings;
  };

  return (document, url) => started.told(async () => lint(document, url));
};

const USAGE = `pkce-wasm client-metadata new <url> <redirect-uri> [client-name]   writes a Client ID Metadata Document
pkce-wasm client-metadata lint <url> [file]                        looks for what is wrong with the one at a URL, or in a file`;

/**
 * The command: makes a document, or looks at one. Gives the exit code.
 *
 * @param kit `pkce-wasm/mcp`
 */
export const main = async (
  [action, url, ...rest],
  kit,
  { print = console.log, readFile, fetch = globalThis.fetch } = {},
) => {
  try {
    if (action === "new" && rest.length > 0) {
      const [redirectUri, client_name] = rest;
      const clientMetadata = client_name ? { client_name } : {};
      const document = await kit.clientMetadataDocument({ url, redirectUri, clientMetadata });
      print(JSON.stringify(document, null, 2));
      return 0;
    }
    if (action === "lint" && url) {
      let text;
      const findings = [];
      if (rest[0]) text = await readFile(rest[0], "utf8");
      else {
        const answer = await fetch(url, { redirect: "manual", headers: { Accept: "application/json" } });
        const type = answer.headers.get("content-type") ?? "";
        if (answer.status !== 200)
          findings.push({
            level: "error",
            member: "",
            message: `The server answers ${answer.status}: it must be 200, without a redirect.`,
          });
        if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type))
          findings.push({
            level: "error",
            member: "",
            message: `The content type is ${type || "missing"}: it must be application/json.`,
          });
        text = await answer.text();
      }
      findings.push(...(await kit.lintClientMetadataDocument(text, url)));
      for (const { level, member, message } of findings)
        print(`${level}${member && ` ${member}`}: ${message}`);
      if (findings.length === 0) print("nothing is wrong");
      return findings.some(({ level }) => level === "error") ? 1 : 0;
    }
    print(USAGE);
    return 2;
  } catch (error) {
    print(error.message);
    return 1;
  }
};
