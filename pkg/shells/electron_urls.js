// The URLs by which an Electron application is opened: each is for one page, and is kept until that is done with it. In the main process.

/** How many URLs, and how many logins that were begun, are remembered. */
const MOST = 32;

const stateOf = (url) => {
  try {
    return new URL(url).searchParams.get("state");
  } catch {
    return null;
  }
};

const isThere = (contents) => Boolean(contents) && !contents.isDestroyed?.();

/**
 * @param started the URLs by which the application was started
 * @param window gives the window that the application wants to be shown
 * @param windowOf gives the window of a page
 * @param tell tells a page that there is something for it
 */
export const createUrls = ({ started, window, windowOf, tell }) => {
  /** The pages that began the logins, by `state`: their callbacks are for them. */
  const begun = new Map();
  let kept = started.map((url) => ({ url }));
  /** The page that asked last: where no window is named, it is the one. */
  let last;

  const isFor = (entry, page) => {
    if (!isThere(entry.page)) entry.page = undefined;
    return entry.page === undefined || entry.page === page;
  };

  /** The window to show; none where it was closed. */
  const shown = (page) => {
    const wanted = (page && windowOf(page)) ?? window();
    return wanted && !wanted.isDestroyed?.() && isThere(wanted.webContents) ? wanted : undefined;
  };

  return {
    /** A page begins a login at that URL. */
    begin(page, url) {
      begun.set(stateOf(url), page);
      if (begun.size > MOST) begun.delete(begun.keys().next().value);
    },
    arrive(urls) {
      for (const url of urls) {
        // The same one again while it is kept is no other one.
        kept = kept.filter((entry) => entry.url !== url);
        const page = begun.get(stateOf(url));
        kept.push({ url, page: isThere(page) ? page : undefined });
      }
      kept = kept.slice(-MOST);
      const page = kept.at(-1)?.page;
      const front = shown(page);
      const listener = page ?? front?.webContents ?? last;
      if (isThere(listener)) tell(listener);
      if (!front) return;
      if (front.isMinimized()) front.restore();
      front.focus();
    },
    /** What a page has to handle. From here on it is that page's, as long as it is there. */
    take(page) {
      last = page;
      const mine = kept.filter((entry) => isFor(entry, page));
      for (const entry of mine) entry.page = page;
      return mine.map(({ url }) => url);
    },
    /** A page is done with a URL. */
    end(url) {
      kept = kept.filter((entry) => entry.url !== url);
    },
  };
};
