//! The reach table: the packed tarball wherever a page or a server may run it, with real engines and real tools.
//!
//! `cargo xtask reach` installs what is needed and starts this once for each browser engine. Each row of the table is printed
//! to the standard output as a line of JSON as soon as it is known.
//!
//! | variable | meaning |
//! |---|---|
//! | `PKCE_REACH_FOLDER` | the folder with the tools and the tarball in its `node_modules`; fixtures are copied below it |
//! | `PKCE_REACH_FULL` | set when the slow rows are wanted too |
//! | `PKCE_E2E_…` | the browser, as for the end-to-end tests |

mod bundlers;
mod fixtures;
mod login;
mod old_chromium;
mod pages;
mod process;
mod row;
mod runtimes;

use std::rc::Rc;

use e2e::{Browser, Engine};
use hostile::Server;
use tokio::task::LocalSet;

use crate::fixtures::Fixtures;
use crate::row::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // A harness that gives up panics: the row tells it.
    std::panic::set_hook(Box::new(|_| ()));
    LocalSet::new().run_until(rows()).await;
}

async fn rows() {
    let server = Server::start([(login::SERVER, login::SCENARIO)]).await;
    let fixtures = Fixtures::copy(&server.issuer(login::SERVER));
    let table = Table::new(std::env::var_os("PKCE_REACH_FULL").is_some());
    let browser = Rc::new(Browser::start().await);
    pages::rows(&table, &fixtures, &browser).await;
    // What needs a browser only to look at what was built needs no more than one engine.
    if Engine::from_env() == Engine::Chromium {
        bundlers::rows(&table, &fixtures, &browser).await;
        runtimes::rows(&table, &fixtures).await;
        old_chromium::rows(&table, &fixtures).await;
    }
}
