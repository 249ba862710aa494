//! From the answer of the token endpoint to tokens that may be used: the signature of the ID token is verified in between, by the
//! platform's WebCrypto.

use alloc::string::String;

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::encoding::{Form, decimal, form_pairs, from_base64url};
use crate::error::{Code, Error};
use crate::flow::jwks::Jwks;
use crate::flow::signature::{Check, Signature, Step, Verdict};
use crate::flow::token::{self, Answer, TokenSet};
use crate::flow::transaction::Transaction;
use crate::flow::userinfo;
use crate::http::Response;
use crate::json::Json;
use crate::secret::Secret;
use crate::web::client::{finish_login, keep_session};
use crate::web::convert::{Context, Members, from_tokens, now};
use crate::web::steps::{Awaiting, done, step, suspended};
use crate::web::storage::Keys;

/// An answer of the token endpoint whose ID token waits for keys, or for the verdict on its signature.
pub(crate) struct Pending {
    /// What the answer is the answer to.
    awaiting: Awaiting,
    carry: Secret,
    response: Response,
    /// When it came, in seconds since 1970.
    received_at: u64,
    keys: Option<KeySet>,
}

/// A key set, and when it was fetched because a key was missing.
struct KeySet {
    jwks: String,
    refetched_at: Option<u64>,
}

impl KeySet {
    fn to_record(&self) -> String {
        let refetched_at = self.refetched_at.map(decimal);
        Form::new().with_some("refetched_at", refetched_at.as_deref()).with("jwks", &self.jwks).finish()
    }

    fn from_record(record: &str) -> Option<Self> {
        let mut keys = Self { jwks: String::new(), refetched_at: None };
        for (name, value) in form_pairs(record)? {
            match name.as_str() {
                "jwks" => keys.jwks = value,
                _ => keys.refetched_at = Some(value.parse().ok()?),
            }
        }
        Some(keys)
    }
}

/// The record of a key set that was fetched before it was needed.
pub(crate) fn first_keys(answer: &Response) -> Result<String, Error> {
    Jwks::<JsValue>::from_response(answer)?;
    Ok(KeySet { jwks: answer.body.expose().into(), refetched_at: None }.to_record())
}

/// Goes on with the answer of the token endpoint.
pub(crate) fn take_tokens(
    context: &Context,
    awaiting: Awaiting,
    carry: &str,
    answer: Result<Response, Error>,
) -> Result<JsValue, Error> {
    let carry = Secret::new(carry.into());
    match answer {
        Ok(response) => Pending { awaiting, carry, response, received_at: now(), keys: None }.go_on(context),
        Err(error) => settle(context, awaiting, carry.expose(), Err(error)),
    }
}

impl Pending {
    fn to_record(&self) -> Secret {
        let date = self.response.date.map(decimal);
        let keys = self.keys.as_ref().map(KeySet::to_record);
        let form = Form::new()
            .with("awaiting", &decimal(self.awaiting as u64))
            .with("received_at", &decimal(self.received_at))
            .with_some("date", date.as_deref())
            .with_some("keys", keys.as_deref())
            .with("carry", self.carry.expose())
            .with("body", self.response.body.expose());
        Secret::new(form.finish())
    }

    pub(crate) fn from_record(record: &str) -> Result<Self, Error> {
        Self::read(record).ok_or_else(|| Error::new(Code::Internal))
    }

    fn read(record: &str) -> Option<Self> {
        let mut pending = Self {
            awaiting: Awaiting::Verdict,
            carry: Secret::default(),
            // Only such an answer brings an ID token.
            response: Response {
                status: 200,
                content_type: Some("application/json".into()),
                date: None,
                retry_after: None,
                body: Secret::default(),
            },
            received_at: 0,
            keys: None,
        };
        for (name, value) in form_pairs(record)? {
            match name.as_str() {
                "awaiting" => pending.awaiting = *Awaiting::ALL.get(value.parse::<usize>().ok()?)?,
                "received_at" => pending.received_at = value.parse().ok()?,
                "date" => pending.response.date = Some(value.parse().ok()?),
                "keys" => pending.keys = KeySet::from_record(&value),
                "carry" => pending.carry = Secret::new(value),
                _ => pending.response.body = Secret::new(value),
            }
        }
        Some(pending)
    }

    /// Goes on with the answer of the `jwks_uri`.
    pub(crate) fn with_keys(mut self, context: &Context, answer: Result<Response, Error>) -> Result<JsValue, Error> {
        let fetched = answer.and_then(|response| {
            Jwks::<JsValue>::from_response(&response)?;
            Ok(response)
        });
        let response = match fetched {
            Ok(response) => response,
            Err(error) if error.code.retryable() && !matches!(self.awaiting, Awaiting::Userinfo) => {
                // The code or the refresh token is spent already: the same call again would not help.
                let error = error.code(Code::SigningKeysUnavailable);
                let kept = self.finish(context).and_then(|answer| match answer {
                    Answer::Tokens(tokens) => Ok(tokens),
                    Answer::Unverified(unverified) => unverified.keep_previous().map_err(|_| error),
                });
                return settle(context, self.awaiting, self.carry.expose(), kept);
            }
            Err(error) => return settle(context, self.awaiting, self.carry.expose(), Err(error)),
        };
        let keys = KeySet { jwks: response.body.expose().into(), refetched_at: self.keys.is_some().then(now) };
        if let Ok(Answer::Unverified(unverified)) = self.finish(context)
            && let Some(jwks_uri) = unverified.jwks_uri()
        {
            Keys::open(context).save(jwks_uri, &keys.to_record())?;
        }
        self.keys = Some(keys);
        self.go_on(context)
    }

