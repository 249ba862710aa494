// What an endpoint answers: `{ status, headers, body }`.
export const json = (value, status = 200, headers = {}) => ({
  status,
  headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
  body: typeof value === "string" ? value : JSON.stringify(value),
});

/** An error of the token endpoint and its like (RFC 6749 section 5.2). */
export const refuse = (error, error_description, status = 400) => json({ error, error_description }, status);
