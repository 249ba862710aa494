//! The face in a real browser engine: run by `wasm-pack test`.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]

mod bindings;
mod caller;
mod claim;
mod discovery;
mod keys;
mod login;
mod page;
mod primitives;
mod session;
mod storage;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
