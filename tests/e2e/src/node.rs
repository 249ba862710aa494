//! A program for Node that says in one line where it is, and runs until it is dropped.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::de::DeserializeOwned;

/// A running program. It ends when this is dropped, and by itself when the test process dies.
#[derive(Debug)]
pub(crate) struct Node(Child);

impl Node {
    /// Starts a program; gives what it says.
    pub(crate) fn start<T: DeserializeOwned>(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> (Self, T) {
        let mut log = tempfile::tempfile().expect("a temporary file can be made");
        let mut child = Command::new("node")
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("a file handle can be copied"))
            .spawn()
            .unwrap_or_else(|error| panic!("node cannot be started: {error}"));
        let stdout = child.stdout.take().expect("the output is piped");
        let node = Self(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("the output can be read");
        match serde_json::from_str(&line) {
            Ok(said) => (node, said),
            Err(_) => {
                // It has ended, or says what it should not.
                drop(node);
                let mut said = String::new();
                let read = log.rewind().and_then(|()| log.read_to_string(&mut said));
                let error = read.err().map_or_else(String::new, |error| error.to_string());
                panic!("{} did not start: {line}{said}{error}", program.display());
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
