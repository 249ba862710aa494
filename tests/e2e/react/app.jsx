// An application in React's strict mode, which mounts every component twice: the first effect is undone and begun again.
import { Client } from "pkce-wasm";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

window.seen = { effects: 0, outcomes: [] };

/** A client made in the effect, as an application does that has no better place for it. */
const start = async () => {
  const { config } = await (await fetch("/setup.json", { cache: "no-store" })).json();
  const client = await Client.discover(config);
  const { status, error } = await client.handleRedirect();
  seen.outcomes.push({ status, code: error?.code ?? null });
  return { client, status, session: await client.session() };
};

function App() {
  const [state, setState] = useState(null);
  useEffect(() => {
    let undone = false;
    seen.effects++;
    start().then((state) => undone || setState(state));
    return () => {
      undone = true;
    };
  }, []);
  if (!state) return <p>One moment</p>;
  if (state.session) return <p id="user">{state.session.claims.sub}</p>;
  return (
    <button id="sign-in" type="button" onClick={() => state.client.login()}>
      Sign in
    </button>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
