// Vue's binding with Vue Router, whose own declarations are no strict TypeScript: this file has a project of its own.
import { createAuth } from "pkce-wasm/vue";
import { createRouter, createWebHistory } from "vue-router";

const router = createRouter({ history: createWebHistory(), routes: [] });
export const auth = createAuth(() => ({ issuer: "https://as.example", clientId: "app", redirectUri: "/" }), {
  router,
});
// @ts-expect-error This is no router.
createAuth(() => ({ issuer: "https://as.example", clientId: "app", redirectUri: "/" }), { router: {} });
