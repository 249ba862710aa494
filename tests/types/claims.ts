// The claims of an application as types. It is compiled, never run: what must not compile says so.
import { type Claims, Client, type Config, type RedirectOutcome, type Session } from "pkce-wasm";

interface Staff extends Claims {
  readonly department: string;
}

export async function typed(config: Config): Promise<string | undefined> {
  const client = await Client.discover<Staff>(config);
  const outcome: RedirectOutcome<Staff> = await client.handleRedirect();
  if (outcome.status === "signed-in") return outcome.session.claims?.department;
  const made: Client<Staff> = new Client<Staff>(config, client.metadata);
  const session: Session<Staff> | null = await made.session();
  const popup = await made.loginWithPopup();
  if (popup.status === "signed-in") return popup.session.claims?.department;
  // Who asks for less gets it.
  const plain: Session | null = session;
  // @ts-expect-error A claim that nobody named may be anything.
  const department: string | undefined = plain?.claims?.department;
  return department ?? session?.claims?.department;
}

// @ts-expect-error Claims have a subject.
export type Anonymous = Session<{ name: string }>;

/** A member may be left out, and not be undefined where that is told apart. */
export const complete: Config = {
  issuer: "https://as.example",
  clientId: "app",
  redirectUri: "/",
  storage: "local",
};
