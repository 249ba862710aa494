// React, in strict mode: the effect runs twice, the code is redeemed once.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useSignIn } from "./sign-in.js";

function App() {
  const { client, session, error } = useSignIn();
  if (!client) return <p>{error ? error.message : "One moment"}</p>;
  return (
    <>
      {session ? (
        <p id="user">{session.claims.name}</p>
      ) : (
        <button id="sign-in" type="button" onClick={() => client.login()}>
          Sign in
        </button>
      )}
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
