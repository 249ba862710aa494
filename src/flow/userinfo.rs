//! The userinfo endpoint (OpenID Connect Core section 5.3).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::callback::Answer;
use crate::flow::id_token::{Claimed, seconds, time};
use crate::flow::metadata::usable;
use crate::flow::setup::Setup;
use crate::flow::signature::{Trust, Unverified};
use crate::flow::token::{issuer_of_keys, refused};
use crate::flow::tokens::Session;
use crate::http::Reply;
use crate::table::has_element;
use crate::tables::{Claims, SUBJECT, Subject, about};
use crate::text::joined;

/// Sees to it that the endpoint may be asked with these tokens (RFC 6750 section 2.1).
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the endpoint [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`]
pub(crate) fn check(setup: &Setup<'_>, session: &Session<'_>) -> Result<(), Fault> {
    session.check_issuer(setup)?;
    usable(setup.userinfo_endpoint(), about!(EndpointMissing, METADATA, "userinfo_endpoint"))
}

/// What the endpoint said of the user.
pub(crate) enum Said {
    /// The claims, a JSON text.
    Claims(Vec<u8>),
    /// The fields of [`Unverified`]: the answer is signed, and the signature still to be verified.
    Signed(Vec<u8>),
}

/// Reads an answer, in JSON or signed (OpenID Connect Core section 5.3.2); `now` is in seconds since 1970. It has to be about the
/// user of the ID token (section 5.3.4).
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::UserinfoRefused`], [`Code::UserinfoInvalid`], [`Code::UserinfoSubjectMismatch`]
pub(crate) fn finish(
    setup: &Setup<'_>,
    session: &Session<'_>,
    reply: &Reply<'_>,
    now: u64,
) -> Result<Answer<Said>, Fault> {
    if is_signed(reply) {
        return Ok(Answer::Given(Said::Signed(finish_signed(setup, session, reply, now)?)));
    }
    Ok(match finish_json(session, reply)? {
        Answer::Given(claims) => Answer::Given(Said::Claims(claims)),
        Answer::Refused(refusal) => Answer::Refused(refusal),
    })
}

/// Reads an answer in JSON: the claims, a JSON text.
///
/// # Errors
/// those of [`finish`]
pub(crate) fn finish_json(session: &Session<'_>, reply: &Reply<'_>) -> Result<Answer<Vec<u8>>, Fault> {
    if let Some(refusal) = refused(reply, Code::UserinfoRefused, &[session.access_token()])? {
        return Ok(Answer::Refused(refusal));
    }
    match reply.status {
        200 if reply.is_json() => {}
        401 | 403 => return Err(Code::UserinfoRefused.into()),
        _ => return Err(Code::UserinfoInvalid.into()),
    }
    let fields = SUBJECT.read(reply.body, Code::UserinfoInvalid)?;
    check_subject(Subject::of_table(&fields).sub(), session)?;
    Ok(Answer::Given(joined(&[reply.body])))
}

/// Whether an answer is signed.
pub(crate) fn is_signed(reply: &Reply<'_>) -> bool {
    reply.status == 200 && reply.has_type(b"application/jwt")
}

/// Reads a signed answer: the fields of [`Unverified`]. `iss` and `aud` are the server and this client where they are there.
pub(crate) fn finish_signed(
    setup: &Setup<'_>,
    session: &Session<'_>,
    reply: &Reply<'_>,
    now: u64,
) -> Result<Vec<u8>, Fault> {
    let claimed = Claimed::decode(reply.body, Code::UserinfoInvalid)?;
    let claims = claimed.claims();
    let fields = session.claims();
    let known = Claims::of_table(&fields).iss();
    let is_ours = if known.is_empty() { setup.accepts(claims.iss()).is_some() } else { claims.iss() == known };
    if !claims.iss().is_empty() && !is_ours {
        return Err(about!(UserinfoInvalid, CLAIMS, "iss"));
    }
    if !claims.aud().is_empty() && !has_element(claims.aud(), setup.client_id()) {
        return Err(about!(UserinfoInvalid, CLAIMS, "aud"));
    }
    let earliest = seconds(reply.clock(now)) - setup.tolerance();
    if !claims.exp().is_empty() && time(claims.exp(), about!(UserinfoInvalid, CLAIMS, "exp"))? <= earliest {
        return Err(about!(UserinfoInvalid, CLAIMS, "exp"));
    }
    check_subject(claims.sub(), session)?;
    let trust = Trust {
        jwks_uri: setup.jwks_uri(),
        voucher: setup.voucher(setup.userinfo_endpoint()),
        dropped: b"",
        registered: b"",
        optional: b"",
        issuer: issuer_of_keys(setup, if known.is_empty() { claims.iss() } else { known }),
    };
    Unverified::new(&claimed, reply.body, trust, Session::blank().fields(), b"")
}

/// What went wrong with the signature, as it is told of a userinfo response.
pub(crate) fn told(fault: Fault) -> Fault {
    match fault.code() {
        Code::IdTokenSignatureInvalid => about!(UserinfoInvalid, OTHER, "signature"),
        _ => fault,
    }
}

fn check_subject(subject: &[u8], session: &Session<'_>) -> Result<(), Fault> {
    if matches!(subject, [] | [crate::table::ODD]) {
        return Err(about!(UserinfoInvalid, CLAIMS, "sub"));
    }
    let fields = session.claims();
    let expected = Claims::of_table(&fields).sub();
    if expected.is_empty() || expected == subject {
        Ok(())
    } else {
        Err(about!(UserinfoSubjectMismatch, CLAIMS, "sub"))
    }
}
