/** oidc-provider as a server that takes pushed requests and tokens that are bound to a key, and nothing else; proofs need a nonce. */
import { bind, serve } from "../../e2e/provider/serve.mjs";

await serve({ name: "bound", clientId: "app", origins: ["http://127.0.0.1:8000"], configure: bind });
