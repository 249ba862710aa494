// The measurements in a page: the fragment names one.
import { boundary, callbacks, flat, pairs } from "./measure.js";

const work = { boundary, callbacks, flat, pairs }[location.hash.slice(1)];

try {
  window.result = await work((tenths) => {
    document.body.textContent = tenths;
  });
} catch (error) {
  window.result = { failed: `${error?.code ?? ""} ${error?.stack ?? error}` };
}
