/** The statuses of answers that have no body: a `Response` refuses one (Fetch, "null body status"). */
const BODILESS = [204, 205, 304];

/** What the other half of a shell was answered, as `fetch` gives it: with the address that it came from, where that is known. */
export const responseOf = (body, head, url) => {
  const response = new Response(BODILESS.includes(head.status) ? null : body, head);
  return url ? Object.defineProperty(response, "url", { value: url }) : response;
};
