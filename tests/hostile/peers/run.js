// Takes each client through the cases that the hostile server serves, with the client's default settings along its documented
// path, and prints what became of them as JSON. The cases come as JSON on standard input; PKCE_WASM_INSTALLED names the folder in
// which the packed tarball of this repository is installed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as oauth4webapi from "./oauth4webapi.js";
import * as oidcClientTs from "./oidc-client-ts.js";
import * as openidClient from "./openid-client.js";
import * as pkceWasm from "./pkce-wasm.js";

/** Longer than any answer takes; a client that waits for ever has accepted nothing. */
const PATIENCE = 10_000;

const PEERS = [pkceWasm, oauth4webapi, openidClient, oidcClientTs];

const { clientId, redirectUri, cases } = JSON.parse(readFileSync(0, "utf8"));

const version = (name) => {
  const folder = name === "pkce-wasm" ? process.env.PKCE_WASM_INSTALLED : import.meta.dirname;
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
};

/** What the browser does: goes to the authorization server and comes back with its answer. */
const visit = async (url) => {
  const response = await fetch(url, { redirect: "manual" });
  const location = response.headers.get("location");
  if (!location) throw new Error(`the authorization endpoint answered ${response.status}`);
  return location;
};

/** The name of what was thrown: clients differ in how they say it. */
const said = (error) => error?.code ?? error?.error ?? error?.message ?? String(error);

const meet = async (peer, { name, group, lie, issuer }) => {
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error("no end")).unref());
  const login = peer.login({ issuer, clientId, redirectUri, scope: "openid profile", group, visit });
  try {
    await Promise.race([login, late]);
    return { name, group, lie, accepted: true };
  } catch (error) {
    return { name, group, lie, accepted: false, error: `${said(error)}` };
  }
};

const rows = [];
for (const peer of PEERS) {
  const results = [];
  for (const one of cases) results.push(await meet(peer, one));
  rows.push({ client: peer.name, version: version(peer.name), results });
}
console.log(JSON.stringify(rows));
process.exit();
