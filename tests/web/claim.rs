//! One at a time, whoever else of the browser wants the same.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::{claim, pause};
use crate::caller::{get, hide, leave_claim, show, worker};

/// Many who claim the same name, and how many of them were at work at once.
async fn assert_one_at_a_time(name: &str) {
    let seen = worker(Some(15));
    let claims: Array = (0..12).map(|_| claim(name, 30_000, &get(&seen, "work").unchecked_into())).collect();
    let other = claim(&format!("{name} of another"), 30_000, &get(&seen, "fail").unchecked_into());
    assert!(JsFuture::from(other).await.is_err(), "what the work throws comes out");
    JsFuture::from(Promise::all(&claims)).await.unwrap();
    assert_eq!(get(&seen, "most").as_f64(), Some(1.0), "{name}");
    assert_eq!(get(&seen, "done").as_f64(), Some(12.0), "{name}");
    // It is free again, also after a failure.
    for work in ["fail", "work"] {
        let _ = JsFuture::from(claim(name, 30_000, &get(&seen, work).unchecked_into())).await;
    }
    assert_eq!(get(&seen, "done").as_f64(), Some(13.0), "{name}");
}

#[wasm_bindgen_test]
async fn ac11_one_at_a_time_by_a_web_lock_a_row_of_a_database_or_turns() {
    assert_one_at_a_time("lock").await;
    hide("locks");
    assert_one_at_a_time("row").await;
    hide("indexedDB");
    assert_one_at_a_time("turn").await;
    show("indexedDB");
    show("locks");
}

#[wasm_bindgen_test]
async fn a_claim_whose_holder_was_killed_is_taken_and_a_living_one_waits_no_longer_than_its_patience() {
    hide("locks");
    let work = |name: &str, patience, seen: &JsValue| claim(name, patience, &get(seen, "work").unchecked_into());
    // Dead for long, and by a clock that was ahead: at once. It may be alive still: first it is waited for.
    for (name, age, waited) in [("dead", 60_000.0, false), ("ahead", -86_400_000.0, false), ("dying", 0.0, true)] {
        JsFuture::from(leave_claim(&format!("pkce-wasm:{name}"), age)).await.unwrap();
        let seen = worker(Some(0));
        JsFuture::from(work(name, 60_000, &seen)).await.unwrap();
        assert_eq!(get(&seen, "done").as_f64(), Some(1.0), "{name}");
        assert_eq!(get(&seen, "waited").as_bool(), Some(waited), "{name}");
    }
    // A holder that shows signs of life for longer than it is waited for.
    let (holder, other) = (worker(None), worker(Some(0)));
    let held = work("frozen", 60_000, &holder);
    while get(&holder, "inside").as_f64() != Some(1.0) {
        JsFuture::from(pause(10)).await.unwrap();
    }
    JsFuture::from(work("frozen", 6000, &other)).await.unwrap();
    assert_eq!(get(&other, "done").as_f64(), Some(1.0));
    let row = worker(Some(0));
    JsFuture::from(work("frozen", 500, &row)).await.unwrap();
    assert_eq!(get(&row, "waited").as_bool(), Some(true), "its row was not taken from it");
    get(&holder, "end").unchecked_into::<Function>().call0(&JsValue::NULL).unwrap();
    JsFuture::from(held).await.unwrap();
    show("locks");
}
