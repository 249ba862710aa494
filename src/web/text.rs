//! The boundary: texts go in, one text comes out. No object of JavaScript is looked into, and nothing throws.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::callback::Refusal;
use crate::flow::resource::Needed;
use crate::flow::session::write_details;
use crate::flow::setup::Setup;
use crate::flow::tokens::Session;
use crate::http::Reply;
use crate::table::{from_lines, to_lines};
use crate::tables::{FailedAs, member};
use crate::text::{Write, number, number_or, take};

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
    #[allow(clippy::slow_vector_initialization, reason = "the other way brings a second allocation function along")]
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.resize(size(self), 0);
        read(&mut bytes);
        bytes
    }

    /// The same of a text that is no record; of a record the fields.
    #[inline(never)]
    fn input(self, is_record: bool) -> Vec<u8> {
        let bytes = self.bytes();
        if is_record { from_lines(&bytes) } else { bytes }
    }
}

/// Stands for a text that an operation does not take.
pub(crate) fn absent() -> Text {
    JsValue::UNDEFINED.unchecked_into()
}

/// What an operation takes: its first texts are records, and these are known ones.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    /// How many of the texts are records.
    pub(crate) records: u8,
    /// The first one is the setup.
    pub(crate) setup: bool,
    /// The next one is a session.
    pub(crate) session: bool,
}

/// Texts, and no record.
pub(crate) const TEXTS: Takes = Takes { records: 0, setup: false, session: false };
/// So many records, which the operation reads for itself.
pub(crate) const fn records(records: u8) -> Takes {
    Takes { records, ..TEXTS }
}
/// The setup, and so many records, which the operation reads for itself.
pub(crate) const fn setup_and(records: u8) -> Takes {
    Takes { records: records.saturating_add(1), setup: true, session: false }
}
/// The setup and a session.
pub(crate) const SESSION: Takes = Takes { records: 2, setup: true, session: true };

/// What an operation is given: its texts, of a record the fields, and setup and session, which are blank when it takes none.
pub(crate) struct Given<'a> {
    pub(crate) texts: [&'a [u8]; 4],
    pub(crate) setup: Setup<'a>,
    pub(crate) session: Session<'a>,
}

/// What an operation does.
type Operation = fn(&Given<'_>, &mut Out) -> Result<(), Fault>;

/// Reads what an operation takes, and performs it.
#[inline(never)]
fn perform(texts: [&[u8]; 4], takes: Takes, operation: Operation, out: &mut Out) -> Result<(), Fault> {
    let [first, second, ..] = texts;
    let setup = if takes.setup { Setup::read(first).ok_or(Code::Internal)? } else { Setup::blank() };
    let session = if takes.session { Session::parse(second).ok_or(Code::Internal)? } else { Session::blank() };
    operation(&Given { texts, setup, session }, out)
}

/// What an operation gives: the members of an object; and beside a fault the members that say more of it.
pub(crate) struct Out {
    pub(crate) members: Vec<u8>,
    details: Vec<u8>,
}

impl Out {
    /// Adds those members that are there, as strings. The names are separated by spaces.
    pub(crate) fn texts(&mut self, names: &str, values: &[&[u8]]) {
        self.members.members(names, values);
    }

    /// Adds one of them.
    #[inline(never)]
    pub(crate) fn text(&mut self, name: &str, value: &[u8]) {
        self.texts(name, &[value]);
    }

    /// Adds a record, by its fields.
    pub(crate) fn record(&mut self, name: &str, fields: &[u8]) {
        self.text(name, &to_lines(fields));
    }

    /// Adds a member that is JSON already.
    #[inline(never)]
    pub(crate) fn json(&mut self, name: &str, value: &[u8]) {
        self.members.member(name.as_bytes());
        self.members.json(value);
    }

    /// A fault in an answer, with what the answer says beside.
    #[inline(never)]
    pub(crate) fn fault(&mut self, fault: Fault, reply: &Reply<'_>) -> Fault {
        if reply.status != 200 {
            self.detail("status", Some(reply.status));
        }
        self.detail("retryAfter", reply.retry_after);
        fault
    }

    /// The server's own refusal, in its words.
    #[inline(never)]
    pub(crate) fn refused(&mut self, refusal: &Refusal) -> Fault {
        self.said(&[&refusal.error, &refusal.description, &refusal.uri]);
        refusal.code.into()
    }

    /// The same, with what the answer says beside.
    pub(crate) fn refused_in(&mut self, refusal: &Refusal, reply: &Reply<'_>) -> Fault {
        let fault = self.refused(refusal);
        self.fault(fault, reply)
    }

    /// What was found where something is at fault.
    pub(crate) fn found(&mut self, found: &[u8]) {
        self.details.members("found", &[found]);
    }

    /// What was told of a failure before.
    pub(crate) fn repeat(&mut self, told: &FailedAs<'_>) {
        write_details(told, &mut self.details);
    }

    /// What a fault is about that has no place in a table.
    pub(crate) fn about(&mut self, name: &[u8]) {
        self.details.members("subject", &[name]);
    }

    /// What was expected, and what was found in its place.
    #[inline(never)]
    pub(crate) fn differs(&mut self, expected: &[u8], found: &[u8]) {
        self.details.members("expected found", &[expected, found]);
    }

    /// What the server said: its error, and, where they are known, the description and where to read more.
    pub(crate) fn said(&mut self, words: &[&[u8]]) {
        self.details.members("oauthError oauthErrorDescription oauthErrorUri", words);
    }

    /// What a login has to ask for.
    pub(crate) fn needed(&mut self, needed: &Needed) {
        self.details.member(b"loginOptions");
        let mut options = Vec::new();
        options.members("scope acrValues", &[&needed.scope, needed.acr_values.as_deref().unwrap_or_default()]);
        // A login that only asks would end where this one began.
        if needed.acr_values.is_some() {
            options.member(b"requireAcr");
            options.text(b"true");
        }
        if let Some(max_age) = needed.max_age {
            options.member(b"maxAge");
            options.number(max_age);
        }
        options.push(b'}');
        self.details.text(&options);
    }

    /// A number that says more of a fault.
    #[inline(never)]
    pub(crate) fn detail(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.details.member(name.as_bytes());
            self.details.number(value);
        }
    }

    /// The object of a fault, with all that is known of it.
    #[inline(never)]
    pub(crate) fn error(&mut self, fault: Fault) -> Vec<u8> {
        let mut error = core::mem::take(&mut self.details);
        error.member(b"code");
        write_code(fault.code(), &mut error);
        error.members("subject", &[member(fault).unwrap_or_default()]);
        error.push(b'}');
        error
    }
}

