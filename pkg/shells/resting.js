// Where a shell keeps the records: its secure storage where the application gives one, else what the shell has, else the page.

/**
 * @param secure what the application gives: a keychain, a keystore
 * @param plain what the shell has anyway
 */
export const resting = (secure, plain) => {
  if (secure) return { storage: secure, tier: "secure" };
  return plain ? { storage: plain, tier: "plain" } : { tier: "page" };
};
