// Very many pairs and logins: does the memory grow?
import { linear } from "./memory.js";

const heap = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const bytes = globalThis.process?.memoryUsage().heapUsed ?? performance.memory?.usedJSHeapSize;
  return bytes ?? null;
};

/** Does the work so often, a bundle at a time, and looks at the memory ten times. */
const soak = async (times, bundle, work, show) => {
  const looks = [];
  const start = performance.now();
  for (let done = 0; done <= times; done += times / 10) {
    if (done > 0) for (let count = 0; count < times / 10; count += bundle) await work();
    looks.push({ done, heap: heap(), linear: linear() });
    show(looks.length);
  }
  return { times, seconds: (performance.now() - start) / 1000, looks };
};

/** As many pairs as are made without a pause. */
const BUNDLE = 100;

export const soakPairs = (times, { pair }, show) => {
  const work = () => {
    for (let count = 0; count < BUNDLE; count++) pair();
  };
  return soak(times, BUNDLE, work, show);
};

export const soakLogins = (times, { begin, finish }, server, show) => {
  localStorage.clear();
  const login = async () => {
    const prepared = await server.prepare(await begin());
    server.expect(prepared);
    await finish(prepared.url);
  };
  return soak(times, 1, login, show);
};
