//! A browser under WebDriver, with a fresh profile.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use launch::ATTEMPTS;
use serde_json::Value;
use tokio::time::timeout;

use crate::driver::Driver;
use crate::engine::{Engine, Setup};

/// How long a condition may take to come true before the test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a browser may take to start before it is killed and started again.
const START: Duration = Duration::from_secs(60);

/// How long one command may take: a driver may never answer one whose window closes meanwhile.
const ANSWER: Duration = Duration::from_secs(30);

/// How long to wait between two looks at a condition.
pub(crate) const PAUSE: Duration = Duration::from_millis(25);

/// The longest that this grows to: each look takes time of a machine that has other things to do.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(WindowHandle);

/// A browser with a fresh profile. Dropping it ends it, its driver and its profile.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // After the client, so that it is dropped last.
    driver: Driver,
}

impl Browser {
    /// Starts the browser that the environment names.
    pub async fn start() -> Self {
        Self::start_with(&Setup::default()).await
    }

    /// Starts it with more than the usual.
    pub async fn start_with(setup: &Setup) -> Self {
        Self::start_engine(Engine::from_env(), setup).await
    }

    /// Starts another one than the environment names. One that does not start is started again.
    pub async fn start_engine(engine: Engine, setup: &Setup) -> Self {
        let mut failure = String::new();
        for attempt in 1..=ATTEMPTS {
            let mut driver = Driver::start(engine, &setup.environment);
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(engine.capabilities(driver.folder(), setup));
            match timeout(START, builder.connect(&driver.url())).await {
                Ok(Ok(client)) => {
                    driver.holds(client.session_id().await.expect("the session has an id"));
                    return Self { client, driver };
                }
                Ok(Err(error)) => failure = format!("{error}\n{}", driver.log()),
                Err(_) => failure = format!("no answer within {START:?}\n{}", driver.log()),
            }
            eprintln!("{engine:?} did not start (attempt {attempt} of {ATTEMPTS}): {failure}");
        }
        panic!("{engine:?} did not start: {failure}");
    }

    /// Kills the browser with all its processes, as a crash or the system would.
    pub fn kill(mut self) {
        self.driver.kill();
    }

    /// Opens another tab, and gives its handle; commands go on to the tab that they went to.
    pub async fn new_tab(&self) -> Tab {
        Tab(answer(self.client.new_window(true)).await.expect("there is room for another tab").handle)
    }

    /// As many tabs as that, of which one is open already.
    pub async fn open_tabs(&self, number: usize) -> Vec<Tab> {
        let mut tabs = vec![self.tab().await];
        for _ in 1..number {
            tabs.push(self.new_tab().await);
        }
        tabs
    }

    /// The tab that commands go to.
    pub async fn tab(&self) -> Tab {
        Tab(answer(self.client.window()).await.expect("there is a tab"))
    }

    /// Every tab and window.
    pub async fn tabs(&self) -> Vec<Tab> {
        answer(self.client.windows()).await.expect("the browser has windows").into_iter().map(Tab).collect()
    }

    /// Waits until there are that many tabs and windows.
    pub async fn until_tabs(&self, number: usize) -> Vec<Tab> {
        let counted = until(async || {
            let tabs = self.client.windows().await?;
            Ok::<_, CmdError>((tabs.len() == number).then_some(tabs))
        });
        match counted.await {
            Ok(tabs) => tabs.into_iter().map(Tab).collect(),
            Err(last) => {
                let there = self.windows().await;
                panic!("there are not {number} windows: {last}; there are {there}");
            }
        }
    }

    /// What stands in every tab and window, for whoever has to find out why a test failed.
    pub async fn windows(&self) -> String {
        let mut there = String::new();
        for tab in self.tabs().await {
            self.switch(&tab).await;
            let text = self.run("return document.body?.innerText.slice(0, 1000);").await;
            there += &format!("\n{}: {text:?}", self.url().await);
        }
        there
    }

    /// Closes the tab that commands go to. They have to be sent elsewhere next.
    pub async fn close_tab(&self) {
        answer(self.client.close_window()).await.expect("the tab can be closed");
    }

    /// Lets the commands go to a tab.
    pub async fn switch(&self, tab: &Tab) {
        answer(self.client.switch_to_window(tab.0.clone())).await.expect("the tab is there");
    }

    /// Makes the window as large as that, or as near to it as the browser can.
    pub async fn resize(&self, width: u32, height: u32) {
        answer(self.client.set_window_size(width, height)).await.expect("the window can be resized");
    }

