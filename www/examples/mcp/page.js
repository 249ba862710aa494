// Signs in to the MCP server whose address the user types, lists its tools, and calls them.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { isPkceError } from "pkce-wasm";
import { mcpAuth } from "pkce-wasm/mcp";

const KEPT = "mcp-server";
const element = (id) => document.getElementById(id);

/** The SDK checks structured results by code that it makes of their schemas, which a policy without 'unsafe-eval' forbids. This page shows texts alone. */
const jsonSchemaValidator = { getValidator: () => (data) => ({ valid: true, data }) };

/** Where the page runs: the options of mcpAuth that depend on it. */
let place;

/** The sign-in to the server in use, and the connection to it. */
let auth;
let client;

const showError = (error) => {
  element("message").textContent = error ? error.message : "";
  element("message").hidden = !error;
};

/** Signs in. The page leaves in the tick of the click; in an application the user may come back, and click again. */
const signIn = (options) => {
  const asked = auth;
  showError();
  asked.login(options).catch((error) => asked === auth && showError(error));
};

/** Offers a login. What is called again afterwards travels with it. */
const offerLogin = (why, options) => {
  element("why").textContent = why;
  element("ask").hidden = false;
  element("sign-in").textContent = options.appState ? "Allow" : "Sign in";
  element("sign-in").onclick = () => signIn(options);
};

/** Runs something that the user asked for. What needs a login says so. */
const attempt = async (step, call) => {
  showError();
  element("ask").hidden = true;
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  try {
    await step();
  } catch (error) {
    if (!isPkceError(error, "sign_in_required") && !isPkceError(error, "insufficient_scope")) {
      showError(error);
    } else {
      await auth.prepare().then(
        () =>
          offerLogin(call ? `${call.name} needs your permission.` : "This server asks you to sign in.", {
            ...error.loginOptions,
            appState: call ?? null,
          }),
        showError,
      );
    }
  } finally {
    for (const button of document.querySelectorAll("button")) button.disabled = false;
    if (!element("ask").hidden) element("sign-in").focus();
  }
};

/** The MCP server at an address. */
const use = (serverUrl) => {
  auth?.close();
  auth = mcpAuth({
    serverUrl,
    clientMetadata: { client_name: "MCP example" },
    interaction: "none",
    ...place,
  });
};

const text = ({ content }) =>
  content.map((part) => (part.type === "text" ? part.text : `(${part.type})`)).join("\n");

/** A tool as a form: a field for each of its arguments. */
const toolCard = ({ name, title, description, inputSchema }) => {
  const form = document.createElement("form");
  form.className = "card";
  form.id = name;
  const heading = document.createElement("h3");
  heading.textContent = title ?? name;
  const about = document.createElement("p");
  about.className = "quiet";
  about.textContent = description ?? "";
  form.append(heading, about);
  for (const [argument, { type, description }] of Object.entries(inputSchema.properties ?? {})) {
    const label = document.createElement("label");
    const hint = document.createElement("small");
    hint.textContent = description ?? type;
    const input = document.createElement("input");
    Object.assign(input, { name: argument, required: inputSchema.required?.includes(argument) ?? false });
    if (type === "number" || type === "integer") input.type = "number";
    label.append(argument, hint, input);
    form.append(label);
  }
  const button = document.createElement("button");
  button.textContent = "Call";
  const result = document.createElement("pre");
  result.hidden = true;
  form.append(button, result);
  form.onsubmit = (event) => {
    event.preventDefault();
    const fields = [...new FormData(form)].filter(([, value]) => value !== "");
    const values = fields.map(([field, value]) => {
      const isNumber = form.elements[field].type === "number";
      return [field, isNumber ? Number(value) : value];
    });
    call({ name, arguments: Object.fromEntries(values) });
  };
  return form;
};

/** Calls a tool. */
const call = (wanted) =>
  attempt(async () => {
    const answer = await client.callTool(wanted);
    const result = element(wanted.name).querySelector("pre");
    result.textContent = text(answer);
    result.hidden = false;
  }, wanted);

/** Connects, and shows the tools. */
const connect = async () => {
  const about = { name: "pkce-wasm-example", version: "1.0.0" };
  const connecting = new Client(about, { jsonSchemaValidator });
  const url = new URL(auth.serverUrl);
  await connecting.connect(new StreamableHTTPClientTransport(url, { fetch: auth.fetch }));
  client = connecting;
  const { tools } = await client.listTools();
  element("title").textContent = client.getServerVersion()?.name ?? url.host;
  const session = await auth.session();
  element("at").textContent = session ? `Signed in. Scopes: ${session.scope}` : "No sign-in is needed here.";
  element("tools").replaceChildren(...tools.map(toolCard));
  element("connected").hidden = false;
};

/** Goes on where a login was asked for, if this is the answer to it; otherwise at the start of the page. */
const arrive = async (url) => {
  const outcome = await auth.handleRedirect(url);
  // Every program can open an application by a URL: what signs nobody in changes nothing.
  if (url && /^(none|other-login)$/.test(outcome.status)) return outcome;
  history.replaceState(null, "", "/");
  await attempt(async () => {
    if (outcome.status === "refused") throw outcome.error;
    if (!(await auth.session())) return;
    await connect();
    if (outcome.appState) await call(outcome.appState);
  });
  return outcome;
};

/**
 * Starts the page.
 *
 * @param {object} options - Those of mcpAuth that depend on where the page runs: redirectUri, storage, and the host of an application.
 */
export const start = async (options) => {
  place = options;
  const kept = options.storage === "local" ? localStorage : sessionStorage;

  element("server").onsubmit = (event) => {
    event.preventDefault();
    element("connected").hidden = true;
    attempt(async () => {
      use(element("url").value);
      kept.setItem(KEPT, auth.serverUrl);
      await connect();
    });
  };

  element("sign-out").onclick = () =>
    attempt(async () => {
      await client.close();
      await auth.logout();
      element("connected").hidden = true;
    });

  const serverUrl = kept.getItem(KEPT);
  if (serverUrl) {
    element("url").value = serverUrl;
    use(serverUrl);
    await attempt(() => arrive());
  }
  // A browser loads the page by the redirect; an application is handed it.
  const failed = (error) => {
    showError(error);
    throw error;
  };
  await options.host?.onRedirect(async (url) => auth && arrive(url).catch(failed));
};
