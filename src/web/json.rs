//! JSON and option objects as JavaScript has them.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, JSON};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::json::Json;

#[wasm_bindgen]
extern "C" {
    /// Something with members.
    type Container;
    /// A member that is neither undefined nor null.
    type Member;

    // The name goes over with the question: half of the time of a call went into making strings of names.
    #[wasm_bindgen(method, structural, indexing_getter, catch)]
    fn get(this: &Container, name: &str) -> Result<Option<Member>, JsValue>;
}

impl Json for JsValue {
    fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok()
    }

    fn to_text(&self) -> String {
        JSON::stringify(self).ok().and_then(|text| Self::as_string(&text)).unwrap_or_default()
    }

    fn is_object(&self) -> bool {
        Self::is_object(self) && !Array::is_array(self)
    }

    fn member(&self, name: &str) -> Option<Self> {
        // Undefined and null throw, and so may a getter. No other value that is no object has a member of a name that is asked for.
        self.unchecked_ref::<Container>().get(name).ok().flatten().map(Into::into)
    }

    fn as_string(&self) -> Option<String> {
        Self::as_string(self)
    }

    fn as_number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.as_bool()
    }

    fn as_elements(&self) -> Option<Vec<Self>> {
        self.dyn_ref::<Array>().map(|array| array.iter().collect())
    }
}
