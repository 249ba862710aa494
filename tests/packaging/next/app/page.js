"use client";
import { Client } from "pkce-wasm";
import { useEffect, useState } from "react";
import { offerParts } from "./parts.js";

export default function Page() {
  const [login, setLogin] = useState();
  const [name, setName] = useState();
  useEffect(() => {
    const start = async () => {
      const client = await Client.discover({
        issuer: "https://login.example.com",
        clientId: "my-app",
        redirectUri: `${location.origin}/callback`,
        scope: "openid profile",
        resourceOrigins: [new URL("https://login.example.com").origin],
      });
      await client.handleRedirect();
      const session = await client.session();
      offerParts(client, "https://login.example.com/userinfo");
      if (session) setName(session.claims.name);
      else setLogin(() => () => client.login());
    };
    start();
  }, []);
  return (
    <>
      <button id="sign-in" type="button" onClick={login}>
        Sign in
      </button>
      {name && <p>Hello {name}</p>}
    </>
  );
}
