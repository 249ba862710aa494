// Alternating rounds: each contender has its turn in every round, and another one goes first each time.

/** Milliseconds that a turn is to take at least: long beside the steps of the coarsest clock. */
const TURN = 40;

const turned = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];

/** The numbers that `turn` gives for each contender, by its name. */
export const alternate = async (contenders, rounds, turn) => {
  const samples = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of turned(contenders, round)) {
      samples[contender.name].push(await turn(contender));
    }
  }
  return samples;
};

/** Milliseconds for so many calls. What is asynchronous is awaited, one after the other, as an application would. */
export const time = async (work, times) => {
  const start = performance.now();
  if (work() instanceof Promise) {
    for (let count = 0; count < times; count++) await work();
  } else {
    for (let count = 0; count < times; count++) work();
  }
  return performance.now() - start;
};

/** How many calls fill a turn; they also warm the code up. */
const calibrated = async (work) => {
  for (let times = 16; ; times *= 2) {
    const took = await time(work, times);
    if (took >= TURN) return Math.ceil((times * TURN) / took);
  }
};

/** Calls per second, over the rounds. `work` gives the function of a contender. */
export const rates = async (contenders, rounds, work) => {
  const times = new Map();
  for (const contender of contenders) {
    await calibrated(work(contender));
    times.set(contender, await calibrated(work(contender)));
  }
  return alternate(contenders, rounds, async (contender) => {
    const calls = times.get(contender);
    return (calls * 1000) / (await time(work(contender), calls));
  });
};
