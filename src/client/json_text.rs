//! JSON that somebody else wrote: claims, and details of an authorization.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::fields::text;
use crate::json::{self, Json};

/// A JSON value as the text that it came in (RFC 8259). Two are the same when their texts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(String);

impl JsonText {
    /// Takes a text; `None` when it is not JSON.
    #[must_use]
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        json::parse(text.as_bytes())?;
        Some(Self(text))
    }

    /// The same for bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::parse(text(bytes.into()))
    }

    /// The text, for a JSON parser of the caller's choice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A member of an object; `None` when this is no object, or the member is absent or null. Of a member given twice, the last one counts.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Self> {
        self.value(name).map(|value| Self(text(value.raw().into())))
    }

    /// The text of a member that is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        let mut bytes = Vec::new();
        self.value(name)?.text(&mut bytes)?;
        Some(text(bytes))
    }

    /// The value of a member that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.number()
    }

    fn value(&self, name: &str) -> Option<Json<'_>> {
        let mut found = None;
        json::parse(self.0.as_bytes())?.each(b'{', &mut |key, value| {
            let mut bytes = Vec::new();
            if key.text(&mut bytes).is_some() && bytes == name.as_bytes() {
                found = Some(value);
            }
        })?;
        found.filter(|value| value.kind() != b'n')
    }
}
