// What an endpoint answers: `{ status, headers, body }`.
export const json = (value, status = 200, headers = {}) => ({
  status,
  headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
  body: typeof value === "string" ? value : JSON.stringify(value),
});

/** The parameter that is there twice, where each may be there once (RFC 6749 section 3.1); `resource` more often (RFC 8707). */
export const repeated = (given) =>
  [...given.keys()].find((name) => name !== "resource" && given.getAll(name).length > 1);

/** An error of the token endpoint and its like (RFC 6749 section 5.2). */
export const refuse = (error, error_description, status = 400) => json({ error, error_description }, status);
