// JSON of an object's own members alone: no `toJSON` is called, which anybody could put on `Object.prototype`.

const write = (value) => {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${Array.from(value, write).join()}]`;
  const members = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${members.map((name) => `${JSON.stringify(name)}:${write(value[name])}`).join()}}`;
};

/** Nothing, which the module refuses, for what is no JSON: a circle, a BigInt, an object that throws. */
export const toJson = (value) => {
  try {
    return write(value);
  } catch {
    return "";
  }
};
