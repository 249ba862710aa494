//! Tokens that are bound to a key (RFC 9449): a stolen one is worth nothing without it.
//!
//! The application has the key, in a keystore or in its memory, and signs by ES256; what is signed is built and checked here.
//! [`Signer`] is the key as [`prove`] takes it. Where a signature takes its time, as in a hardware token, [`Proof`] does the same in two steps.
//!
//! 1. [`PublicKey::from_coordinates`] takes the public half. Its [`thumbprint`](PublicKey::thumbprint) goes into [`LoginOptions`](crate::client::authorize::LoginOptions), and with
//!    [`Dpop::Required`](crate::client::config::Dpop) in the settings tokens of another type are refused.
//! 2. [`prove`] makes the value of the header `DPoP`: for each request that shows a token, for the token request of the code, and for every refresh.
//!    An access token goes into the header `Authorization: DPoP` then.
//! 3. [`nonce`] and [`asks_again`] read the answer: the nonce is kept for the origin, and the request is sent once more where the server asks for it.
//! 4. A server may take a code or a refresh token and then refuse the proof for want of a nonce. [`prime`] is a request that spends nothing, and whose answer brings the nonce.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::config::Config;
use crate::client::fields::{part, read, secret, text};
use crate::client::metadata::Metadata;
use crate::encoding::{base64url, write_base64url_to};
use crate::error::Error;
use crate::flow::dpop;
use crate::flow::setup::Setup;
use crate::http::{Request, Response};
use crate::random::Entropy;
use crate::tables::{Proven, ProvenParts};
use crate::text::{Write, joined};

/// The public half of a key for ES256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// The key of these coordinates of P-256, in big-endian order.
    #[must_use]
    pub fn from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut members = Vec::new();
        members.members("crv kty x y", &[b"P-256", b"EC", base64url(x).as_bytes(), base64url(y).as_bytes()]);
        members.push(b'}');
        Self(members)
    }

    /// The key of a JWK, of which the public members count (RFC 7518 section 6.2.1).
    ///
    /// # Errors
    /// [`Code::DpopKeyMissing`](crate::Code::DpopKeyMissing) when it is none of P-256
    pub fn from_jwk(jwk: &str) -> Result<Self, Error> {
        dpop::check_key(jwk.as_bytes())?;
        Ok(Self(dpop::public_key(jwk.as_bytes())?))
    }

    /// The same as a JWK.
    #[must_use]
    pub fn as_jwk(&self) -> &str {
        part(&self.0)
    }

    /// The thumbprint by which tokens are bound to it (RFC 7638 section 3, RFC 9449 section 6.1).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        text(dpop::thumbprint(&self.0))
    }
}

/// What a proof is about (RFC 9449 section 4.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The method of the request, as it is sent.
    pub method: &'a str,
    /// Its URL; query and fragment are left out.
    pub url: &'a str,
    /// The access token that it shows.
    pub access_token: Option<&'a str>,
    /// The nonce that its server gave last: see [`nonce`].
    pub nonce: Option<&'a str>,
}

/// The key, as whoever has it lets it be used.
pub trait Signer {
    /// Its public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs by ES256. The signature is R and S, 32 bytes each (RFC 7518 section 3.4), and not the form of ASN.1.
    ///
    /// # Errors
    /// what the keystore has, [`Code::DpopUnavailable`](crate::Code::DpopUnavailable) as a rule; with [`Code::DpopKeyMissing`](crate::Code::DpopKeyMissing), which says that the key is gone,
    /// [`Session::conclude`](crate::client::session::Session::conclude) ends the session
    fn sign(&self, signing_input: &[u8]) -> Result<[u8; 64], Error>;
}

/// Gives the value of the header `DPoP` of a request (RFC 9449 section 4.1), with 128 random bits of its own; `now` is in seconds since 1970, by the server's clock where that is known.
///
/// # Errors
/// [`Code::RandomnessUnavailable`](crate::Code::RandomnessUnavailable), and those of [`Signer::sign`]
pub fn prove(
    about: About<'_>,
    signer: &(impl Signer + ?Sized),
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<String, Error> {
    let proof = Proof::new(about, signer.public_key(), entropy, now)?;
    let signature = signer.sign(proof.signing_input())?;
    Ok(proof.sign(&signature))
}

/// A proof without its signature.
#[derive(Debug)]
pub struct Proof(Vec<u8>);

impl Proof {
    /// Builds a proof, with 128 random bits of its own; `now` is in seconds since 1970, by the server's clock where that is known.
    ///
    /// # Errors
    /// [`Code::RandomnessUnavailable`](crate::Code::RandomnessUnavailable)
    pub fn new(about: About<'_>, key: &PublicKey, entropy: &mut impl Entropy, now: u64) -> Result<Self, Error> {
        let ath = dpop::ath(about.access_token.unwrap_or_default().as_bytes());
        let proven = Proven::of(ProvenParts {
            htm: about.method.as_bytes(),
            htu: about.url.as_bytes(),
            access_token: b"",
            ath: &ath,
            nonce: about.nonce.unwrap_or_default().as_bytes(),
            ahead: b"",
            jkt: b"",
        });
        Ok(Self(joined(&[&dpop::head(&key.0), b".", &dpop::claims(&proven, entropy, now)?])))
    }

    /// What the key signs by ES256.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.0
    }

    /// The value of the header `DPoP`. The signature is R and S, 32 bytes each (RFC 7518 section 3.4), and not the form of ASN.1.
    #[must_use]
    pub fn sign(mut self, signature: &[u8; 64]) -> String {
        self.0.push(b'.');
        write_base64url_to(&mut self.0, signature);
        text(self.0)
    }
}

/// Builds a token request that the server refuses whatever it is, and in which nothing is that could be spent: a server that wants a nonce says it then. Send it with a proof where no nonce
/// of the server is known, or an old one, before a code or a refresh token.
///
/// # Errors
/// [`Code::IssuerMismatch`](crate::Code::IssuerMismatch) where the metadata are of another server than the configuration
pub fn prime(config: &Config, metadata: &Metadata) -> Result<Request, Error> {
    let setup = metadata.setup(config)?;
    let setup = Setup::of_table(&setup);
    let mut form = Vec::new();
    dpop::prime(&setup, &mut form);
    Ok(Request::post(read(setup.token_endpoint()), secret(form)))
}

/// The nonce of an answer, by its header `DPoP-Nonce`: to be used from now on for requests to the same origin with the same key. `None` where it is none
/// (RFC 9449 section 8.1).
#[must_use]
pub fn nonce(dpop_nonce: &str) -> Option<&str> {
    if dpop::is_nonce(dpop_nonce.as_bytes()) { Some(dpop_nonce) } else { None }
}

/// Whether an answer asks for the same request with the nonce that came along (RFC 9449 sections 8 and 9): once, for nothing of it was done. The headers are
/// `WWW-Authenticate` and `DPoP-Nonce`, empty where there is none.
#[must_use]
pub fn asks_again(response: &Response, www_authenticate: &str, dpop_nonce: &str) -> bool {
    dpop::asks_again(&response.reply(), www_authenticate.as_bytes(), dpop_nonce.as_bytes(), false)
}
