// Proofs that whoever asks for a token, or shows one, has its key (RFC 9449). Each is checked as section 4.3 wants it.
import { ALGORITHMS, isOf } from "./keys.js";
import { base64url, bytesOf, objectOf, random, sha256, utf8 } from "./platform.js";

/** Seconds by which a proof may be older or newer than the server's clock. */
const TOLERANCE = 60;

/** The members of a public key in the form whose hash is its thumbprint (RFC 7638 section 3.2). */
const MEMBERS = new Map([
  ["EC", ["crv", "kty", "x", "y"]],
  ["OKP", ["crv", "kty", "x"]],
  ["RSA", ["e", "kty", "n"]],
]);

/** The members of which none is in a public key (RFC 7518 section 6). */
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const hash = async (text) => base64url(await sha256(utf8(text)));

/** A URL without query and fragment, in the one form that a parser gives it. */
const target = (text) => {
  try {
    const { origin, pathname } = new URL(text);
    return origin + pathname;
  } catch {
    return undefined;
  }
};

export const createProofs = ({ options, state, now, isLying, told }) => {
  const lifetime = () => options.dpopNonceLifetime ?? (isLying("nonces") ? 300 : undefined);

  /** The nonce that proofs for an origin have to hold; undefined where the server wants none (RFC 9449 sections 8 and 9). */
  const nonceOf = (origin) => {
    const seconds = lifetime();
    if (seconds === undefined) return undefined;
    const kept = state.nonces[origin];
    if (!kept || (seconds > 0 && kept.made + seconds <= now())) {
      state.nonces[origin] = { value: random(), made: now() };
    }
    return state.nonces[origin].value;
  };

  /** What is wrong with a proof, or the thumbprint of its key: `{ jkt }` or `{ error, description }`. */
  const check = async ({ method, url, headers }, accessToken) => {
    const no = (description, error = "invalid_dpop_proof") => ({ error, description });
    const proof = headers.get("dpop") ?? "";
    // A header that was there twice has a comma.
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(proof)) return no("there is not exactly one JWT in the header DPoP");
    const [head, body, signature] = proof.split(".");
    const [header, claims] = [objectOf(head), objectOf(body)];
    if (!header || !claims) return no("header or claims are no JSON object");
    if (header.typ !== "dpop+jwt") return no("typ is not dpop+jwt");
    if (!Object.keys(ALGORITHMS).includes(header.alg)) return no("alg is none of this server's");
    if (header.crit !== undefined) return no("crit names what this server does not know");
    const jwk = header.jwk ?? {};
    const members = MEMBERS.get(jwk.kty);
    if (!members) return no("jwk is no public key");
    if (PRIVATE.some((name) => name in jwk)) return no("jwk has private members");
    if (!(await isOf(`${head}.${body}`, bytesOf(signature), header.alg, jwk)))
      return no("the signature is not of jwk");
    if (claims.htm !== method) return no("htm is not the method of the request");
    if (target(claims.htu) !== target(url)) return no("htu is not the URL of the request");
    if (typeof claims.jti !== "string" || !claims.jti) return no("jti is missing");
    if (accessToken !== undefined && claims.ath !== (await hash(accessToken))) {
      return no("ath is not the hash of the access token");
    }
    const wanted = nonceOf(url.origin);
    if (wanted !== undefined && claims.nonce !== wanted) {
      return no("nonce is not the one that this server gave", "use_dpop_nonce");
    }
    if (typeof claims.iat !== "number" || Math.abs(claims.iat - now()) > TOLERANCE) {
      return no("iat is not now, by the server's clock");
    }
    const jkt = await hash(JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]]))));
    for (const [used, until] of Object.entries(state.proofs)) if (until < now()) delete state.proofs[used];
    const used = `${jkt} ${claims.jti}`;
    if (state.proofs[used] !== undefined) return no("jti was used before");
    state.proofs[used] = claims.iat + TOLERANCE;
    // A nonce without a lifetime serves once.
    if (wanted !== undefined && lifetime() === 0) delete state.nonces[url.origin];
    return { jkt };
  };

  return {
    check,
    /** The header by which an answer brings the nonce for the next proof. */
    headers: async (endpoint, origin) => {
      const nonce = await told("nonce", nonceOf(origin), { endpoint, origin });
      return nonce === undefined ? {} : { "DPoP-Nonce": nonce };
    },
    /** By what the proofs may be signed, as metadata and challenges say it. */
    algorithms: Object.keys(ALGORITHMS),
  };
};
