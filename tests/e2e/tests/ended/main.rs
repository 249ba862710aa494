//! A session that somebody has signed out of stays ended, whatever another tab had under way or did not hear of. Answers are held and let go at the
//! moment that counts; rounds come second.

mod another_user;
mod away;
mod expiry;
mod late;
mod rounds;

use e2e::{Browser, Lab, Report, Setup, Tab, Wire, until};
use hostile::keys::{Signer, token};
use hostile::{Login, Reply, Rotation, Scenario, honest};
use serde_json::{Value, json};

/// Every login is another user's. Refresh tokens rotate, tokens can be revoked, and the page may read the server's clock.
const SERVER: Scenario = Scenario {
    metadata: |issuer| Reply::json(metadata(issuer)),
    token: |login| Reply::json(tokens(login, honest::claims(login))).showing_date(),
    refresh: |login| Reply::json(tokens(login, honest::refreshed_claims(login))).showing_date(),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

fn metadata(issuer: &str) -> Value {
    honest::with(honest::metadata(issuer), "revocation_endpoint", json!(format!("{issuer}/revoke")))
}

fn tokens(login: &Login, claims: Value) -> Value {
    let claims = honest::with(claims, "sub", json!(user(&login.access_token)));
    honest::tokens_with(login, token(&claims, Signer::Rs256))
}

/// Whose a token is: `access-7.1` is user 7's.
fn user(token: &str) -> String {
    let number = token.split(['-', '.']).nth(1).unwrap_or_default();
    format!("user {number}")
}

/// The access token and the refresh token of a login, at first or after so many refreshes.
fn pair(first: &str, refreshes: u32) -> [String; 2] {
    let access = if refreshes == 0 { first.to_owned() } else { format!("{first}.{refreshes}") };
    [access.replacen("access", "refresh", 1), access]
}

/// What the other tab has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Refresh,
    /// The exchange of a code.
    Callback,
}

/// What is under way, with its answer held.
struct Begun {
    /// The user who is signed in.
    user: String,
    /// The tokens that are on their way.
    late: [String; 2],
    /// By these a record of either session is known.
    marks: Vec<String>,
}

/// When the answer that was held is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// What it brought is kept when the sign-out comes.
    BeforeTheSignOut,
    WhileItIsWritten,
    AfterTheSignOut,
}

/// How the other tab learns of what was done elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    ByBoth,
    ByStorage,
    ByChannel,
    /// The answer is first.
    Late,
}

const MOMENTS: [Moment; 3] = [Moment::BeforeTheSignOut, Moment::WhileItIsWritten, Moment::AfterTheSignOut];
const NEWS: [News; 4] = [News::ByBoth, News::ByStorage, News::ByChannel, News::Late];

/// The page in two tabs, room for a third one, and a wire to the server.
struct Stage {
    wire: Wire,
    lab: Lab,
    browser: Browser,
    tabs: Vec<Tab>,
}

/// The tab in which the user signs out, the one that has something under way, and one that was not there.
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;

impl Stage {
    async fn set(more: &Value) -> Self {
        Self::set_at(SERVER, more).await
    }

    async fn set_at(server: Scenario, more: &Value) -> Self {
        let wire = Wire::lay().await;
        let lab = Lab::start_behind(Some(wire.address()), [("server", server)]).await;
        wire.mend(lab.server.address()).await;
        let issuer = lab.server.issuer("server");
        lab.choose_server(&issuer, &metadata(&issuer), more);
        let browser = Browser::start_with(&Setup::unthrottled()).await;
        let tabs = browser.open_tabs(3).await;
        Self { wire, lab, browser, tabs }
    }

    async fn run(&self, tab: usize, script: &str) -> Value {
        self.browser.switch(&self.tabs[tab]).await;
        self.browser.eval(script).await
    }

    async fn until(&self, tab: usize, what: &str, script: &str) -> Value {
        self.browser.switch(&self.tabs[tab]).await;
        let found = self.browser.until(script).await;
        found.unwrap_or_else(|last| panic!("waited in vain until {what}: {last}"))
    }

    /// Loads the page in a tab, as if for the first time.
    async fn open(&self, tab: usize) {
        self.browser.switch(&self.tabs[tab]).await;
        self.lab.open(&self.browser).await;
    }

    /// Signs in as a user that nobody was yet; gives their access token.
    async fn sign_in(&self, tab: usize) -> String {
        self.browser.switch(&self.tabs[tab]).await;
        let callback = self.lab.login(&self.browser).await;
        let Report { status, token, .. } = self.lab.handle(&self.browser, &callback).await;
        assert_eq!(status, "signed-in");
        token.expect("there is a token")
    }

    /// Waits until that user is signed in in a tab.
    async fn until_signed_in(&self, tab: usize, user: &str) {
        let look = format!("return lab.user().then((there) => there === {user:?} || null);");
        self.until(tab, &format!("{user} is signed in"), &look).await;
    }

