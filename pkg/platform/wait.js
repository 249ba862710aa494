// Waiting, and no longer than that.

/** The longest that a timer can be set to. */
export const LONGEST = 2 ** 31 - 1;

/** After that time; gives what stops the timer. */
export const after = (milliseconds, then) => {
  const timer = setTimeout(then, Math.min(milliseconds, LONGEST));
  return () => clearTimeout(timer);
};

/** Milliseconds until this page sees in localStorage what another one wrote there before it let go of a claim. */
export const SETTLING = 100;

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What a promise brings, or a rejection with what `late` gives when it takes longer. */
export const within = async (milliseconds, promise, late = () => new Error("timed out")) => {
  let stop;
  const end = new Promise((_, failed) => {
    stop = after(milliseconds, () => failed(late()));
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    stop();
  }
};

/** What a promise brings, or a rejection when the signal comes first. What the promise stands for goes on. */
export const unless = (signal, named, promise) => {
  if (!signal) return promise;
  let stop;
  const aborted = new Promise((_, failed) => {
    stop = () => failed(named("aborted", signal.reason));
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", stop));
};
