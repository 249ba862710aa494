//! The harness of the end-to-end tests: the packed npm package, in the demo page, in a real browser.
//!
//! The tests themselves are in `tests/`. Each starts its own servers and its own browser with a fresh profile, and takes
//! both down again when it ends, however it ends.
//!
//! What runs is told by the environment:
//!
//! | variable | meaning | when absent |
//! |---|---|---|
//! | `PKCE_E2E_ENGINE` | `chromium`, `firefox` or `webkit` | `chromium` |
//! | `PKCE_E2E_DRIVER` | the engine's WebDriver program | found on `PATH` |
//! | `PKCE_E2E_BROWSER` | the browser program | found on `PATH` |
//! | `PKCE_E2E_APPLICATION` | the demo as an application | found on `PATH` |
//! | `PKCE_E2E_MCP_APPLICATION` | the example for MCP servers as an application | the tests of it fail |
//! | `PKCE_E2E_APPLICATION_DRIVER` | the WebDriver program for it | found on `PATH` |
//! | `PKCE_SOAK` | set when what takes long runs in full | short |
//! | `PKCE_NODE` | Node 22 or newer, for the servers | found on `PATH` |
//! | `PKCE_E2E_PACKAGE` | the unpacked npm package | `target/pack/package` of the workspace |
//! | `PKCE_E2E_WASM_PACK` | what `wasm-pack build` made | `target/wasm-pack` of the workspace |
//! | `PKCE_E2E_DEMO_FILES` | the demo as files | `target/demo-static` of the workspace |
//! | `PKCE_E2E_FRONTEND` | the application in `tests/frontend` | `target/frontend/app` of the workspace |
//! | `PKCE_E2E_BEFORE` | the package of 0.1.0 | what needs it is skipped |

mod browser;
mod bundle;
mod demo;
mod driver;
mod engine;
mod lab;
mod node;
mod page;
mod provider;
mod site;
mod wire;

use std::io::{Write as _, stdout};

pub use browser::{Browser, Tab, until};
pub use bundle::{DEVELOPMENT, bundle};
pub use demo::{Counters, Demo, archive, demo_files, frontend, package, wasm_pack, workspace};
pub use engine::{Engine, LAN, Setup};
pub use lab::{Callback, Lab, Report};
pub use page::{App, Attempt, Outcome, Page, with_parameter, without_parameter};
pub use provider::Provider;
pub use site::Site;
pub use wire::Wire;

/// How often something is repeated that chance decides: a few times, or many with `cargo xtask test --soak`, which sets `PKCE_SOAK`.
pub fn times(few: usize, with_soak: usize) -> usize {
    if soak() { with_soak } else { few }
}

/// Whether what takes long runs in full.
pub fn soak() -> bool {
    env("PKCE_SOAK").is_some()
}

/// Prints a measured figure, past the capture of the test runner, which shows only what failing tests print.
pub fn figure(text: &str) {
    writeln!(stdout(), "{:?}: {text}", Engine::from_env()).expect("the output can be written");
}

/// `cargo xtask test` sets the environment; by hand the defaults do where the programs are on `PATH`.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