    /// Signs in, and has the other tab begin its work.
    async fn begin(&self, work: Work, news: News) -> Begun {
        self.open(A).await;
        self.open(B).await;
        let token = self.sign_in(A).await;
        let user = user(&token);
        self.until_signed_in(B, &user).await;
        self.run(B, "return lab.hold().then(() => lab.hear());").await;
        let next = self.login_in(B, work).await;
        self.run(B, &format!("window.before = {EPOCH};")).await;
        self.miss(B, news).await;
        self.wire.hold();
        let late = if let Some(callback) = &next {
            let before = self.lab.server.redeemed();
            let told = "({ status, error }) => ({ status, code: error?.code ?? null })";
            let handle = format!("lab.client.handleRedirect({}).then({told})", json!(callback));
            self.run(B, &format!("window.pending = {handle}; return null;")).await;
            self.until_arrived(|| self.lab.server.redeemed() > before).await;
            let number: usize = token.trim_start_matches("access-").parse().expect("tokens are numbered");
            pair(&format!("access-{}", number + 1), 0)
        } else {
            let before = self.lab.server.refreshes().requests;
            self.run(B, "window.pending = lab.token(301); return null;").await;
            self.until_arrived(|| self.lab.server.refreshes().requests > before).await;
            pair(&token, 1)
        };
        // A token is a line of its record.
        let lines = pair(&token, 0).into_iter().chain(late.clone()).map(|token| format!("{token}\n"));
        let marks: Vec<_> = lines.collect();
        let found = self.run(A, &format!("return lab.find({}).length;", json!(marks))).await;
        assert_eq!(found, 1, "the session is not found in localStorage");
        Begun { user, late, marks }
    }

    /// Begins and answers a login, where a callback is what is to be under way; gives the callback.
    async fn login_in(&self, tab: usize, work: Work) -> Option<String> {
        self.browser.switch(&self.tabs[tab]).await;
        match work {
            Work::Refresh => None,
            Work::Callback => Some(self.lab.login(&self.browser).await),
        }
    }

    /// Lets a tab learn of others in this way alone.
    async fn miss(&self, tab: usize, news: News) {
        let (channel, storage) =
            (matches!(news, News::ByStorage | News::Late), matches!(news, News::ByChannel | News::Late));
        self.run(tab, &format!("miss({{ channel: {channel}, storage: {storage} }});")).await;
    }

    /// Waits until the other tab knows of a sign-out, where it does before the answer comes.
    async fn until_it_knows(&self, news: News) {
        match news {
            News::Late => return,
            News::ByStorage => {
                let look = format!("return {EPOCH} === before ? null : true;");
                self.until(B, "the other tab sees the new epoch", &look).await
            }
            News::ByBoth | News::ByChannel => {
                let look = "return lab.news.find(({ type }) => type === 'signed-out') ?? null;";
                self.until(B, "the other tab hears of it", look).await
            }
        };
    }

    /// Waits until the answer that was held has arrived at the wire, or a minute.
    async fn until_arrived(&self, arrived: impl Fn() -> bool) {
        until(async || Ok::<_, ()>(arrived().then_some(()))).await.expect("the endpoint is asked");
    }

    /// Lets the answer go and has the user sign out, in the order of the moment. `pending` of the other tab has come to an end then.
    async fn sign_out(&self, moment: Moment, news: News) -> Value {
        let sign_out = "window.out = lab.client.logout().then(() => true); return null;";
        match moment {
            Moment::BeforeTheSignOut => {
                self.wire.release();
                self.run(B, "return pending;").await;
                self.run(A, sign_out).await;
            }
            Moment::WhileItIsWritten => {
                self.browser.switch(&self.tabs[A]).await;
                let (out, ()) = tokio::join!(self.browser.run(sign_out), async { self.wire.release() });
                out.expect("the page runs script");
            }
            Moment::AfterTheSignOut => {
                self.run(A, sign_out).await;
                self.until_it_knows(news).await;
                self.wire.release();
            }
        }
        self.run(A, "return out;").await;
        self.run(B, "return pending;").await
    }

    /// Sees to it that the other tab has no session any more as soon as it knows of the sign-out, by the one way or by the other.
    async fn assert_known(&self, news: News, what: &str) {
        if news == News::Late {
            return;
        }
        self.until_it_knows(news).await;
        assert_eq!(self.run(B, "return lab.held.expired;").await, true, "{what}");
        let there = self.run(B, "return lab.user();").await;
        assert_ne!(there, self.run(B, "return lab.held.claims.sub;").await, "{what}");
    }

    /// Sees to it that in each tab, and in one that is new, that user is signed in or nobody, now and after a reload.
    async fn assert_user(&self, expected: &Value, what: &str) {
        for tab in [A, B] {
            assert_eq!(self.run(tab, "return lab.user();").await, *expected, "{what}: tab {tab}");
        }
        for tab in [A, B, C] {
            self.open(tab).await;
            assert_eq!(self.run(tab, "return lab.user();").await, *expected, "{what}: tab {tab}, loaded again");
        }
        self.run(C, "location.assign('about:blank');").await;
    }

    /// Waits until a tab sees none of the texts in localStorage.
    async fn until_forgotten(&self, tab: usize, texts: &[String], what: &str) {
        let look = format!("return lab.find({}).length === 0 ? true : null;", json!(texts));
        self.until(tab, &format!("the tokens are gone: {what}"), &look).await;
    }

    /// Waits until the server was told to forget those tokens.
    async fn until_revoked(&self, tokens: &[String], what: &str) {
        let is_revoked = async || {
            let revoked = self.lab.server.revoked();
            if tokens.iter().all(|token| revoked.contains(token)) { Ok(Some(())) } else { Err(revoked) }
        };
        until(is_revoked).await.unwrap_or_else(|revoked| panic!("{what}: {tokens:?} are not all in {revoked}"));
    }
}

/// What stands in localStorage for the epoch.
const EPOCH: &str = "Object.entries(localStorage).find(([name]) => name.startsWith('pkce-wasm:2:e:'))?.[1]";
