// Where a shell keeps the records: its secure storage where the application gives one, else what the shell has, else the page.
import { named, told } from "./errors.js";

/** Does what begins anew; a storage that does not even let that be done is told. */
export const resetting = (work) => () =>
  told(async () => {
    try {
      await work();
    } catch (cause) {
      throw named("storage_unavailable", cause, "host.storage");
    }
  });

/**
 * @param secure what the application gives: a keychain, a keystore
 * @param plain what the shell has anyway
 */
export const resting = (secure, plain) => {
  const storage = secure || plain;
  if (!storage) return { tier: "page" };
  const reset = resetting(async () => (await import("./reset.js")).empty(storage));
  return { storage, tier: secure ? "secure" : "plain", reset };
};
