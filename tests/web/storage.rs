//! Where logins are kept, and how much of it.

use js_sys::{Array, Function};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::{Records, checksum, members_of, with_records};
use crate::caller::{
    Client, PENDING, REMAINS, callback, config, get, host, key, metadata, names, set, set_up, storage, text, text_of,
};

#[wasm_bindgen_test]
async fn a_login_is_kept_where_the_configuration_says() {
    for tier in ["local", "session", "memory", "host"] {
        let config = config(&format!("tier-{tier}"));
        set(&config, "transactionStorage", &tier.into());
        set(&config, "host", &(tier == "host").into());
        let (memory, records) = (Records::new(), Records::new());
        let client = Client::beside(config, &metadata(), &host(&[]), &memory, &records);
        let places = [storage("local"), storage("session"), memory.unchecked_into(), records.unchecked_into()];
        let count = || places.each_ref().map(|place| names(place, PENDING).len() + names(place, REMAINS).len());
        let before = count();
        let url = callback(&client.begin());
        client.push_answer().await;
        let name = format!("{PENDING}{}", key(&client, &url).unwrap());
        let kept: Vec<bool> = places.iter().map(|place| place.get_item(&name).unwrap().is_some()).collect();
        let expected = ["local", "session", "memory", "host"].map(|other| other == tier);
        assert_eq!(kept, expected, "{tier}");
        assert_eq!(text(&client.handled(&url).await, "status"), "signed-in", "{tier}");
        assert_eq!(text(&client.handled(&url).await, "status"), "already-completed", "{tier}");
        // One record more, for what remains took the place of the login.
        let after = count();
        assert_eq!(after.iter().sum::<usize>() - before.iter().sum::<usize>(), 1, "{tier}");
    }
    for (member, tier) in [("transactionStorage", "cookie"), ("transactionStorage", "host"), ("storage", "host")] {
        let config = config("tier");
        set(&config, member, &tier.into());
        assert_eq!(text_of(&set_up(&config, &metadata()).unwrap_err()), "config_invalid", "{member}: {tier}");
    }
}

#[wasm_bindgen_test]
fn abandoned_logins_leave_the_storage_bounded_and_the_newest_stays() {
    let client = Client::new("abandoned");
    let local = storage("local");
    let foreign = "pkce-wasm-of-somebody-else";
    local.set_item(foreign, "kept").unwrap();
    // Of a version that nobody knows any more, and over.
    for (name, record) in [(format!("{PENDING}ancient"), "0\n1\n2\n"), (format!("{REMAINS}over"), "1\n1\n2\n")] {
        local.set_item(&name, record).unwrap();
    }
    for round in 0..300 {
        let url = callback(&client.begin());
        let name = format!("{PENDING}{}", key(&client, &url).unwrap());
        assert!(local.get_item(&name).unwrap().is_some(), "{round}");
    }
    let kept = names(&local, PENDING);
    assert_eq!(kept.len(), 100);
    assert!(!kept.iter().any(|name| name.ends_with("ancient")));
    assert!(!names(&local, REMAINS).iter().any(|name| name.ends_with("over")));
    assert_eq!(local.get_item(foreign).unwrap().unwrap(), "kept");
    for name in kept {
        local.remove_item(&name).unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_full_storage_refuses_before_the_user_is_sent_away_and_is_enough_for_a_login_that_was_begun() {
    let client = Client::new("full");
    let state = client.begin();
    client.push_answer().await;
    let local = storage("local");
    let mut length = 1 << 24;
    let mut number = 0;
    while length > 0 {
        match local.set_item(&format!("filler-{number}"), &"x".repeat(length)) {
            Ok(()) => number += 1,
            Err(_) => length /= 2,
        }
    }
    let opened = get(&client.host, "opened").unchecked_into::<Array>().length();
    let refused = client.try_begin();
    let outcome = client.handled(&callback(&state)).await;
    let again = client.handled(&callback(&state)).await;
    for number in 0..number {
        local.remove_item(&format!("filler-{number}")).unwrap();
    }
    assert_eq!(text_of(&refused.unwrap_err()), "storage_unavailable");
    assert_eq!(get(&client.host, "opened").unchecked_into::<Array>().length(), opened);
    assert_eq!(text(&outcome, "status"), "signed-in");
    assert_eq!(text(&again, "status"), "already-completed");
}

#[wasm_bindgen_test]
async fn hs1_a_host_that_can_remove_items_keeps_each_record_in_one_of_its_own() {
    let local = storage("local");
    let failed = Function::new_with_args("cause", "return cause");
    let run = async |body: &str| {
        let work = Function::new_with_args("records", body);
        with_records(&local, 60_000, &failed, &work, &Array::new()).await.unwrap().as_string()
    };
    run("records.setItem('name', 'a record'); records.setItem('other', 'another')").await;
    let head = local.get_item("pkce-wasm").unwrap().unwrap();
    let items = ["pkce-wasm.0", "pkce-wasm.1"].map(|name| local.get_item(name).unwrap());
    assert_eq!(items, [Some("\"a record\"".into()), Some("\"another\"".into())]);
    assert!(!head.contains("a record"), "{head}");
    assert!(head.contains(&format!("[{},0]", checksum("\"a record\""))), "{head}");
    assert_eq!(run("return records.getItem('name')").await.as_deref(), Some("a record"));
    run("records.removeItem('name'); records.removeItem('other')").await;
    assert_eq!(local.get_item("pkce-wasm.0").unwrap(), None);
    let head = local.get_item("pkce-wasm").unwrap().unwrap();
    // What is left says which items are free.
    assert_eq!(members_of(&head).length(), 1, "{head}");
    local.remove_item("pkce-wasm").unwrap();
}
