// Members that an object has of its own. What anybody can put on `Object.prototype` does not speak for an object that lacks the member.

/** An object with the own members of another, and no other. */
export const own = (object) => ({ __proto__: null, ...object });

/** A member of an object or of its class, but not one that every object has. */
export const member = (object, name) => {
  const value = object?.[name];
  return value === Object.prototype[name] ? undefined : value;
};
