/** The only person whom the demo's authorization servers know. */

/** The login name, and the `sub` of every token. */
export const ACCOUNT_ID = "ada";

const CLAIMS = {
  sub: ACCOUNT_ID,
  name: "Ada Demo",
  preferred_username: ACCOUNT_ID,
  email: "ada@example.com",
  email_verified: true,
};

/**
 * Finds an account, as oidc-provider asks for it.
 *
 * @param {unknown} _ctx - The request; not needed.
 * @param {string} id - The account's id.
 */
export function findAccount(_ctx, id) {
  return id === ACCOUNT_ID ? { accountId: id, claims: () => ({ ...CLAIMS }) } : undefined;
}
