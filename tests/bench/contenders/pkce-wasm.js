// The client, which keeps the login itself.
import { Client, engine, generatePair, ready } from "pkce-wasm";
import { config, metadata } from "../server.js";

export const name = "pkce-wasm, Client";
export { engine, ready };

export const pair = () => generatePair();

let opened;
let client;

const host = {
  open: (url) => {
    opened = url;
  },
};

/** As an application does at the start of its page. */
export const prepare = () => {
  const transactionStorage = globalThis.document === undefined ? "memory" : undefined;
  client = new Client({ ...config, host, transactionStorage }, metadata);
};

export const begin = () => {
  if (!client) prepare();
  client.login();
  return opened;
};

export const finish = async (url) => {
  const { status, session, error } = await client.handleRedirect(url);
  if (status !== "signed-in") throw error ?? new Error(status);
  return session.claims.sub;
};
