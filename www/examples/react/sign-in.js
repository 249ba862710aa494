// The client as a hook.
import { Client } from "pkce-wasm";
import { useEffect, useState } from "react";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
};

async function start() {
  const client = await Client.discover(config);
  const { error } = await client.handleRedirect();
  return { client, session: await client.session(), error };
}

// Once for the page: a session in memory belongs to the client that signed in.
let started;

export function useSignIn() {
  const [state, setState] = useState({});
  useEffect(() => {
    started ??= start();
    started.then(setState, (error) => setState({ error }));
  }, []);
  return state;
}
