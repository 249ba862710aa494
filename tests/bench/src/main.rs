//! Drives the pages of the benchmark in a browser engine, and prints what they measured as JSON.
//!
//! `cargo xtask bench` makes the pages and starts this once for each engine.
//!
//! | variable | meaning |
//! |---|---|
//! | `PKCE_BENCH_FOLDER` | the folder with the pages |
//! | `PKCE_BENCH_WHAT` | what to measure, separated by spaces |
//! | `PKCE_BENCH_CONTENDERS` | the scripts of the cold pages, separated by spaces |
//! | `PKCE_E2E_…` | the browser, as for the end-to-end tests |

use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::{Browser, Engine, Setup, Site};
use serde_json::{Map, Value, json};

/// How often each contender starts cold.
const COLD_ROUNDS: usize = 15;
/// A page that was opened is left alone for as long as it rests twice and measures.
const REST: Duration = Duration::from_millis(900);
/// Between two looks at a page that is measuring: each of them disturbs it.
const LOOK: Duration = Duration::from_secs(1);
/// The longest that a measurement may take.
const PATIENCE: Duration = Duration::from_mins(20);

const RESULT: &str = "return window.result ?? null;";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = PathBuf::from(variable("PKCE_BENCH_FOLDER"));
    let site = Site::isolated(&folder).await;
    let mut measured = Map::new();
    for name in variable("PKCE_BENCH_WHAT").split(' ') {
        eprintln!("xtask:   {name}");
        let browser = Browser::start_with(&setup(name == "flat")).await;
        measured.insert("version".to_owned(), browser.version().await.into());
        let result = match name {
            "start" | "ready" | "click" => cold(&browser, &site, name).await,
            _ => look(&browser, &site.url(&format!("warm.html#{name}")), LOOK).await,
        };
        measured.insert(name.to_owned(), result);
    }
    println!("{}", Value::Object(measured));
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by cargo xtask bench"))
}

/// A clock as fine as the engine has it and, where that is wanted, a heap that can be looked into.
fn setup(heap: bool) -> Setup {
    let mut setup = Setup::default();
    match Engine::from_env() {
        Engine::Chromium if heap => {
            setup.arguments.extend(["--js-flags=--expose-gc", "--enable-precise-memory-info"].map(str::to_owned));
        }
        Engine::Firefox => {
            setup.preferences.insert("privacy.reduceTimerPrecision".to_owned(), json!(false));
        }
        Engine::Chromium | Engine::WebKit | Engine::Application => {}
    }
    setup
}

/// Opens a page and waits until it has measured.
async fn look(browser: &Browser, url: &str, pause: Duration) -> Value {
    browser.goto(url).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(pause).await;
        let result = browser.run(RESULT).await.unwrap_or_default();
        if let Some(reason) = result.get("failed").and_then(Value::as_str) {
            panic!("{url}: {reason}");
        }
        if !result.is_null() {
            return result;
        }
        assert!(Instant::now() < deadline, "{url} does not come to an end");
    }
}

/// Each contender in its turn, each time at a host name of its own, which is a site and a process of its own: an engine that
/// has seen a script or module keeps what it made of it. Gives the samples by measurement and contender.
async fn cold(browser: &Browser, site: &Site, what: &str) -> Value {
    let contenders = variable("PKCE_BENCH_CONTENDERS");
    let contenders: Vec<_> = contenders.split(' ').collect();
    let mut samples: Map<String, Value> = Map::new();
    for round in 0..COLD_ROUNDS {
        for turn in 0..contenders.len() {
            let contender = contenders[(turn + round) % contenders.len()];
            let host = format!("{what}-{round}-{turn}.localhost");
            let url = site.url_on(&host, &format!("cold.html#{contender},{what}"));
            let Value::Object(result) = look(browser, &url, REST).await else { panic!("{url} gives no object") };
            for (name, took) in result {
                let of = samples.entry(name).or_insert_with(|| json!({}));
                match &mut of[contender] {
                    Value::Array(list) => list.push(took),
                    empty => *empty = json!([took]),
                }
            }
        }
    }
    samples.into()
}
