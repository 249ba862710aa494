//! A login is never lost and never done twice: many at once, one callback in two tabs, killed browsers, slow and absent
//! servers, wrong clocks, full and forbidden storage. What counts is what the token endpoint saw.

mod claim;
mod killed;
mod network;
mod storage;
mod strict_mode;

use std::io::{Write as _, stdout};

use e2e::Engine;

/// Prints a measured figure, past the capture of the test runner, which shows only what failing tests print.
fn figure(text: &str) {
    writeln!(stdout(), "{:?}: {text}", Engine::from_env()).expect("the output can be written");
}
