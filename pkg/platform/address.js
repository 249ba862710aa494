// The page's address, in the address bar and in the history.

/** Where an address cannot be replaced (an opaque origin, a custom scheme) it stays: it holds a code that is spent. */
const replace = (state, address) => {
  try {
    globalThis.history.replaceState(state, "", address);
  } catch {}
};

const isPlain = (state) => state === null || Object.getPrototypeOf(state) === Object.prototype;

/**
 * The entry of the history in which the page is, or was when it had that address. A member of its state, `MARK`, says which login is being
 * finished.
 */
export const entry = (MARK, address) => {
  const { location, history } = globalThis;
  const without = ({ [MARK]: _, ...state }, empty) => (Object.keys(state).length > 0 ? state : empty);
  const before = history?.state?.[MARK] === undefined ? (history?.state ?? null) : null;
  let replaced;
  return {
    /** Replaces the address unless the page went elsewhere meanwhile. With a name, the entry is marked with it. */
    replace: (by, name) => {
      if (!history || location.href !== address) return;
      const { state } = history;
      replace(name !== undefined && isPlain(state) ? { ...state, [MARK]: name } : state, by);
      replaced = location.href;
    },
    /** Takes the mark away; puts the address back when it is asked to. */
    settle: (back) => {
      if (!history?.state?.[MARK] && !back) return;
      if (location.href !== (replaced ?? address)) return;
      const { state } = history;
      replace(state?.[MARK] === undefined ? state : without(state, before), back ? address : location.href);
    },
  };
};
