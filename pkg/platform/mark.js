// Where the page is, and whether it was reloaded while it was finishing a login.

/** Where an entry of the history says which login is being finished, as long as it is. */
export const MARK = "pkce-wasm";

export const here = () => ({
  address: globalThis.location?.href ?? "",
  mark: globalThis.history?.state?.[MARK],
});
