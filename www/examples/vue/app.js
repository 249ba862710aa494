// Vue with Vue Router. What is about signing in is in auth.js.
import { createApp, defineComponent, h, onMounted, ref } from "vue";
import { createRouter, createWebHistory, RouterLink, RouterView } from "vue-router";
import { api, authFor, useAuth } from "./auth.js";

const User = defineComponent(() => {
  const auth = useAuth();
  return () => {
    const button = (id, text, onClick, more) => h("button", { id, type: "button", onClick, ...more }, text);
    const user = auth.claims
      ? [h("span", { id: "user" }, auth.claims.name), button("sign-out", "Sign out", auth.logout)]
      : [button("sign-in", "Sign in", auth.login, { onPointerenter: auth.prepare })];
    return h("header", auth.error ? [...user, h("p", { role: "alert" }, auth.error.message)] : user);
  };
});

const Home = defineComponent(() => () => h("p", { id: "home" }, "Home"));
const Lost = defineComponent(() => () => h("p", { id: "lost" }, "Nothing is here"));

const Orders = defineComponent(() => {
  const auth = useAuth();
  const orders = ref();
  onMounted(async () => {
    orders.value = await api(auth, "/orders");
  });
  return () => h("p", { id: "orders" }, orders.value?.join(", ") ?? "One moment");
});

const App = defineComponent(() => () => [
  h(User),
  h("nav", [
    h(RouterLink, { to: "/" }, () => "Home"),
    h(RouterLink, { to: "/orders?open=1#top" }, () => "Orders"),
  ]),
  h(RouterView),
]);

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", component: Home },
    { path: "/orders", component: Orders, meta: { requiresAuth: true } },
    { path: "/:rest(.*)", component: Lost },
  ],
});

createApp(App).use(authFor(router)).use(router).mount("#root");
