// Vue: the state of the sign-in as a shallow reference, for a session is not to be wrapped.
import { Client } from "pkce-wasm";
import { createApp, h, onMounted, shallowRef } from "vue";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
};

function signInState() {
  const state = shallowRef({});
  onMounted(async () => {
    const client = await Client.discover(config);
    const { error } = await client.handleRedirect();
    state.value = { client, error, session: await client.session() };
  });
  return state;
}

const App = {
  setup() {
    const state = signInState();
    return () => {
      const { client, session, error } = state.value;
      if (!client) return h("p", "One moment");
      if (error) return h("p", { role: "alert" }, error.message);
      if (session) return h("p", { id: "user" }, session.claims.name);
      return h("button", { id: "sign-in", type: "button", onClick: () => client.login() }, "Sign in");
    };
  },
};

createApp(App).mount("#root");
