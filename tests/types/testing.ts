// The test kit as somebody uses it who writes TypeScript. It is compiled, never run: what must not compile says so.
import { Client, type Session } from "pkce-wasm";
import { createServer, LIES, type Lie, signedIn, signIn, type TestServer, turnTime } from "pkce-wasm/testing";

/** What `page.route` of Playwright hands over. */
declare const page: {
  route(
    url: string,
    handler: (route: {
      request(): {
        url(): string;
        method(): string;
        headers(): { [name: string]: string };
        postData(): null | string;
        isNavigationRequest(): boolean;
      };
      fulfill(options?: {
        status?: number;
        headers?: { [name: string]: string };
        body?: string;
      }): Promise<void>;
      abort(errorCode?: string): Promise<void>;
    }) => Promise<void>,
  ): Promise<void>;
};

export async function inOneLine(): Promise<string | undefined> {
  const { session } = await signedIn({ user: { sub: "ada", name: "Ada" } });
  return session.claims?.name;
}

export async function scripted(): Promise<Session> {
  const server: TestServer = createServer({
    alg: "RS256",
    decide: ({ prompt }) => (prompt === "login" ? { acr: "phr" } : undefined),
    clients: [{ clientId: "app", dpopBoundAccessTokens: true }],
    resources: { "https://api.example": ({ sub, scope, cnf }) => ({ sub, scope, jkt: cnf?.jkt ?? null }) },
    requirePushedAuthorizationRequests: true,
    pushedRequestLifetime: 90,
    requireDpop: true,
    dpopNonceLifetime: 0,
    registration: true,
    dangerouslyAllowWithoutPkce: false,
    keep: (saved) => localStorage.setItem("server", saved),
  });
  server.next("token", { status: 503, headers: { "Retry-After": "1" } });
  server.next("userinfo", (_, proceed) => proceed());
  server.next("par", { status: 503 });
  // @ts-expect-error There is no such endpoint.
  server.next("tokens", {});
  server.lie(...LIES.map(({ name }: Lie) => name));
  await page.route(`${server.issuer}/**`, server.route);
  const client = new Client(
    { issuer: server.issuer, clientId: "app", redirectUri: "https://app.example/", host: server.host },
    server.metadata,
  );
  const setRight: () => void = turnTime(60);
  setRight();
  return signIn(client, server, { returnTo: "/" });
}

export function inServiceWorker(event: {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}): void {
  event.respondWith(createServer({ decide: "ask" }).fetch(event.request));
}

// @ts-expect-error A user has a subject.
createServer({ user: { name: "Ada" } });

createServer({
  decide: ({ prompt }, { method, form, known }) => {
    if (known && prompt !== "login") return true;
    const { login = "ada" } = form;
    return method === "POST" ? { user: { sub: login } } : { body: "<p>Who is there?</p>" };
  },
});
