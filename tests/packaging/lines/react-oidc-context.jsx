import { useEffect } from "react";
import { AuthProvider, useAuth } from "react-oidc-context";

const here = () => location.pathname + location.search + location.hash;

const config = {
  authority: "https://login.example.com",
  client_id: "my-app",
  redirect_uri: `${location.origin}/callback`,
  scope: "openid profile",
  onSigninCallback: (user) => {
    history.replaceState(null, "", user?.state ?? "/");
    dispatchEvent(new PopStateEvent("popstate"));
  },
};

export const Auth = ({ children }) => <AuthProvider {...config}>{children}</AuthProvider>;

export function RequireAuth({ children, fallback }) {
  const { activeNavigator, error, isAuthenticated, isLoading, signinRedirect } = useAuth();
  const isOut = !isAuthenticated && !isLoading && !activeNavigator && !error;
  useEffect(() => {
    if (isOut) signinRedirect({ state: here() });
  }, [isOut, signinRedirect]);
  return isAuthenticated ? children : fallback;
}

export function useUser() {
  const { error, removeUser, signinRedirect, user } = useAuth();
  const api = async (path) => {
    const headers = { Authorization: `Bearer ${user.access_token}` };
    return (await fetch(`https://api.example.com${path}`, { headers })).json();
  };
  const signIn = () => signinRedirect({ state: here() });
  return { name: user?.profile.name, error, signIn, signOut: () => removeUser(), api };
}
