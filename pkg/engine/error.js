/** See error.d.ts. Made from a row of the table of codes: `[code, blame, retryable, message]`. */
export class PkceError extends Error {
  constructor([code, blame, retryable, message], details) {
    super(details?.subject ? `${message} (${details.subject})` : message, details);
    Object.assign(this, details, { name: "PkceError", code, blame, retryable });
  }
}

export const isPkceError = (value) => value?.name === "PkceError" && typeof value.code === "string";
