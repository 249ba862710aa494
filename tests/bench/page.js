// The measurements in a page: the fragment names one.
import { begin, boundary, callbacks, flat, instant, pairs, proofs } from "./measure.js";

const work = { begin, boundary, callbacks, flat, instant, pairs, proofs }[location.hash.slice(1)];

try {
  window.result = await work((tenths) => {
    document.body.textContent = tenths;
  });
} catch (error) {
  window.result = { failed: `${error?.code ?? ""} ${error?.stack ?? error}` };
}
