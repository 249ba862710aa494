// What an application does after the sign-in. A part of the package that is loaded by need, and that a bundler has lost, is missed here.
import { Client, engine, isPkceError } from "pkce-wasm";

/** Uses everything once; gives what was seen. */
const tryAll = async (client, resource) => {
  const seen = {};
  // First: a pop-up has to be opened in the click.
  const popup = await client.loginWithPopup();
  seen.popup = popup.error?.message ?? popup.status;
  const { session } = popup;

  const answer = await session.fetch(resource);
  seen.fetch = (await answer.json()).name;
  seen.userinfo = (await session.userinfo()).name;

  const stop = client.on("refreshed", ({ reason }) => {
    seen.refresh = reason;
  });
  await session.refresh();
  stop();

  try {
    await session.fetch("https://elsewhere.example/");
  } catch (error) {
    seen.thrown = describe(error);
  }
  const foreign = await client.handleRedirect(`${location.origin}/callback?code=c&state=${"s".repeat(43)}`);
  seen.refused = describe(foreign.error);

  seen.bound = await prepareBound(client.metadata);

  await client.logout();
  seen.session = await client.session();
  return seen;
};

/** Makes a login ready whose tokens are to be bound to a key, and goes nowhere; gives the length of the thumbprint. */
const prepareBound = async (metadata) => {
  let opened;
  const host = {
    open: (url) => {
      opened = url;
    },
  };
  const redirectUri = `${location.origin}/callback`;
  const config = { issuer: metadata.issuer, clientId: "bound", redirectUri, dpop: "required", host };
  const client = new Client(config, metadata);
  await client.prepare();
  // In this tick.
  client.login();
  return new URL(opened).searchParams.get("dpop_jkt")?.length;
};

/** An error has a sentence, which is more than its code. */
const describe = (error) => {
  if (!isPkceError(error)) return `${error}`;
  const isSentence = error.message.trim().split(/\s+/).length > 3;
  return isSentence ? error.code : `${error.code} says only: ${error.message}`;
};

/** Shows the driver which engine runs, and gives it a button that uses everything. */
export const offerParts = (client, resource) => {
  const { dataset } = document.documentElement;
  const button = document.createElement("button");
  button.id = "parts";
  button.textContent = "Use everything";
  button.onclick = async () => {
    try {
      dataset.parts = JSON.stringify(await tryAll(client, resource));
    } catch (error) {
      dataset.parts = JSON.stringify({ failed: `${error?.code ?? ""} ${error?.stack ?? error}` });
    }
  };
  document.body.append(button);
  dataset.engine = engine();
};
