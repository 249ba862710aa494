/** See error.d.ts. Made from a row of the table of codes: `[code, blame, retryable, message]`. */
export class PkceError extends Error {
  constructor([code, blame, retryable, message], details, cause) {
    const subject = details?.subject;
    super(subject ? `${message} (${subject})` : message, cause === undefined ? undefined : { cause });
    Object.assign(this, details, { name: "PkceError", code, blame, retryable });
  }
}

export const isPkceError = (value) => value?.name === "PkceError" && typeof value.code === "string";
