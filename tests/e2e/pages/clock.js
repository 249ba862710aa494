// A page whose clock is wrong, from before the package is loaded.

/** Sets the page's clock that many days ahead. */
globalThis.setClock = (days) => {
  const now = Date.now;
  Date.now = () => now() + days * 86_400_000;
};

/** Lets time pass: by the clock, and by the one that nobody can set. */
globalThis.passTime = (seconds) => {
  setClock(seconds / 86_400);
  const now = performance.now.bind(performance);
  performance.now = () => now() + 1000 * seconds;
};
