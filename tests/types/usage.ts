// The package as somebody uses it who writes TypeScript. It is compiled, never run: what must not compile says so.
import {
  type AuthorizationRequest,
  beginAuthorization,
  type Claims,
  Client,
  type Config,
  completeAuthorization,
  discover,
  fetchUserinfo,
  generatePair,
  type Host,
  isPkceError,
  type LoginOptions,
  PkceError,
  type PkceErrorBlame,
  type PkceErrorCode,
  type PopupOutcome,
  type RedirectOutcome,
  refreshTokens,
  revokeTokens,
  type ServerMetadata,
  type Session,
  type StorageTier,
  type TokenSet,
} from "pkce-wasm";
import { type CapacitorPlugins, capacitorHost } from "pkce-wasm/capacitor";
import { cordovaHost } from "pkce-wasm/cordova";
import { electronHost } from "pkce-wasm/electron";
import { type ElectronModules, serveElectronHost } from "pkce-wasm/electron/main";
import {
  deriveChallenge,
  type Engine,
  engine,
  generateVerifier,
  type PkcePair,
  ready,
  verifyChallenge,
} from "pkce-wasm/pkce";
import { type NativeClient, type NativeSession, nativeClient, tauriHost } from "pkce-wasm/tauri";

const config: Config = {
  issuer: "https://as.example",
  clientId: "app",
  redirectUri: "https://app.example/callback",
  scope: "openid profile",
  idTokenSignedResponseAlg: "ES256",
  storage: "session",
  transactionStorage: "local",
  host: { fetch: (input, init) => fetch(input, init), open: (url) => location.assign(url) },
};

export function primitives(): boolean {
  const pair: PkcePair = generatePair(64);
  const method: "S256" = pair.codeChallengeMethod;
  const running: Engine = engine();
  const loaded: Promise<Engine> = ready();
  void [method, running, loaded];
  const verifier: string = generateVerifier();
  return verifyChallenge(verifier, deriveChallenge(verifier), "plain", { dangerouslyAllowPlain: true });
}

export async function client(): Promise<string | undefined> {
  const app = await Client.discover(config);
  const outcome = await app.handleRedirect();
  const session: Session | null = await app.session();
  if (session === null) {
    await app.login({ returnTo: "/inbox", extraParameters: { acr_values: "mfa" } });
    return describe(outcome);
  }
  const kept: StorageTier = app.storage.transactions;
  void kept;
  const claims: Claims | null = session.claims;
  const verifiedBy: "signature" | "tls" | "nothing" | null = session.idTokenVerifiedBy;
  void verifiedBy;
  const token: string = await session.accessToken();
  await session.refresh();
  const popup: PopupOutcome = await app.loginWithPopup({
    claims: { userinfo: { email: { essential: true } } },
    resource: "https://api.example/ https://files.example/",
    authorizationDetails: [{ type: "payment", amount: { currency: "EUR", value: "1.50" } }],
    uiLocales: "fr en",
    fallback: "redirect",
    signal: AbortSignal.timeout(60_000),
  });
  if (popup.status === "redirecting") return undefined;
  void describe(popup);
  await app.logout({ revoke: true, endSession: true, returnTo: "/bye" });
  return claims?.name ?? (await session.userinfo()).sub ?? token;
}

/** A host may keep records at once or later. */
export const hosts: Host[] = [
  { storage: localStorage },
  { storage: { getItem: async () => null, setItem: async () => undefined } },
  { storage: { getItem: () => null, setItem: () => {}, removeItem: async () => true, maxLength: 1280 } },
];

/** Every outcome has a branch: a new one would not compile here. */
export function describe(outcome: RedirectOutcome): string {
  switch (outcome.status) {
    case "none":
      return "no callback";
    case "signed-in":
      return `welcome ${outcome.session.scope} ${outcome.returnTo ?? "/"}`;
    case "already-completed":
      return outcome.session === null ? "signed out since" : outcome.session.scope;
    case "refused":
      return outcome.restart ? "again" : outcome.error.message;
    case "other-login":
      return outcome.error.code;
    case "signed-out":
      return outcome.returnTo ?? "goodbye";
    case "handed-over":
      return "this window closes itself";
    default: {
      const nothing: never = outcome;
      return nothing;
    }
  }
}

