// The bindings as somebody uses them who writes TypeScript. It is compiled, never run: what must not compile says so.
import type { Claims } from "pkce-wasm";
import { type AngularAuth, authInterceptor, injectAuth, provideAuth, requireAuth } from "pkce-wasm/angular";
import { type AuthConfig, AuthProvider, RequireAuth, useAuth } from "pkce-wasm/react";
import * as svelte from "pkce-wasm/svelte";
import { signedIn } from "pkce-wasm/testing";
import * as vue from "pkce-wasm/vue";
import { createElement, type MouseEvent, type ReactElement } from "react";
import { createApp } from "vue";

interface Staff extends Claims {
  readonly department: string;
}

const config: AuthConfig = {
  issuer: "https://as.example",
  clientId: "app",
  redirectUri: "/callback",
};

/** What a schema library does. */
const parseClaims = (claims: Claims): Staff => {
  if (typeof claims.department !== "string") throw new TypeError("department");
  return { ...claims, department: claims.department };
};

export async function react(): Promise<ReactElement[]> {
  const { client } = await signedIn();
  return [
    createElement(AuthProvider, { config }, createElement(RequireAuth, { login: { scope: "openid" } })),
    createElement(AuthProvider, { client }),
    createElement(AuthProvider<Staff>, { config: () => config, parseClaims, fallback: "One moment" }),
    createElement(RequireAuth, { fallback: ({ error }) => error?.message ?? "One moment" }),
    // @ts-expect-error There is no such member of a configuration.
    createElement(AuthProvider, { config: { ...config, client_id: "app" } }),
  ];
}

export function hook(): string | undefined {
  const { claims, login, logout, prepare, session, status } = useAuth<Staff>();
  const clicked: (event: MouseEvent) => void = login;
  const entered: (event: MouseEvent) => void = prepare;
  const left: (event: MouseEvent) => void = logout;
  void [clicked, entered, left];
  if (status === "signed-in") void session?.fetch("https://api.example/");
  // @ts-expect-error Nobody may be signed in.
  void claims.department;
  return claims?.department;
}

export function plugin(): string | undefined {
  const auth = vue.createAuth(config, { parseClaims });
  createApp({}).use(auth);
  void vue.useAuth<Staff>().claims?.department;
  return auth.claims?.department;
}

export function store(): () => void {
  const auth = svelte.setAuth(
    svelte.createAuth(config, { navigate: (path) => location.assign(path), parseClaims }),
  );
  void svelte.useAuth<Staff>().ensure({ returnTo: "/" });
  return auth.subscribe(({ claims }) => void claims?.department);
}

export function providers(): unknown {
  const auth: AngularAuth<Staff> = injectAuth<Staff>();
  const department: string | undefined = auth.claims()?.department;
  return [provideAuth(config, { parseClaims }), authInterceptor, requireAuth, department, auth.login()];
}
