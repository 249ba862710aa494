// One contender in a page, and in a process, of its own: from its script to the first authorization URL. The fragment names the
// contender and what is timed. The script is text already: the network has no part in it.

/** Until a page has come to rest after it was loaded. */
const REST = 300;

const pause = (duration) => new Promise((done) => setTimeout(done, duration));

/** At once, and in the global scope. */
const evaluate = (script) => {
  const element = document.createElement("script");
  element.textContent = script;
  document.head.append(element);
};

/** Milliseconds to evaluate the script, and from there to the URL; `ahead` is what is awaited before the login is begun. */
const start = async (script, ahead = () => {}) => {
  const begun = performance.now();
  evaluate(script);
  const evaluated = performance.now();
  await ahead();
  await globalThis.contender.begin();
  return { evaluate: evaluated - begun, url: performance.now() - evaluated };
};

/** The same for a page that awaits the module first, as `Client.discover` does. */
const ready = (script) => start(script, () => globalThis.contender.ready?.());

/** Milliseconds of the first click: until `begin` gives the thread back, and until the URL is there. */
const click = async (script) => {
  evaluate(script);
  await globalThis.contender.ready?.();
  globalThis.contender.prepare?.();
  await pause(REST);
  const begun = performance.now();
  const url = globalThis.contender.begin();
  const back = performance.now();
  await url;
  return { thread: back - begun, url: performance.now() - begun };
};

const [contender, what] = location.hash.slice(1).split(",");
try {
  const script = await (await fetch(`${contender}.js`)).text();
  await pause(REST);
  window.result = await { start, ready, click }[what](script);
} catch (error) {
  window.result = { failed: `${error?.code ?? ""} ${error?.stack ?? error}` };
}
