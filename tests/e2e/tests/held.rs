//! Two tabs want the same from the token endpoint. Its answer to the first is held, and let go after the second has asked, while it asks,
//! and before it asks. What counts is what the endpoint saw.

use e2e::{Browser, Lab, Setup, Tab, Wire, until};
use hostile::{Reply, Rotation, Scenario, honest};
use serde_json::{Value, json};

/// When the answer is let go.
#[derive(Clone, Copy, Debug)]
enum Moment {
    AfterTheSecondHasAsked,
    WhileTheSecondAsks,
    BeforeTheSecondAsks,
}

const MOMENTS: [Moment; 3] = [Moment::AfterTheSecondHasAsked, Moment::WhileTheSecondAsks, Moment::BeforeTheSecondAsks];

/// Whoever brings a refresh token twice ends the login. The page may read the server's clock, which its own leaves behind.
const STRICT: Scenario = Scenario {
    token: |login| Reply::json(honest::tokens(login)).showing_date(),
    refresh: |login| Reply::json(honest::refreshed(login)).showing_date(),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// Whether the page is on an origin that is not secure and has no Web Locks, and how the browser has to be started for it. WebKitGTK has no such
/// origin on loopback.
fn places() -> Vec<(bool, Setup)> {
    let lan = Setup::unthrottled_on_lan().map(|setup| (true, setup));
    [(false, Setup::unthrottled())].into_iter().chain(lan).collect()
}

/// The page in two tabs, with a wire to the server.
struct Stage {
    wire: Wire,
    lab: Lab,
    browser: Browser,
    tabs: Vec<Tab>,
}

impl Stage {
    async fn set(insecure: bool, setup: &Setup) -> Self {
        let wire = Wire::lay().await;
        let lab = Lab::start_behind(Some(wire.address()), [("strict", STRICT)]).await;
        wire.mend(lab.server.address()).await;
        lab.choose("strict", &json!({}));
        let lab = if insecure { lab.on_lan("strict") } else { lab };
        let browser = Browser::start_with(setup).await;
        let tabs = lab.open_tabs(&browser, 2).await;
        if insecure {
            lab.assert_insecure(&browser).await;
        }
        Self { wire, lab, browser, tabs }
    }

    async fn run(&self, tab: usize, script: &str) -> Value {
        self.browser.switch(&self.tabs[tab]).await;
        self.browser.eval(script).await
    }

    /// Lets both tabs do the same, the first while its answer is held; `arrived` says that the endpoint has seen its request. What both got.
    async fn both(&self, what: &str, moment: Moment, arrived: impl Fn() -> bool) -> [Value; 2] {
        // Begun and not waited for.
        let begin = format!("window.pending = lab.{what}; return null;");
        self.wire.hold();
        self.run(0, &begin).await;
        until(async || Ok::<_, ()>(arrived().then_some(()))).await.expect("the endpoint is asked");
        match moment {
            Moment::AfterTheSecondHasAsked => {
                self.run(1, &begin).await;
                self.wire.release();
            }
            Moment::WhileTheSecondAsks => {
                self.browser.switch(&self.tabs[1]).await;
                let (asked, ()) = tokio::join!(self.browser.run(&begin), async { self.wire.release() });
                asked.expect("the second tab asks");
            }
            Moment::BeforeTheSecondAsks => {
                self.wire.release();
                self.run(0, "return pending;").await;
                self.run(1, &begin).await;
            }
        }
        [self.run(0, "return pending;").await, self.run(1, "return pending;").await]
    }
}

#[tokio::test]
async fn a_callback_in_two_tabs_is_exchanged_once_whenever_the_answer_comes() {
    for (insecure, setup) in places() {
        let stage = Stage::set(insecure, &setup).await;
        for (number, moment) in MOMENTS.into_iter().enumerate() {
            stage.browser.switch(&stage.tabs[0]).await;
            let callback = stage.lab.login(&stage.browser).await;
            let arrived = || stage.lab.server.redeemed() == number + 1;
            let [first, second] = stage.both(&format!("handle({})", json!(callback)), moment, arrived).await;
            assert_eq!(first["status"], "signed-in", "insecure {insecure}, {moment:?}: {first}");
            assert_eq!(second["status"], "already-completed", "insecure {insecure}, {moment:?}: {second}");
            assert!(first["token"].is_string() && first["token"] == second["token"], "{first} {second}");
            stage.lab.assert_exchanges(number + 1);
        }
    }
}

#[tokio::test]
async fn sb3_two_tabs_refresh_once_whenever_the_answer_comes() {
    for (insecure, setup) in places() {
        let stage = Stage::set(insecure, &setup).await;
        stage.browser.switch(&stage.tabs[0]).await;
        let callback = stage.lab.login(&stage.browser).await;
        assert_eq!(stage.lab.handle(&stage.browser, &callback).await.status, "signed-in");
        let mut before = Value::Null;
        for (moment, requests) in MOMENTS.into_iter().zip(1..) {
            let arrived = || stage.lab.server.refreshes().requests == requests;
            let [first, second] = stage.both("token(301)", moment, arrived).await;
            assert!(
                first.is_string() && first == second && first != before,
                "insecure {insecure}, {moment:?}: {first} {second}"
            );
            let refreshes = stage.lab.server.refreshes();
            assert_eq!((refreshes.requests, refreshes.reused), (requests, 0), "insecure {insecure}, {moment:?}");
            before = first;
        }
    }
}

#[tokio::test]
async fn a_wire_holds_the_answer_to_a_post_and_to_nothing_else() {
    let stage = Stage::set(false, &Setup::default()).await;
    stage.wire.hold();
    let url = stage.lab.server.issuer("strict");
    // A body that takes more than one segment: what follows is part of the request too.
    let ask = |method: &str, body: &str, answered: &str| {
        let request = format!("{{ method: {method:?}, mode: 'no-cors', body: {body} }}");
        let then = format!("() => {{ window.{answered} = true; }}");
        format!("window.{answered} = null; fetch('{url}/nowhere', {request}).then({then}); return null;")
    };
    let hits = async |number: u32| {
        until(async || Ok::<_, ()>((stage.lab.server.hits("strict", "nowhere") == number).then_some(())))
            .await
            .expect("the request reaches the server");
    };
    stage.run(0, &ask("GET", "undefined", "got")).await;
    stage.browser.until("return window.got;").await.expect("a GET is answered");
    stage.run(0, &ask("POST", "'x'.repeat(1 << 18)", "posted")).await;
    hits(2).await;
    // A whole round later it is not answered either.
    stage.run(0, &ask("GET", "undefined", "got")).await;
    stage.browser.until("return window.got;").await.expect("a GET is answered");
    assert_eq!(stage.run(0, "return window.posted;").await, Value::Null);
    stage.wire.release();
    stage.browser.until("return window.posted;").await.expect("the answer was let go");
}
