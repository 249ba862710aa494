// Takes the module from the application, for `slim`.

export const createInitialize =
  ({ named, ready, state }, mark) =>
  async (source) => {
    let given = await source;
    if (typeof given === "string" || given instanceof URL) given = await fetch(given);
    if (globalThis.Response && given instanceof Response) given = await given.arrayBuffer();
    const { Module, compile, validate } = globalThis.WebAssembly ?? {};
    if (Module && !(given instanceof Module)) {
      const isBytes = given instanceof ArrayBuffer || ArrayBuffer.isView(given);
      if (!isBytes || !validate(given)) throw named("module_invalid");
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
  };
