// JSON of an object's own members alone: no `toJSON` is called, which anybody could put on `Object.prototype`.

export const toJson = (value) => {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${Array.from(value, toJson).join()}]`;
  const members = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${members.map((name) => `${JSON.stringify(name)}:${toJson(value[name])}`).join()}}`;
};
