//! The rows of the table.

use std::any::Any;
use std::future::Future;
use std::time::Instant;

use serde_json::json;

/// Why a row is not there.
#[derive(Debug)]
pub(crate) enum Miss {
    /// It does not work.
    Failed(String),
    /// It cannot be tried here.
    Skipped(String),
}

impl<T: Into<String>> From<T> for Miss {
    fn from(reason: T) -> Self {
        Self::Failed(reason.into())
    }
}

/// What a row comes to: a remark, or why not.
pub(crate) type Outcome = Result<String, Miss>;

/// Where the rows go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    full: bool,
}

impl Table {
    pub(crate) fn new(full: bool) -> Self {
        Self { full }
    }

    /// Runs a row and prints it. A panic is a failure.
    pub(crate) async fn row(&self, name: &str, with: &str, run: impl Future<Output = Outcome> + 'static) {
        let started = Instant::now();
        let outcome = tokio::task::spawn_local(run).await;
        let outcome = outcome.unwrap_or_else(|error| {
            Err(Miss::Failed(match error.try_into_panic() {
                Ok(panic) => said(panic.as_ref()),
                Err(error) => error.to_string(),
            }))
        });
        let (status, remark) = match outcome {
            Ok(remark) => ("ok", remark),
            Err(Miss::Failed(reason)) => ("failed", reason),
            Err(Miss::Skipped(reason)) => ("skipped", reason),
        };
        let seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        println!("{}", json!({ "name": name, "with": with, "status": status, "remark": remark, "seconds": seconds }));
    }

    /// Runs a row only when the slow ones are wanted.
    pub(crate) async fn slow_row(&self, name: &str, with: &str, run: impl Future<Output = Outcome> + 'static) {
        if self.full {
            self.row(name, with, run).await;
        } else {
            self.row(name, with, async { Err(Miss::Skipped("slow: with --full".to_owned())) }).await;
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    text.unwrap_or("it panicked").to_owned()
}
