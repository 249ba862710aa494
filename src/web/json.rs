//! JSON and option objects as JavaScript has them.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::json::Json;

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
        // Reflect.get throws on what is no object, and so it does for a getter that throws.
        Reflect::get(self, &Self::from_str(name)).ok().filter(|value| !value.is_undefined() && !value.is_null())
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
