/**
 * A real authorization server for a page of the tests: oidc-provider as the demo has it, with access tokens that live for a minute. Refresh tokens
 * rotate, and one that is used twice ends the whole grant.
 *
 *     node main.mjs ORIGIN [bound]
 *
 * With `bound` it takes pushed requests and tokens that are bound to a key, and nothing else, and proofs need a nonce.
 */
import { bind, serve } from "./serve.mjs";

const [origin, bound] = process.argv.slice(2);

await serve({
  name: "lab",
  clientId: "lab",
  origins: [origin],
  configure: (plain) => {
    const shortLived = { ...plain, ttl: { ...plain.ttl, AccessToken: 60 } };
    return bound ? bind(shortLived) : shortLived;
  },
  // The page's clock is hours ahead in the end.
  dress: (provider) =>
    provider.use(async (context, next) => {
      await next();
      context.append("Access-Control-Expose-Headers", "Date");
    }),
});
