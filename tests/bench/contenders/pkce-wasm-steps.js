// The stateless steps, with the application's own storage.
import { beginAuthorization, completeAuthorization, ready } from "pkce-wasm";
import { config, metadata } from "../server.js";

export const name = "pkce-wasm, steps";
export { ready };

export const begin = () => {
  const { url, state, transaction } = beginAuthorization(config, metadata);
  localStorage.setItem(`login ${state}`, transaction);
  return url;
};

export const finish = async (url) => {
  const key = `login ${new URL(url).searchParams.get("state")}`;
  const transaction = localStorage.getItem(key);
  localStorage.removeItem(key);
  const tokens = await completeAuthorization(config, metadata, transaction, url);
  return tokens.claims.sub;
};
