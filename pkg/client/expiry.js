// The end of a session whose access token nothing can replace. It is loaded when somebody wants to know of it.

/** Milliseconds before the end at which it is announced, and the longest that a timer can be set to. */
const AHEAD = 60_000;
const LONGEST = 2 ** 31 - 1;

/** Calls `tell` with `expiring` and with `expired`, each once, at their time; it gives a promise. Gives what ends that. */
export const watchExpiry = (expiresAt, tell) => {
  let timer;
  let announced = false;
  const look = () => {
    const left = 1000 * expiresAt - Date.now();
    if (left <= 0) return tell("expired").catch(() => {});
    if (left <= AHEAD && !announced) {
      announced = true;
      tell("expiring").catch(() => {});
    }
    timer = setTimeout(look, Math.min(announced ? left : left - AHEAD, LONGEST));
    // Node waits for no such timer.
    timer.unref?.();
  };
  look();
  return () => clearTimeout(timer);
};
