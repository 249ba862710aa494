// The end of a session whose access token nothing can replace. It is loaded when somebody wants to know of it.
import { own } from "../platform/own.js";
import { LONGEST } from "../platform/wait.js";

/** Milliseconds before the end at which it is announced. */
const AHEAD = 60_000;

/**
 * Gives what watches a session, in the place of the one before, or none. It calls `tell` with `expiring` and with `expired`, each once, at their time, if
 * `load` finds the session still.
 */
export const createWatch = (load, tell) => {
  let watched;
  let timer;
  let announced;

  const tellOf = async (id, type) => {
    if ((await load().catch(() => undefined))?.id === id) tell(type);
  };

  const look = (id, expiresAt) => {
    const left = 1000 * expiresAt - Date.now();
    if (left <= 0) return tellOf(id, "expired");
    if (left <= AHEAD && !announced) {
      announced = true;
      tellOf(id, "expiring");
    }
    timer = setTimeout(look, Math.min(announced ? left : left - AHEAD, LONGEST), id, expiresAt);
    // Node waits for no such timer.
    timer.unref?.();
  };

  return (held) => {
    const { id, tokens } = own(held);
    const { refreshToken, expiresAt } = own(tokens);
    const next = refreshToken === undefined && expiresAt ? `${id} ${expiresAt}` : undefined;
    if (next === watched) return;
    clearTimeout(timer);
    watched = next;
    announced = false;
    if (next) look(id, expiresAt);
  };
};
