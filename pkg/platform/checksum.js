// Whether a text is the one that it was.

/** FNV-1a: what was cut short, or written at the same time by two pages, is not taken for a text. */
export const checksum = (text) => {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum >>> 0;
};
