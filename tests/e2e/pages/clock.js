// A page whose clock is wrong, from before the package is loaded.

/** Sets the page's clock that many days ahead. */
globalThis.setClock = (days) => {
  const now = Date.now;
  Date.now = () => now() + days * 86_400_000;
};

/** Stops both clocks, at a time in seconds since 1970: from then on only `passTime` moves them. */
globalThis.stopClock = (at) => {
  const passed = performance.now() + 1000 * at - Date.now();
  Date.now = () => 1000 * at;
  performance.now = () => passed;
};

/** Lets time pass: by the clock, and by the one that nobody can set. */
globalThis.passTime = (seconds) => {
  setClock(seconds / 86_400);
  const now = performance.now.bind(performance);
  performance.now = () => now() + 1000 * seconds;
};
