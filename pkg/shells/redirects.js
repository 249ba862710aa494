// The URLs that a shell hands over: those by which the application was started, and those that arrive while it runs.

/** How many URLs are remembered, so that none is handed over twice. */
export const REMEMBERED = 32;

/**
 * @param launch gives the URLs by which the application was started
 * @param listen calls back with the URLs that arrive from now on; gives what ends that
 */
export const createRedirects =
  ({ launch, listen }) =>
  async (listener) => {
    const known = [];
    const hand = (urls) => {
      for (const url of urls ?? []) {
        if (known.includes(url)) continue;
        if (known.push(url) > REMEMBERED) known.shift();
        // In a promise, so that what a listener throws at one URL does not keep the next from it.
        Promise.resolve(url).then(listener);
      }
    };
    // The ears first: a URL that arrives while the others are asked for is not lost.
    const stop = await listen(hand);
    hand(await launch());
    return stop;
  };
