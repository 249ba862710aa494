// A page that signs in to the MCP server whose address the user types, lists its tools, and calls them.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { isPkceError } from "pkce-wasm";
import { mcpAuth } from "pkce-wasm/mcp";

const KEPT = "mcp-server";
const element = (id) => document.getElementById(id);

/** The sign-in to the server in use, and the connection to it. */
let auth;
let client;

const showError = (error) => {
  element("message").textContent = error ? error.message : "";
  element("message").hidden = !error;
};

/** Offers a login. The page leaves in the tick of the click: what is called again afterwards travels with the login. */
const offerLogin = (why, options) => {
  element("why").textContent = why;
  element("ask").hidden = false;
  element("sign-in").textContent = options.appState ? "Allow" : "Sign in";
  element("sign-in").onclick = () => attempt(() => auth.login(options));
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
    redirectUri: `${location.origin}/callback`,
    clientMetadata: { client_name: "MCP example in a page" },
    storage: "session",
    interaction: "none",
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
  const connecting = new Client({ name: "pkce-wasm-example", version: "1.0.0" });
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

element("server").onsubmit = (event) => {
  event.preventDefault();
  element("connected").hidden = true;
  attempt(async () => {
    use(element("url").value);
    sessionStorage.setItem(KEPT, auth.serverUrl);
    await connect();
  });
};

element("sign-out").onclick = () =>
  attempt(async () => {
    await client.close();
    await auth.logout();
    element("connected").hidden = true;
  });

const kept = sessionStorage.getItem(KEPT);
if (kept) {
  element("url").value = kept;
  await attempt(async () => {
    use(kept);
    const outcome = await auth.handleRedirect();
    if (outcome.status !== "none") history.replaceState(null, "", "/");
    if (outcome.status === "refused") throw outcome.error;
    if (!(await auth.session())) return;
    await connect();
    if (outcome.status === "signed-in" && outcome.appState) await call(outcome.appState);
  });
}