/// In the package the place of the code in the table, for the package has the names and messages already; in a build
/// without it (`wasm-pack`) the name.
pub(crate) fn write_code(code: Code, out: &mut Vec<u8>) {
    if cfg!(target_os = "none") { out.number(code as u64) } else { out.string(code.name().as_bytes()) }
}

/// Reads a code as [`write_code`] writes it.
pub(crate) fn read_code(text: &[u8]) -> Option<Code> {
    if cfg!(target_os = "none") {
        return Code::from_place(number_or(text, u64::MAX));
    }
    let name = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Code::ALL.iter().copied().find(|code| code.name().as_bytes() == name)
}

/// Runs an operation, and gives the text of its object: its members, or `error`.
#[inline(never)]
pub(crate) fn run(first: Text, second: Text, third: Text, fourth: Text, takes: Takes, operation: Operation) -> Text {
    let texts = [
        &*first.input(takes.records > 0),
        &*second.input(takes.records > 1),
        &*third.input(takes.records > 2),
        &*fourth.input(false),
    ];
    let mut out = Out { members: Vec::new(), details: Vec::new() };
    // Most answers are no longer.
    out.members.reserve(1024);
    if let Err(fault) = perform(texts, takes, operation, &mut out) {
        let error = out.error(fault);
        out.members.clear();
        out.json("error", &error);
    } else if out.members.is_empty() {
        out.members.push(b'{');
    }
    out.members.push(b'}');
    write(&out.members)
}

/// An answer, as the transport tells it: status, content type, the server's time and the seconds to wait, each on a line and
/// empty when it is not known; then the body.
pub(crate) fn reply(answer: &[u8]) -> Reply<'_> {
    let mut rest = answer;
    let (status, content_type) = (take(&mut rest, b'\n'), take(&mut rest, b'\n'));
    let (date, retry_after) = (number(take(&mut rest, b'\n')), number(take(&mut rest, b'\n')));
    Reply { status: number_or(status, 0), content_type, date, retry_after, body: rest }
}

/// Seconds since 1970, now.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock before 1970 counts as 1970")]
pub(crate) fn now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

/// Tells tokens, and the record to keep. Their claims are at hand, or else those of the ID token.
#[inline(never)]
pub(crate) fn tell_tokens(fields: &[u8], claims: &[u8], out: &mut Out) {
    let session = Session::of_table(fields);
    let text = if claims.is_empty() { session.claims_text().unwrap_or_default() } else { Vec::new() };
    out.members.member(b"tokens");
    session.write_json(if claims.is_empty() { &text } else { claims }, &mut out.members);
    out.record("session", fields);
    out.texts("binding jkt", &[session.binding(), session.jkt()]);
}

/// Writes what stands before an element of a list, but for the first one.
pub(crate) fn separate(list: &mut Vec<u8>) {
    if list.last() != Some(&b'[') {
        list.push(b',');
    }
}
