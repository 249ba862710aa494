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
  globalThis.fireTimers?.();
};

/** From now on `passTime` moves timers too, and those that are due run then. Timers of less than a second run by themselves. */
globalThis.driveTimers = () => {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const timers = new Map();
  globalThis.setTimeout = (run, wait = 0, ...more) => {
    if (wait < 1000) return set(run, wait, ...more);
    const timer = { unref() {} };
    timers.set(timer, { at: performance.now() + wait, run: () => run(...more) });
    return timer;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer) || clear(timer);
  globalThis.fireTimers = () => {
    for (const [timer, { at, run }] of [...timers])
      if (at <= performance.now() && timers.delete(timer)) run();
  };
};