    /// Goes on with what WebCrypto found.
    pub(crate) fn with_verdict(self, context: &Context, given: &JsValue) -> Result<JsValue, Error> {
        let signature = match given.string("signature").as_deref() {
            Some("valid") => Signature::Valid,
            Some("unavailable") => Signature::Unavailable,
            _ => Signature::Invalid,
        };
        let digest = given.string("digest").and_then(|digest| from_base64url(&digest));
        self.conclude(context, &Verdict { signature, digest })
    }

    fn go_on(mut self, context: &Context) -> Result<JsValue, Error> {
        let unverified = match self.finish(context) {
            Ok(Answer::Unverified(unverified)) => unverified,
            Ok(Answer::Tokens(tokens)) => return settle(context, self.awaiting, self.carry.expose(), Ok(tokens)),
            Err(error) => return settle(context, self.awaiting, self.carry.expose(), Err(error)),
        };
        if !context.can_verify {
            return self.conclude(context, &Verdict::UNAVAILABLE);
        }
        if self.keys.is_none() {
            let kept = unverified.jwks_uri().and_then(|jwks_uri| Keys::open(context).load(jwks_uri));
            self.keys = kept.and_then(|record| KeySet::from_record(&record));
        }
        let jwks = self.keys.as_ref().and_then(|keys| Jwks::parse(&keys.jwks));
        let next = unverified.next(jwks.as_ref(), self.refetched_at(), now());
        self.suspend(context, next)
    }

    fn conclude(self, context: &Context, verdict: &Verdict) -> Result<JsValue, Error> {
        let tokens = match self.finish(context) {
            Ok(Answer::Unverified(unverified)) => {
                if verdict.signature == Signature::Invalid {
                    return self.suspend(context, unverified.next_after_invalid(self.refetched_at(), now()));
                }
                unverified.conclude(verdict)
            }
            Ok(Answer::Tokens(tokens)) => Ok(tokens),
            Err(error) => Err(error),
        };
        settle(context, self.awaiting, self.carry.expose(), tokens)
    }

    fn suspend(&self, context: &Context, next: Result<Step<'_>, Error>) -> Result<JsValue, Error> {
        match next {
            Ok(Step::Fetch(request)) => Ok(step(request, Awaiting::Keys, self.to_record().expose())),
            Ok(Step::Verify(check)) => {
                Ok(suspended("verify", from_check(&check), Awaiting::Verdict, self.to_record().expose()))
            }
            Err(error) => settle(context, self.awaiting, self.carry.expose(), Err(error)),
        }
    }

    fn refetched_at(&self) -> Option<u64> {
        self.keys.as_ref()?.refetched_at
    }

    /// Reads the answer, as it was when it came.
    fn finish(&self, context: &Context) -> Result<Answer<JsValue>, Error> {
        let carry = self.carry.expose();
        if let Awaiting::Userinfo = self.awaiting {
            let tokens = TokenSet::<JsValue>::from_record(carry).ok_or(Code::Internal)?;
            let Context { config, metadata, .. } = context;
            return userinfo::finish_signed(config, metadata, &self.response, &tokens, self.received_at)
                .map(Answer::Unverified);
        }
        let exchange = if let Awaiting::Tokens | Awaiting::Login = self.awaiting {
            Transaction::from_record(carry)?.exchange(&context.config)
        } else {
            let tokens = TokenSet::<JsValue>::from_record(carry).ok_or(Code::Internal)?;
            token::refresh(&context.config, &context.metadata, tokens)?.1
        };
        exchange.finish(&self.response, self.received_at)
    }
}

/// Ends the operation with its tokens, or with the reason why there are none.
fn settle(
    context: &Context,
    awaiting: Awaiting,
    carry: &str,
    tokens: Result<TokenSet<JsValue>, Error>,
) -> Result<JsValue, Error> {
    Ok(done(match awaiting {
        Awaiting::Login => finish_login(context, carry, tokens)?,
        Awaiting::FreshSession => from_tokens(&keep_session(context, carry, tokens)?),
        Awaiting::Userinfo => tokens.map_err(userinfo::told)?.claims.unwrap_or_default(),
        _ => from_tokens(&tokens?),
    }))
}

/// What WebCrypto is asked. The algorithm is one object for importing and for verifying: each takes the members that it knows.
fn from_check(check: &Check<'_>) -> JsValue {
    let hash = check.algorithm.hash;
    let algorithm = Members::new()
        .with_text("name", Some(check.algorithm.name))
        .with_text("hash", Some(hash.name()))
        .with_text("namedCurve", check.algorithm.curve.map(|(crv, _)| crv))
        .with("saltLength", hash.length().into());
    let keys = Array::new();
    for key in &check.keys {
        let members = key.members().iter();
        let jwk = members.fold(Members::new(), |jwk, (name, value)| jwk.with_text(name, Some(value)));
        keys.push(&jwk.finish());
    }
    let digest = check
        .digest
        .map(|(hash, text)| Members::new().with_text("hash", Some(hash.name())).with_text("text", Some(text)).finish());
    Members::new()
        .with("algorithm", algorithm.finish())
        .with("keys", keys.into())
        .with_text("input", Some(check.signing_input))
        .with_text("signature", Some(check.signature))
        .with_some("digest", digest)
        .finish()
}
