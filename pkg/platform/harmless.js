// What went wrong in a request, without the secrets that it carried. The error of a host may hold the whole request, and that of a
// platform the header that it does not take.

/** How many causes behind each other are told. */
const DEPTH = 4;
/** Characters of what is struck out: no secret is shorter. */
const SHORTEST = 6;

/** A copy of an error by its name, its message, its code and its cause, in which no secret stands. */
export const harmless = (error, secrets, depth = DEPTH) => {
  const strike = (text) => {
    for (const secret of secrets) {
      if (!(secret?.length >= SHORTEST)) continue;
      for (const each of [secret, encodeURIComponent(secret)]) text = text.split(each).join("[secret]");
    }
    return text;
  };
  try {
    const { name, message, code, cause } = Object(error);
    const copy = new Error(strike(`${message ?? error}`));
    copy.name = strike(`${name ?? copy.name}`);
    // Why there was no connection (`ECONNREFUSED`, `ENOTFOUND`), as Node has it.
    if (typeof code === "string") copy.code = strike(code);
    if (cause !== undefined && depth > 0) copy.cause = harmless(cause, secrets, depth - 1);
    return copy;
  } catch {
    // It cannot be read.
    return new Error("unknown");
  }
};
