import { Auth0Provider, useAuth0, withAuthenticationRequired } from "@auth0/auth0-react";

const here = () => location.pathname + location.search + location.hash;

const config = {
  domain: "login.example.com",
  clientId: "my-app",
  authorizationParams: { redirect_uri: `${location.origin}/callback`, scope: "openid profile" },
  onRedirectCallback: (appState) => {
    history.replaceState(null, "", appState?.returnTo ?? "/");
    dispatchEvent(new PopStateEvent("popstate"));
  },
};

export const Auth = ({ children }) => <Auth0Provider {...config}>{children}</Auth0Provider>;

export const RequireAuth = withAuthenticationRequired(({ children }) => children, { returnTo: here });

export function useUser() {
  const { error, getAccessTokenSilently, loginWithRedirect, logout, user } = useAuth0();
  const api = async (path) => {
    const headers = { Authorization: `Bearer ${await getAccessTokenSilently()}` };
    return (await fetch(`https://api.example.com${path}`, { headers })).json();
  };
  const signIn = () => loginWithRedirect({ appState: { returnTo: here() } });
  const signOut = () => logout({ openUrl: false });
  return { name: user?.name, error, signIn, signOut, api };
}
