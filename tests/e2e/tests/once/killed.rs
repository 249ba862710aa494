use std::time::{Duration, Instant};
use e2e::{Browser, Lab, Setup};
use tempfile::TempDir;
use crate::figure;

#[tokio::test]
async fn probe() {
    for (leave, warm) in [(true, false), (true, true), (false, false), (false, true)] {
    for wait in [0u64, 500, 1000, 2000, 4000, 6000, 10000] {
        let lab = Lab::start().await;
        let profile = TempDir::with_prefix("pkce-profile-").unwrap();
        let setup = Setup { profile: Some(profile.path().to_owned()), ..Setup::default() };
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        if warm {
            lab.begin(&browser, 1).await;
            tokio::time::sleep(Duration::from_millis(6000)).await;
        }
        lab.begin(&browser, 1).await;
        if leave {
            browser.goto(&lab.server.issuer("honest").replace("127.0.0.1", "localhost")).await;
        }
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let t = Instant::now();
        browser.kill();
        let took = t.elapsed();
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let left = browser.run("return localStorage.length").await;
        figure(&format!("leave {leave} warm {warm} wait {wait}: left {left:?} kill took {took:?}"));
    }}
}
