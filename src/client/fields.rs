//! From typed values to the fields of a record and back, and from a fault to an error.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Fault, Refusal};
use crate::flow::callback;
use crate::http::Response;
use crate::json;
use crate::secret::Secret;
use crate::table;
use crate::tables::{about, member};
use crate::text::{self, Write, plain};

/// The text in which the fields of a record stand that holds secrets: wiped when dropped.
pub(crate) type Fields = Zeroizing<Vec<u8>>;

/// The field of a text that is there.
pub(crate) const fn field(text: &str) -> &[u8] {
    table::field(text.as_bytes())
}

/// The field of a text that may be missing.
pub(crate) fn optional(text: Option<&str>) -> &[u8] {
    text.map(field).unwrap_or_default()
}

/// The field of a number.
pub(crate) fn digits(number: impl Into<u64>) -> Vec<u8> {
    text::digits(number.into())
}

/// The field of a number that may be missing.
pub(crate) fn optional_digits(number: Option<impl Into<u64>>) -> Vec<u8> {
    number.map(digits).unwrap_or_default()
}

/// The field of a flag.
pub(crate) const fn flag(is_set: bool) -> &'static [u8] {
    if is_set { b"1" } else { b"" }
}

/// Sees to it that a JSON object has no member which nothing here reads: mostly it is another one, misspelled.
pub(crate) fn check_members(table: &table::Table, known: table::Members, json: &str) -> Result<(), Error> {
    match table.stranger(known, json.as_bytes()) {
        Some(stranger) => Err(Error::new(Code::MemberUnknown).found(text(stranger))),
        None => Ok(()),
    }
}

/// The text of bytes that are UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// The same for bytes that are part of another text.
pub(crate) fn part(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// The text of a field; empty also when it is not there.
pub(crate) fn read(field: &[u8]) -> String {
    part(plain(field)).into()
}

/// The text of a field; `None` when it is not there.
pub(crate) fn read_optional(field: &[u8]) -> Option<String> {
    if field.is_empty() { None } else { Some(read(field)) }
}

/// The secret of bytes that are UTF-8.
pub(crate) fn secret(bytes: Vec<u8>) -> Secret {
    Secret::new(text(bytes))
}

/// The lines of the fields of a record that holds secrets.
pub(crate) fn to_record(fields: &[u8]) -> Secret {
    secret(table::to_lines(fields))
}

/// The fields of such lines.
pub(crate) fn from_record(record: &str) -> Fields {
    Zeroizing::new(table::from_lines(record.as_bytes()))
}

/// The parameters of the caller as the JSON object that the protocol reads.
pub(crate) fn to_object(parameters: &[(String, String)]) -> Vec<u8> {
    let mut object = Vec::new();
    for (name, value) in parameters {
        object.member(name.as_bytes());
        object.string(value.as_bytes());
    }
    if !object.is_empty() {
        object.push(b'}');
    }
    object
}

/// The parameters of such an object, which an application wrote.
pub(crate) fn from_object(object: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let invalid = about!(ConfigInvalid, OPTIONS, "extra_parameters");
    let mut parameters = Vec::new();
    let mut is_sound = true;
    if !object.is_empty() {
        let members = json::parse(object).and_then(|object| {
            object.each(b'{', &mut |key, value| {
                let (mut name, mut text) = (Vec::new(), Vec::new());
                is_sound &= key.text(&mut name).is_some() && value.text(&mut text).is_some();
                parameters.push((self::text(name), self::text(text)));
            })
        });
        is_sound &= members.is_some();
    }
    if is_sound { Ok(parameters) } else { Err(invalid.into()) }
}

/// What a fault is about, in the specifications' spelling.
pub(crate) fn subject(fault: Fault) -> Option<&'static str> {
    member(fault).map(part)
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Self::new(fault.code());
        match subject(fault) {
            Some(subject) => error.about(subject),
            None => error,
        }
    }
}

/// A fault in an answer, with what the answer says beside.
pub(crate) fn fault_in(response: &Response) -> impl Fn(Fault) -> Error {
    let (status, retry_after) = (response.status, response.reply().retry_after);
    move |fault| {
        let mut error = Error::from(fault);
        // Of a 200 it says that the body is none of what was asked for.
        let is_whole = error.subject.is_none()
            && matches!(error.code, Code::TokenResponseInvalid | Code::UserinfoInvalid | Code::JwksInvalid);
        if status != 200 || is_whole {
            error = error.status(status);
        }
        match error.code {
            Code::ServerError | Code::RedirectNotFollowed => error.retry_after(retry_after),
            _ => error,
        }
    }
}

/// The server's own refusal in an answer.
pub(crate) fn refused_in(response: &Response, refusal: callback::Refusal) -> Error {
    refused(refusal).status(response.status).retry_after(response.retry_after)
}

/// The server's own refusal, in its words.
pub(crate) fn refused(refusal: callback::Refusal) -> Error {
    let some =
        |words: Vec<u8>| if words.is_empty() { None } else { Some(String::from_utf8_lossy(&words).into_owned()) };
    Error::new(refusal.code).refusal(Refusal {
        error: text(refusal.error),
        error_description: some(refusal.description),
        error_uri: some(refusal.uri),
    })
}
