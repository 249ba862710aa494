//! The client as a whole, without Tauri: at servers that are honest and at servers that lie, with a keyring that can be told how
//! to fail. Here is what the tests share.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]

mod dpop;
mod keyring;
mod lies;
mod login;
mod logout;
mod resource;
mod session;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hostile::{Reply, Rotation, Scenario, Server, honest};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::error::Error;
use reqwest::header::LOCATION;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, Shell};
use crate::config::{Configuration, over};
use crate::http::Call;
use crate::lock::Lock;
use crate::store::Vault;
use crate::store::tests::Fake;
use crate::told::Event;

const SCHEME: &str = "com.example.app:/callback";
const PATIENCE: Duration = Duration::from_secs(60);

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(work)
}

/// What the client asks of the application, written down.
#[derive(Clone, Default)]
struct Desk {
    opened: Arc<Mutex<Vec<String>>>,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Shell for Desk {
    fn open(&self, url: &str) -> Result<(), Error> {
        self.opened.lock().unwrap().push(url.to_owned());
        Ok(())
    }

    fn tell(&self, event: Event) {
        self.told.lock().unwrap().push(event);
    }
}

impl Desk {
    fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap().iter().map(|event| serde_json::to_value(event).unwrap()).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.told().iter().filter(|event| event["type"] == kind).count()
    }
}

/// A user's machine: its keyring, its folder, and what the application shows.
struct Machine {
    keyring: Arc<Fake>,
    folder: TempDir,
    desk: Desk,
}

impl Machine {
    fn new() -> Self {
        Self { keyring: Arc::default(), folder: tempfile::tempdir().unwrap(), desk: Desk::default() }
    }

    fn vault(&self) -> Vault {
        Vault::new(Box::new(Arc::clone(&self.keyring)), self.folder.path())
    }

    /// A process of the application.
    fn start(&self, config: Value) -> Arc<Client> {
        let config = Configuration::new(config.as_object().unwrap().clone()).unwrap();
        let lock = Lock::new(self.folder.path().join("lock"));
        Client::new(config, self.vault(), lock, Box::new(self.desk.clone())).unwrap()
    }

    /// The URL with which the browser comes back from the page that was opened last.
    async fn browse(&self) -> String {
        let url = self.desk.opened.lock().unwrap().last().unwrap().clone();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = browser.get(url).send().await.unwrap();
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    /// Begins a login and comes back from it.
    async fn sign_in(&self, client: &Arc<Client>, options: LoginOptions) -> Result<Value, Error> {
        client.login(options).await?;
        let back = self.browse().await;
        let redirect_uri = client.redirect_uri().to_owned();
        Ok(serde_json::to_value(client.handle_redirect(&back, &redirect_uri).await).unwrap())
    }
}

fn config(issuer: &str) -> Value {
    json!({ "issuer": issuer, "clientId": "app", "redirectUri": SCHEME })
}

/// The same with more members, or others.
fn config_with(issuer: &str, members: Value) -> Value {
    over(config(issuer), members).unwrap().into()
}

/// The metadata of an honest server that has one more endpoint.
fn metadata_with(issuer: &str, member: &str, path: &str) -> Value {
    honest::with(honest::metadata(issuer), member, format!("{issuer}{path}").into())
}

/// An honest server whose access tokens are to be renewed as soon as they are there.
const SHORT: Scenario = Scenario {
    token: |login| Reply::json(honest::with(honest::tokens(login), "expires_in", 1.into())),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// The same with tokens that last.
const LASTING: Scenario = Scenario { rotation: Rotation::Strict, ..Scenario::HONEST };

/// A server, and a machine on which somebody has signed in there, with these members of the configuration.
async fn signed_in(name: &'static str, scenario: Scenario, members: Value) -> (Server, Machine, Arc<Client>) {
    let server = Server::start([(name, scenario)]).await;
    let machine = Machine::new();
    let client = machine.start(config_with(&server.issuer(name), members));
    machine.sign_in(&client, LoginOptions::default()).await.unwrap();
    (server, machine, client)
}

fn code<T>(result: Result<T, Error>) -> Option<&'static str> {
    result.err().map(|error| error.code.name())
}

fn call(url: &str) -> Call {
    Call::new(url, "GET", &[], None, PATIENCE, false).unwrap()
}

/// Nothing that a page is told holds a token.
fn assert_discreet(machine: &Machine) {
    let told = Value::from(machine.desk.told()).to_string();
    for secret in ["access-", "refresh-", "eyJ", "code-"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

async fn until(what: &str, check: impl AsyncFn() -> bool) {
    let wait = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
