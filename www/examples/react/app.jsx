// React with React Router, in strict mode. What is about signing in is in auth.jsx.
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Link, Route, Routes } from "react-router";
import { Auth, RequireAuth, useUser } from "./auth.jsx";

function User() {
  const { name, error, prepare, signIn, signOut } = useUser();
  return (
    <header>
      {name ? (
        <>
          <span id="user">{name}</span>
          <button id="sign-out" type="button" onClick={signOut}>
            Sign out
          </button>
        </>
      ) : (
        <button id="sign-in" type="button" onPointerEnter={prepare} onClick={signIn}>
          Sign in
        </button>
      )}
      {error && <p role="alert">{error.message}</p>}
    </header>
  );
}

function Orders() {
  const { api } = useUser();
  const [orders, setOrders] = useState();
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once
  useEffect(() => {
    api("/orders").then(setOrders);
  }, []);
  return <p id="orders">{orders ? orders.join(", ") : "One moment"}</p>;
}

function App() {
  return (
    <Auth>
      <BrowserRouter>
        <User />
        <nav>
          <Link to="/">Home</Link> <Link to="/orders?open=1#top">Orders</Link>
        </nav>
        <Routes>
          <Route path="/" element={<p id="home">Home</p>} />
          <Route
            path="/orders"
            element={
              <RequireAuth fallback={<p id="locked">For users who are signed in</p>}>
                <Orders />
              </RequireAuth>
            }
          />
          <Route path="*" element={<p id="lost">Nothing is here</p>} />
        </Routes>
      </BrowserRouter>
    </Auth>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
