// Operations of the client allocate and never free. After each of them the memory is put back to what it was at the start:
// so it does not grow, and no verifier, code or token stays in it.

/** Calls a function of the module, and wipes the memory when the outermost call is over. */
export const createOperate = ({ call, engine }, glue) => {
  let image;
  let depth = 0;
  return (function_, ...parameters) => {
    engine();
    image ??= glue.getUint8ArrayMemory0().slice();
    depth++;
    try {
      return call(function_, ...parameters);
    } finally {
      depth--;
      if (!depth) {
        const bytes = glue.getUint8ArrayMemory0();
        bytes.set(image);
        bytes.fill(0, image.length);
      }
    }
  };
};
