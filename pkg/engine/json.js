// JSON of an object's own members alone. `Object.prototype` cannot speak for an object that lacks a member, and no `toJSON` is called,
// which anybody could put there.

/** An object with the own members of another, and no other. */
export const own = (object) => ({ __proto__: null, ...object });

export const toJson = (value) => {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${Array.from(value, toJson).join()}]`;
  const members = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${members.map((name) => `${JSON.stringify(name)}:${toJson(value[name])}`).join()}}`;
};
