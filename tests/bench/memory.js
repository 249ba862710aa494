// The memory of the modules that the package starts, and what crosses their boundary. To be imported before the package.

const memories = [];
let calls;

const counted = (functions, kind) =>
  Object.fromEntries(
    Object.entries(functions).map(([name, member]) => {
      if (typeof member !== "function") return [name, member];
      return [
        name,
        (...parameters) => {
          if (calls) calls[kind]++;
          return member(...parameters);
        },
      ];
    }),
  );

/** Looks at every instance that is started from now on; with `count`, at every call too, which costs time. */
export const watch = ({ count = false } = {}) => {
  const { Instance, instantiate } = WebAssembly;
  const given = (imports) =>
    Object.fromEntries(
      Object.entries(imports).map(([name, functions]) => [
        name,
        count ? counted(functions, "out") : functions,
      ]),
    );
  const started = ({ exports }) => {
    // Two halves of a module have one memory.
    memories.push(...Object.values(exports).filter((member) => member instanceof WebAssembly.Memory));
    return { exports: count ? counted(exports, "in") : exports };
  };
  WebAssembly.Instance = function watched(module, imports) {
    // What decodes a module imports nothing.
    if (!imports) return new Instance(module);
    return started(new Instance(module, given(imports)));
  };
  WebAssembly.instantiate = async (source, imports) => {
    const { module, instance, exports } = await instantiate(source, given(imports));
    return instance ? { module, instance: started(instance) } : started({ exports });
  };
};

/** Bytes of linear memory. */
export const linear = () => memories.map((memory) => memory.buffer.byteLength);

/** How often the boundary is crossed by a call, in each direction. */
export const crossings = (work) => {
  calls = { in: 0, out: 0 };
  work();
  const crossed = calls;
  calls = undefined;
  return crossed;
};
