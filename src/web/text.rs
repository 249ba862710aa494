//! The boundary: texts go in, one text comes out. No object of JavaScript is looked into, and nothing throws.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::callback::Refusal;
use crate::flow::resource::Needed;
use crate::http::Reply;
use crate::table::from_lines;
use crate::tables::member;
use crate::text::{Write, number, take};

#[wasm_bindgen(module = "/src/web/text.js")]
extern "C" {
    /// A text of JavaScript.
    #[wasm_bindgen(typescript_type = "string")]
    pub type Text;

    fn size(text: &Text) -> usize;
    fn read(buffer: &mut [u8]);
    fn write(buffer: &[u8]) -> Text;
}

impl Text {
    /// Its bytes, which are UTF-8.
    #[inline(never)]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = alloc::vec![0; size(self)];
        read(&mut bytes);
        bytes
    }

    /// The fields of the record that it is.
    #[inline(never)]
    pub(crate) fn fields(&self) -> Vec<u8> {
        from_lines(&self.bytes())
    }

    /// The number that it is.
    pub(crate) fn number(&self) -> Option<u64> {
        number(&self.bytes())
    }
}

/// Why an operation failed: the fault, and all that is known of it.
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) status: Option<u64>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) needed: Option<Needed>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, status: None, retry_after: None, refusal: None, needed: None }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Fault::from(code).into()
    }
}

impl Failure {
    /// A fault in an answer, with what the answer says beside.
    pub(crate) fn of(fault: Fault, reply: &Reply<'_>) -> Self {
        let status = Some(reply.status).filter(|status| *status != 200);
        Self { status, retry_after: reply.retry_after, ..fault.into() }
    }

    /// The server's own refusal.
    pub(crate) fn refused(refusal: Refusal, reply: &Reply<'_>) -> Self {
        Self { refusal: Some(refusal), ..Self::of(Code::Internal.into(), reply) }
    }

    pub(crate) fn code(&self) -> Code {
        self.refusal.as_ref().map_or(self.fault.code(), |refusal| refusal.code)
    }

    /// Writes it as an object.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let code = self.code();
        out.member(b"code");
        write_code(code, out);
        if self.refusal.is_none()
            && let Some(member) = member(self.fault)
        {
            out.member_text(b"subject", member.as_bytes());
        }
        for (name, value) in [(b"status".as_slice(), self.status), (b"retryAfter", self.retry_after)] {
            if let Some(value) = value {
                out.member(name);
                out.number(value);
            }
        }
        if let Some(refusal) = &self.refusal {
            for (name, value) in [
                (b"oauthError".as_slice(), &refusal.error),
                (b"oauthErrorDescription", &refusal.description),
                (b"oauthErrorUri", &refusal.uri),
            ] {
                if !value.is_empty() {
                    out.member_text(name, value);
                }
            }
        }
        if let Some(needed) = &self.needed {
            out.member(b"loginOptions");
            out.member_text(b"scope", &needed.scope);
            if let Some(acr_values) = &needed.acr_values {
                out.member_text(b"acrValues", acr_values);
            }
            if let Some(max_age) = needed.max_age {
                out.member(b"maxAge");
                out.number(max_age);
            }
            out.push(b'}');
        }
        out.push(b'}');
    }
}

/// In the package the place of the code in the table, for the package has the names and messages already; in a build
/// without it (`wasm-pack`) the name.
pub(crate) fn write_code(code: Code, out: &mut Vec<u8>) {
    if cfg!(target_os = "none") { out.number(code as u64) } else { out.string(code.name().as_bytes()) }
}

/// The object of an operation: its members, or `error`.
#[inline(never)]
pub(crate) fn run(operation: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>) -> Text {
    let mut out = Vec::new();
    let done = operation(&mut out);
    if let Err(failure) = done {
        out.clear();
        out.member(b"error");
        failure.write(&mut out);
    } else if out.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    write(&out)
}

/// An answer, as the transport tells it: status, content type, the server's time and the seconds to wait, each on a line and
/// empty when it is not known; then the body.
pub(crate) fn reply(answer: &[u8]) -> Reply<'_> {
    let mut rest = answer;
    let (status, content_type) = (take(&mut rest, b'\n'), take(&mut rest, b'\n'));
    let (date, retry_after) = (number(take(&mut rest, b'\n')), number(take(&mut rest, b'\n')));
    Reply { status: number(status).unwrap_or_default(), content_type, date, retry_after, body: rest }
}

/// Seconds since 1970, now.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock before 1970 counts as 1970")]
pub(crate) fn now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}
