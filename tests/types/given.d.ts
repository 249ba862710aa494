// What the blocks of TypeScript in the documents take for granted.
import type * as Package from "pkce-wasm";

declare global {
  const client: Package.Client;
  const config: Package.Config;
  const session: Package.Session;
  const button: HTMLButtonElement;
  const Client: typeof Package.Client;
  const discover: typeof Package.discover;
  const isPkceError: typeof Package.isPkceError;
}
