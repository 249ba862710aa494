// The plain script as somebody uses it who writes TypeScript: its global has the exports of the entry. It is compiled, never run.
import type { Client } from "pkce-wasm";
import type {} from "pkce-wasm/index.iife.js";

export async function start(): Promise<Client> {
  await pkceWasm.ready();
  const { codeVerifier, codeChallenge } = pkceWasm.generatePair();
  void [codeVerifier.length, codeChallenge.length];
  // @ts-expect-error The global has what the entry exports, and nothing else.
  void pkceWasm.generate;
  return pkceWasm.Client.discover({
    issuer: "https://login.example",
    clientId: "app",
    redirectUri: "https://app.example/",
  });
}
