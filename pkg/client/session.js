// What a signed-in application holds. What it does is loaded when it is first asked for.
import { own } from "../platform/own.js";
import { unless } from "../platform/wait.js";

/** The errors with which a session ends. */
const ENDS = /^(session_expired|refresh_interrupted|dpop_key_missing|id_token_(subject|issuer)_mismatch)$/;

export const createSession = ({ Session: Base, loadSignedIn, named, ready, told }) =>
  class Session extends Base {
    #client;
    #kept;
    #isOver = false;

    constructor(client, kept) {
      super();
      this.#client = client;
      this.#kept = kept;
    }

    #tokens = () => own(this.#kept.tokens);

    get claims() {
      return this.#tokens().claims ?? null;
    }

    get idToken() {
      return this.#tokens().idToken ?? null;
    }

    get idTokenVerifiedBy() {
      return this.#tokens().idTokenVerifiedBy ?? null;
    }

    get scope() {
      return this.#tokens().scope;
    }

    get expiresAt() {
      return this.#tokens().expiresAt ?? null;
    }

    get extra() {
      return this.#tokens().extra ?? null;
    }

    get tokenBinding() {
      const { binding, jkt } = this.#kept;
      return jkt === undefined ? { type: "bearer", ...(binding && { reason: binding }) } : { type: "dpop" };
    }

    get expired() {
      const { refreshToken, expiresAt } = this.#tokens();
      const isSpent = refreshToken === undefined && 1000 * expiresAt <= Date.now();
      try {
        return isSpent || this.#isOver || this.#client.isOver(this.#kept);
      } catch {
        // The storage does not say that it has.
        return false;
      }
    }

    accessToken(options) {
      return told(this.#current(options).then(({ tokens }) => tokens.accessToken));
    }

    userinfo(options) {
      return this.#waiting(options, () =>
        this.#with(async ({ fetchUserinfo }) => {
          const kept = await this.#current(options);
          await this.#client.confirm();
          const { network, setup } = this.#client;
          return fetchUserinfo({ setup, ...kept }, network(options));
        }),
      );
    }

    refresh(options) {
      return this.#waiting(options, async () => {
        await ready();
        const kept = await this.#client.load();
        await this.#current(options, "asked", kept?.tokens.accessToken);
      });
    }

    fetch(input, init) {
      return told(
        this.#with(({ fetchResource }) =>
          fetchResource(this.#client, input, init, (...parameters) => this.#current(...parameters)),
        ),
      );
    }

    /** What it comes to, unless the signal of the options comes first. */
    #waiting = (options, work) => told(async () => unless(own(options).signal, named, work()));

    #with = async (work) => {
      await ready();
      return work(await loadSignedIn());
    };

    /** The tokens of this session: those of another one are nobody's business here. */
    #current = async (options, reason = "expired", spent = undefined) => {
      const { signal } = own(options);
      const asked = { id: this.#kept.id, spent };
      try {
        this.#kept = await this.#with(({ fresh }) => fresh(this.#client, asked, reason, signal));
      } catch (error) {
        this.#isOver = this.#isOver || ENDS.test(error.code);
        throw error;
      }
      return this.#kept;
    };
  };
