//! A program for Node that says in one line where it is, and runs until it is dropped.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::path::Path;

use launch::Program;
use serde::de::DeserializeOwned;

/// A running program. It ends when this is dropped, and by itself when the test process dies.
#[derive(Debug)]
pub(crate) struct Node(#[expect(dead_code, reason = "dropping it is its use")] Program);

impl Node {
    /// Starts a program; gives what it says.
    pub(crate) fn start<T: DeserializeOwned>(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> (Self, T) {
        let mut log = tempfile::tempfile().expect("a temporary file can be made");
        let mut command = launch::node();
        command.arg(program).args(arguments).stderr(log.try_clone().expect("a file handle can be copied"));
        let failure = match Program::start(&mut command) {
            Ok(running) => match serde_json::from_str(running.first()) {
                Ok(said) => return (Self(running), said),
                Err(_) => format!("it said {}", running.first()),
            },
            Err(failure) => failure.to_string(),
        };
        let mut said = String::new();
        let read = log.rewind().and_then(|()| log.read_to_string(&mut said));
        let error = read.err().map_or_else(String::new, |error| error.to_string());
        panic!("{} did not start: {failure}\n{said}{error}", program.display());
    }
}
