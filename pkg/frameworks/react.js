// React: a provider, a hook and a guard.
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { createStore } from "./store.js";

const Context = createContext(undefined);

export const AuthProvider = ({ children, client, config, fallback = null, navigate, parseClaims }) => {
  const [store] = useState(() => createStore(client ?? config, { navigate, parseClaims }));
  const auth = useSyncExternalStore(store.subscribe, store.state, () => store.first);
  return createElement(Context.Provider, { value: auth }, auth.isReturning ? fallback : children);
};

export const useAuth = () => {
  const auth = useContext(Context);
  if (!auth) throw new Error("useAuth() needs an <AuthProvider> around it");
  return auth;
};

export const RequireAuth = ({ children, fallback = null, login }) => {
  const auth = useAuth();
  const { ensure, reason, status } = auth;
  const wasHere = useRef(false);
  useEffect(() => {
    if (status === "signed-in") wasHere.current = true;
    // Who has signed out here is not sent to sign in again.
    else if (!wasHere.current || reason !== "signed-out") ensure(login);
  });
  if (status === "signed-in") return children;
  return typeof fallback === "function" ? fallback(auth) : fallback;
};
