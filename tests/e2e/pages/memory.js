// Keeps hold of the linear memories of all modules that run in the page, from before the package is loaded.
const instances = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, parameters) {
    const instance = new target(...parameters);
    // What decodes a module imports nothing, and is given no text but the module's.
    const [, imports] = parameters;
    if (imports) instances.push(instance);
    return instance;
  },
});

/** Which of the texts stand in linear memory, and how many bytes there are of it. */
globalThis.searchMemory = (texts) => {
  const exported = instances.flatMap(({ exports }) => Object.values(exports));
  const memories = exported.filter((value) => value instanceof WebAssembly.Memory);
  // One character for each byte.
  const held = memories.map(({ buffer }) => new TextDecoder("windows-1252").decode(buffer));
  return {
    found: texts.filter((text) => held.some((bytes) => bytes.includes(text))),
    bytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  };
};
