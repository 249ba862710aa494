// Very many pairs and logins: does the memory grow?
import { linear } from "./memory.js";
import { storage } from "./server.js";

const heap = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const bytes = globalThis.process?.memoryUsage().heapUsed ?? performance.memory?.usedJSHeapSize;
  return bytes ?? null;
};

/** Does the work so often, and looks at the memory ten times. */
const soak = async (times, work, show) => {
  const looks = [];
  const start = performance.now();
  for (let done = 0; done <= times; done += times / 10) {
    if (done > 0) for (let count = 0; count < times / 10; count++) await work();
    looks.push({ done, heap: heap(), linear: linear() });
    show(looks.length);
  }
  return { times, seconds: (performance.now() - start) / 1000, looks };
};

export const soakPairs = (times, { pair }, show) => {
  const few = () => {
    for (let count = 0; count < 100; count++) pair();
  };
  return soak(times / 100, few, show).then((result) => ({ ...result, times }));
};

export const soakLogins = (times, { begin, finish }, server, show) => {
  storage.clear();
  const login = async () => {
    const prepared = await server.prepare(await begin());
    server.expect(prepared);
    await finish(prepared.url);
  };
  return soak(times, login, show);
};
