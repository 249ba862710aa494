// Takes the module from the application, for `slim`.

const fetched = async (url, named) => {
  try {
    return await (await fetch(url)).arrayBuffer();
  } catch (cause) {
    throw named("network_failed", cause);
  }
};

/**
 * @param mark the name of a section that the module of this version has
 * @param hash its SHA-256: the bytes as decimal numbers, with commas between them
 */
export const createInitialize =
  ({ named, ready, state, told }, mark, hash) =>
  (source) =>
    told(async () => {
      let given = await source;
      if (typeof given === "string" || given instanceof URL) given = await fetched(given, named);
      if (globalThis.Response && given instanceof Response) given = await given.arrayBuffer();
      const { Module, compile, validate } = globalThis.WebAssembly ?? {};
      if (Module && !(given instanceof Module)) {
        if (!(given instanceof ArrayBuffer || ArrayBuffer.isView(given))) throw named("module_invalid");
        // A copy, which nobody changes after it was looked at.
        const { buffer = given, byteOffset, byteLength } = given;
        given = new Uint8Array(buffer, byteOffset, byteLength).slice();
        // Insecure origins have no hash; neither has what somebody else compiled.
        const digest = await globalThis.crypto?.subtle?.digest("SHA-256", given);
        if (!validate(given) || (digest && `${new Uint8Array(digest)}` !== hash))
          throw named("module_invalid");
        // Where a policy forbids to compile it, the twin serves.
        given = await compile(given).catch(() => given);
      }
      // A module of another version is told by its mark.
      if (Module && given instanceof Module && !Module.customSections(given, mark).length)
        throw named("module_invalid");
      Object.assign(state, { module: given, exports: undefined });
      try {
        return await ready();
      } catch (error) {
        state.module = undefined;
        throw error;
      }
    });