export async function steps(stored: string, callback: string): Promise<void> {
  const metadata: ServerMetadata = await discover("https://as.example", { timeout: 5000 });
  const request: AuthorizationRequest = beginAuthorization(config, metadata, { prompt: "login" });
  const tokens: TokenSet = await completeAuthorization(config, metadata, stored, callback);
  const fresh: TokenSet = await refreshTokens(config, metadata, tokens);
  const claims: Claims = await fetchUserinfo(config, metadata, fresh);
  await revokeTokens(config, metadata, fresh);
  void [request.url, request.state, request.transaction, claims.sub];
}

export async function requests(client: Client, session: Session, signal: AbortSignal): Promise<void> {
  const stop: () => void = client.on("expired", ({ type, reason, elsewhere }) => {
    const [what, why]: ["expired", "session_expired" | "refresh_interrupted"] = [type, reason];
    void [what, why, elsewhere satisfies boolean];
  });
  client.on("refreshed", ({ reason }) => void (reason satisfies "ageing" | "expired" | "refused" | "asked"));
  stop();
  try {
    const response: Response = await session.fetch("https://api.example", { method: "POST", timeout: 1000 });
    const token: string = await session.accessToken({ signal });
    void [response, token];
  } catch (error) {
    if (isPkceError(error) && error.loginOptions) await client.login(error.loginOptions);
  }
}

export function failures(thrown: unknown): PkceErrorCode | undefined {
  if (!isPkceError(thrown)) return undefined;
  const blame: PkceErrorBlame = thrown.blame;
  if (thrown instanceof PkceError && thrown.code === "access_denied") return thrown.code;
  return blame === "environment" && thrown.retryable ? "network_failed" : undefined;
}

export async function mistakes(error: PkceError, session: Session, tokens: TokenSet): Promise<void> {
  // @ts-expect-error -- a configuration names its issuer
  await Client.discover({ clientId: "app", redirectUri: "https://app.example/callback" });
  // @ts-expect-error -- there is no such place for a session
  void ({ ...config, storage: "cookie" } satisfies Config);
  // @ts-expect-error -- a detail has a type (RFC 9396 section 2)
  void ({ authorizationDetails: [{ amount: 1 }] } satisfies LoginOptions);
  // @ts-expect-error -- there is no such news
  void ({} as Client).on("signed_out", () => {});
  // @ts-expect-error -- there is no such code
  void (error.code === "acces_denied");
  // @ts-expect-error -- only the methods of RFC 7636
  verifyChallenge("verifier", "challenge", "S512");
  // @ts-expect-error -- a challenge is derived of a string
  deriveChallenge(43);
  // @ts-expect-error -- sessions are made by signing in
  void new (Object.getPrototypeOf(session).constructor as typeof Session)();
  // @ts-expect-error -- what was granted is not changed by hand
  tokens.accessToken = "";
}

/** Every adapter makes a host, and says where records rest. */
export async function shells(plugins: CapacitorPlugins, electron: ElectronModules): Promise<Host[]> {
  const isFirst: boolean = serveElectronHost(electron, {
    scheme: "com.example.app",
    authorizationServers: ["https://as.example"],
    isTrusted: (url) => url.startsWith("app://bundle/"),
    browserWindow: () => null,
  });
  void isFirst;
  const inElectron = await electronHost();
  const redirectUri: string = await inElectron.listen();
  const tier: "secure" | "page" = inElectron.tier;
  void [redirectUri, tier];
  return [
    capacitorHost(plugins),
    cordovaHost({ fetch: (input, init) => fetch(input, init) }),
    tauriHost(),
    inElectron,
  ];
}

/** One line is another than with a client of the page. */
export async function native(): Promise<string> {
  const client: NativeClient = await nativeClient(config);
  client.onRedirect((outcome) => {
    if (outcome.status === "signed-in") void outcome.session?.claims?.sub;
    if (outcome.status === "refused" && outcome.restart) void client.login({ prompt: "login" });
  });
  client.on("expired", ({ reason }) => void reason);
  const session: NativeSession | null = await client.session();
  if (session === null) return client.tier();
  const nothing: null = session.idToken ?? session.extra;
  const answer: Response = await session.fetch("https://api.example/", { method: "POST", timeout: 5 });
  await session.refresh();
  await client.logout({ revoke: true });
  // @ts-expect-error -- there is no token here
  const token: string = session.idToken;
  void [nothing, answer, token];
  return session.accessToken();
}

export function shellMistakes(plugins: CapacitorPlugins): void {
  // @ts-expect-error -- without App nobody hears of the redirect
  capacitorHost({ Browser: plugins.Browser });
  // @ts-expect-error -- a storage has to be able to keep
  cordovaHost({ secureStorage: { getItem: () => null } });
}
