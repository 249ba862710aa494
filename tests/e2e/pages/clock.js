// A page whose clock is wrong, from before the package is loaded.

/** Sets the page's clock that many days ahead. */
globalThis.setClock = (days) => {
  const now = Date.now;
  Date.now = () => now() + days * 86_400_000;
};
