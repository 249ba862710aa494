// Waiting, and no longer than that.

/** The longest that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

/** After that time; gives what stops the timer. */
export const after = (milliseconds, then) => {
  const timer = setTimeout(then, Math.min(milliseconds, LONGEST));
  return () => clearTimeout(timer);
};

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What a promise brings, or a rejection when it takes longer. */
export const within = async (milliseconds, promise) => {
  let stop;
  const late = new Promise((_, failed) => {
    stop = after(milliseconds, () => failed(new Error("timed out")));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop();
  }
};