    /// Goes to a URL and waits until its page is loaded.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} cannot be opened: {error}"));
    }

    /// Goes back in the session history.
    pub async fn back(&self) {
        self.client.back().await.expect("there is a page to go back to");
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page can be loaded again");
    }

    /// The URL of the page, as the address bar has it.
    pub async fn url(&self) -> String {
        answer(self.client.current_url()).await.expect("the page has a URL").into()
    }

    /// The version of the browser.
    pub async fn version(&self) -> String {
        let capabilities = self.client.capabilities();
        let version = capabilities.and_then(|all| all.get("browserVersion")?.as_str().map(str::to_owned));
        version.unwrap_or_default()
    }

    /// Waits until the body of a function gives something else than `null`.
    pub async fn until(&self, script: &str) -> Result<Value, String> {
        until(async || self.run(script).await.map(|value| (!value.is_null()).then_some(value))).await
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub async fn run(&self, script: &str) -> Result<Value, CmdError> {
        answer(self.client.execute(script, Vec::new())).await
    }

    /// The same where a script that fails is a test that fails.
    pub async fn eval(&self, script: &str) -> Value {
        self.run(script).await.unwrap_or_else(|error| panic!("{script} failed: {error}"))
    }

    /// From now on the user is in another window than this one, whatever the engine says: a display without a window manager leaves the focus where it
    /// was, for seconds where the machine is busy.
    pub async fn user_goes(&self) {
        self.eval("window.itsFocus = Document.prototype.hasFocus; Document.prototype.hasFocus = () => false;").await;
    }

    /// The user may be back: the focus is where the engine says.
    pub async fn user_comes_back(&self) {
        self.eval("Document.prototype.hasFocus = window.itsFocus;").await;
    }

    /// Waits until the first element that matches can be clicked, and clicks it.
    pub async fn click(&self, selector: &str) {
        self.act(selector, "clicked", async |element| {
            // A click on a disabled button goes nowhere, and no driver says so.
            if element.is_enabled().await? { element.click().await.map(Some) } else { Ok(None) }
        })
        .await;
    }

    /// The same where the click closes the window: some drivers have no answer then.
    pub async fn click_away(&self, selector: &str) {
        self.wait_for(selector).await;
        let click = async || self.client.find(Locator::Css(selector)).await?.click().await;
        // Whether the window has gone is seen by whoever looks at the windows.
        let _ = timeout(ANSWER, click()).await;
    }

    /// Waits until the first element that matches is there and can be typed into, and replaces what it holds.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.act(selector, "filled in", async |element| {
            element.clear().await?;
            element.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Waits until an element matches.
    pub async fn wait_for(&self, selector: &str) {
        self.act(selector, "found", async |_| Ok(Some(()))).await;
    }

    /// Does something with the first element that matches as soon as the page allows it.
    async fn act(&self, selector: &str, what: &str, act: impl AsyncFn(Element) -> Result<Option<()>, CmdError>) {
        let done = until(async || act(self.client.find(Locator::Css(selector)).await?).await).await;
        if let Err(last) = done {
            panic!("{selector} cannot be {what} on {}: {last}", self.url().await);
        }
    }
}

/// What a driver answers to a command; a test whose command is never answered has failed.
async fn answer<T>(command: impl Future<Output = Result<T, CmdError>>) -> Result<T, CmdError> {
    timeout(PATIENCE, command).await.expect("the driver answers")
}

/// Looks again and again until there is something; gives up with what was seen last, because elements and documents
/// come and go while pages load.
pub async fn until<T, E: Debug>(look: impl AsyncFn() -> Result<Option<T>, E>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = PAUSE;
    loop {
        let last = match timeout(ANSWER, look()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => "the condition is not met".to_owned(),
            Ok(Err(error)) => format!("{error:?}"),
            Err(_) => "no answer".to_owned(),
        };
        if Instant::now() > deadline {
            return Err(last);
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 3 / 2);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_browser_that_does_not_start_is_started_again() {
        if Engine::from_env() == Engine::WebKit {
            // Its driver does not notice a browser that ends: each attempt would take the minute that a browser is given.
            return;
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let [script, mark] = ["browser", "started"].map(|name| folder.path().join(name));
        let (real, mark) = (Engine::from_env().browser(), mark.display().to_string());
        let text =
            format!("#!/bin/sh\n[ -e {mark} ] || {{ echo once > {mark}; exit 1; }}\nexec {} \"$@\"\n", real.display());
        std::fs::write(&script, text).expect("the temporary folder can be written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&script, executable).expect("the script can be made executable");
        let browser = Browser::start_with(&Setup { browser: Some(script), ..Setup::default() }).await;
        assert!(std::fs::exists(mark).expect("the folder can be read"), "the script was not used");
        assert_eq!(browser.eval("return 1 + 1;").await, 2);
    }
}
