//! A read-only view of JSON, so that the platform's parser serves in a page and `serde_json` elsewhere.

use alloc::string::String;
use alloc::vec::Vec;

/// A JSON value that somebody else parsed. Of a member given twice, the last one counts.
pub trait Json: Sized {
    /// Parses a text; `None` when it is not JSON.
    fn parse(text: &str) -> Option<Self>;
    /// Writes it as a text.
    fn to_text(&self) -> String;
    /// Whether this is an object.
    fn is_object(&self) -> bool;
    /// A member of an object; `None` when this is no object, or the member is absent or null.
    fn member(&self, name: &str) -> Option<Self>;
    /// The text of a string.
    fn as_string(&self) -> Option<String>;
    /// The value of a number.
    fn as_number(&self) -> Option<f64>;
    /// The value of a boolean.
    fn as_boolean(&self) -> Option<bool>;
    /// The elements of an array.
    fn as_elements(&self) -> Option<Vec<Self>>;

    /// A member that is a string.
    fn string(&self, name: &str) -> Option<String> {
        self.member(name)?.as_string()
    }

    /// A member that is a number.
    fn number(&self, name: &str) -> Option<f64> {
        self.member(name)?.as_number()
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Json for serde_json::Value {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn to_text(&self) -> String {
        alloc::string::ToString::to_string(self)
    }

    fn is_object(&self) -> bool {
        self.is_object()
    }

    fn member(&self, name: &str) -> Option<Self> {
        self.get(name).filter(|value| !value.is_null()).cloned()
    }

    fn as_string(&self) -> Option<String> {
        self.as_str().map(String::from)
    }

    fn as_number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.as_bool()
    }

    fn as_elements(&self) -> Option<Vec<Self>> {
        self.as_array().cloned()
    }
}
