//! The files of the npm package that these tests use.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/pkg/platform/transport.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(crate) async fn send(request: &JsValue, network: &JsValue, named: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = bodyOf)]
    pub(crate) fn body_of(answer: &str) -> String;
}

#[wasm_bindgen(module = "/pkg/platform/signature.js")]
extern "C" {
    #[wasm_bindgen(js_name = canVerify)]
    pub(crate) fn can_verify() -> bool;
}

#[wasm_bindgen(module = "/pkg/platform/wait.js")]
extern "C" {
    pub(crate) fn pause(milliseconds: u32) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/harmless.js")]
extern "C" {
    pub(crate) fn harmless(error: &JsValue, secrets: &js_sys::Array) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/platform/claim.js")]
extern "C" {
    pub(crate) fn claim(name: &str, patience: u32, work: &Function) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/own.js")]
extern "C" {
    pub(crate) fn own(object: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/platform/storage.js")]
extern "C" {
    pub(crate) type Records;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Records;

    pub(crate) fn tiers(config: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/platform/host_storage.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = withRecords)]
    pub(crate) async fn with_records(
        storage: &JsValue,
        timeout: u32,
        failed: &Function,
        work: &Function,
        kinds: &Array,
    ) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/pkg/platform/checksum.js")]
extern "C" {
    pub(crate) fn checksum(text: &str) -> u32;
}

#[wasm_bindgen(module = "/pkg/platform/items.js")]
extern "C" {
    #[wasm_bindgen(js_name = membersOf)]
    pub(crate) fn members_of(text: &str) -> Array;
}

#[wasm_bindgen(module = "/pkg/platform/records.js")]
extern "C" {
    #[wasm_bindgen(js_name = createPlace)]
    pub(crate) fn create_place(tier: &JsValue, memory: &Records, host: &JsValue, unavailable: &Function) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/engine/json.js")]
extern "C" {
    #[wasm_bindgen(js_name = toJson)]
    pub(crate) fn to_json(value: &JsValue) -> String;
}

#[wasm_bindgen(module = "/pkg/client/kept.js")]
extern "C" {
    pub(crate) type Logins;
    #[wasm_bindgen(js_name = createLogins)]
    pub(crate) fn create_logins(ask: &Function, place: &JsValue) -> Logins;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn begin(this: &Logins, key: &str, transaction: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn pending(this: &Logins, key: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    pub(crate) fn remains(this: &Logins, key: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    pub(crate) fn bury(this: &Logins, key: &str, remains: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn restore(this: &Logins, key: &str, transaction: &str);

}

#[wasm_bindgen(module = "/pkg/client/epochs.js")]
extern "C" {
    pub(crate) type Epochs;
    #[wasm_bindgen(js_name = createEpochs)]
    pub(crate) fn create_epochs(shared: &JsValue, owner: &str, over: &js_sys::Map) -> Epochs;
    #[wasm_bindgen(method)]
    pub(crate) fn begin(this: &Epochs) -> String;
}

#[wasm_bindgen(module = "/pkg/client/session.js")]
extern "C" {
    #[wasm_bindgen(js_name = createSession)]
    pub(crate) fn create_session(parts: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/client/held.js")]
extern "C" {
    pub(crate) type Held;
    #[wasm_bindgen(js_name = createHeld)]
    pub(crate) fn create_held(parts: &JsValue) -> Held;

    pub(crate) type Sessions;
    #[wasm_bindgen(method, js_name = createSessions)]
    pub(crate) fn create_sessions(this: &Held, place: &JsValue, epochs: &Epochs, client: &JsValue) -> Sessions;
    #[wasm_bindgen(method)]
    pub(crate) fn load(this: &Sessions) -> JsValue;
    #[wasm_bindgen(method)]
    pub(crate) fn start(this: &Sessions, began: &str, session: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn save(this: &Sessions, id: &JsValue, session: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn remove(this: &Sessions);
}

#[wasm_bindgen(module = "/pkg/client/exchange.js")]
extern "C" {
    pub(crate) type Exchange;
    #[wasm_bindgen(js_name = createExchange)]
    pub(crate) fn create_exchange(parts: &JsValue) -> Exchange;
    #[wasm_bindgen(method, catch)]
    pub(crate) async fn send(this: &Exchange, request: &JsValue, network: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = fetchKeys)]
    pub(crate) async fn fetch_keys(this: &Exchange, url: &str, network: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn lacks(this: &Exchange, url: &JsValue) -> bool;
    #[wasm_bindgen(method, catch)]
    pub(crate) async fn conclude(
        this: &Exchange,
        step: &JsValue,
        network: &JsValue,
        spent: bool,
    ) -> Result<JsValue, JsValue>;
}
