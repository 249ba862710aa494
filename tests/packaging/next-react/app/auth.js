"use client";
import { useRouter } from "next/navigation";
import { AuthProvider, RequireAuth, useAuth } from "pkce-wasm/react";
import { useEffect, useState } from "react";

const config = {
  issuer: "https://login.example.com",
  clientId: "my-app",
  redirectUri: "/callback",
  scope: "openid profile",
  resourceOrigins: ["https://api.example.com"],
};

export function Auth({ children }) {
  const router = useRouter();
  return (
    <AuthProvider config={config} navigate={(path) => router.replace(path)}>
      {children}
    </AuthProvider>
  );
}

export function User() {
  const { claims, login, logout, status } = useAuth();
  if (claims) {
    return (
      <button id="sign-out" type="button" onClick={logout}>
        {claims.name}
      </button>
    );
  }
  return (
    <button id="sign-in" type="button" onClick={login}>
      {status === "loading" ? "One moment" : "Sign in"}
    </button>
  );
}

function Orders() {
  const { session } = useAuth();
  const [orders, setOrders] = useState("One moment");
  useEffect(() => {
    const ask = async () => setOrders(await (await session.fetch("https://api.example.com/orders")).json());
    ask();
  }, [session]);
  return <p id="orders">{orders}</p>;
}

export function PrivateOrders() {
  return (
    <RequireAuth fallback={<p>For users who are signed in</p>}>
      <Orders />
    </RequireAuth>
  );
}
