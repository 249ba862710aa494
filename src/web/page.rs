//! The two moments of a login at which a page is left and reached, for a page that uses this module by itself, as `wasm-pack` builds it: the
//! pending login is kept in the page's `sessionStorage` meanwhile. The npm package does this in JavaScript, for more kinds of storage.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;
use web_sys::{Storage, Window};

use crate::error::Code;
use crate::flow::callback::Callback;
use crate::flow::login::{key_of, of_nobody};
use crate::flow::setup::Setup;
use crate::flow::transaction::{Newest, kept_since};
use crate::json;
use crate::table::from_lines;
use crate::text::Write;
use crate::web::start::begin;
use crate::web::text::{Text, now};

/// What the name of a pending login's record begins with, as in the npm package.
const PENDING: &str = "pkce-wasm:2:t:";

/// Where the record is of the redirect URIs in use at servers without `iss`, in the `localStorage` of the page.
const REDIRECT_URIS: &str = "pkce-wasm:2:u";

/// Sends the user to the authorization server (RFC 6749 section 4.1.1): begins a login as [`begin`] does, keeps its
/// record in the `sessionStorage` of the page, and navigates. The redirect URIs in use are kept in the `localStorage`. The page is left then; when the user comes back, [`take_callback`] goes on.
///
/// `setup` is the record that `setup` gave. `options` are those of this login, as JSON: `{}`, or some of `scope`, `returnTo`, `resource`, `prompt`,
/// `loginHint`, `maxAge` (seconds), `acrValues`, `uiLocales`, `claims`, `authorizationDetails`, `extraParameters`. `page` is what the page knows
/// of its browser, as JSON: `{ userAgent: navigator.userAgent }`; a WebView is refused by it (RFC 8252 section 8.12). Empty, it refuses nothing.
///
/// Gives `{}`. Logins that nobody finished are forgotten: those that are over, and the oldest of more than a hundred.
///
/// # Errors
/// those of [`begin`]; `storage_unavailable` when this is no page, or the record cannot be kept; `config_invalid` when the page may
/// not navigate, as in a sandbox
#[wasm_bindgen(js_name = signIn)]
#[must_use]
pub fn sign_in(setup: Text, options: Text, page: Text) -> Text {
    let pushes = Setup::read(&lines(&setup)).is_some_and(|setup| setup.is_pushed());
    let shared = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    let used = shared.as_ref().and_then(|storage| storage.get_item(REDIRECT_URIS).ok().flatten());
    let begun = begin(setup, options, page, text(&used.unwrap_or_default()));
    let [key, transaction, url, index] = ["key", "transaction", "url", "index"].map(|name| member(&begun, name));
    // An error, which says what is wrong.
    let (Some(key), Some(transaction), Some(url)) = (key, transaction, url) else { return begun };
    // It has to be pushed first.
    if pushes {
        return told(Err(Code::ServerUnsupported));
    }
    if let Some((storage, index)) = shared.zip(index) {
        // Without it a later login cannot be compared with this one; this one is sound.
        let _ = storage.set_item(REDIRECT_URIS, &index);
    }
    told(leave(&key, &transaction, &url))
}

/// Keeps the record of a login, and navigates.
fn leave(key: &str, transaction: &str, url: &str) -> Result<Vec<u8>, Code> {
    let (window, storage) = surroundings()?;
    forget(&storage);
    let name = [PENDING, key].concat();
    storage.set_item(&name, transaction).map_err(|_| Code::StorageUnavailable)?;
    // Refused by what the page is allowed, as in a sandbox.
    if window.location().assign(url).is_err() {
        let _ = storage.remove_item(&name);
        return Err(Code::ConfigInvalid);
    }
    Ok(Vec::from(b"{"))
}

/// Takes up the login that the user comes back from (RFC 6749 section 4.1.2): when the address of the page is the redirect URI with an answer
/// of the server, the record of its login is taken out of the `sessionStorage`, so that the code is redeemed once (section 10.5), and code and
/// `state` leave the address bar and the history (RFC 9700 section 4.2.4).
///
/// `setup` is the record that `setup` gave.
///
/// Gives `{ url, transaction }`, the callback and the record for `redeem`, whether the server let the user in or refused; or `{}` when the page was
/// reached in another way: by a URL that has not the form of a response at the redirect URI, and whose `state` this tab does not know. `redeem` checks the answer.
///
/// # Errors
/// `transaction_not_found` when this tab began no such login, or took it up before; `redirect_uri_mismatch` when the login is known, but this is another
/// place; `storage_unavailable` when this is no page. Nothing is changed then
#[wasm_bindgen(js_name = takeCallback)]
#[must_use]
pub fn take_callback(setup: Text) -> Text {
    told(arrive(&setup))
}

/// The fields of a record.
fn lines(record: &Text) -> Vec<u8> {
    from_lines(JsValue::from(record).as_string().unwrap_or_default().as_bytes())
}

/// Takes the record of a login out of the storage, and its code out of the address bar.
fn arrive(setup: &Text) -> Result<Vec<u8>, Code> {
    let (window, storage) = surroundings()?;
    let url = window.location().href().unwrap_or_default();
    let setup = lines(setup);
    let setup = Setup::read(&setup).ok_or(Code::Internal)?;
    let callback = Callback::read(url.as_bytes(), setup.redirect_uri());
    let key = String::from_utf8(key_of(&callback)).unwrap_or_default();
    let name = [PENDING, &key].concat();
    let pending = if key.is_empty() { None } else { storage.get_item(&name).ok().flatten() };
    let Some(transaction) = pending else {
        return of_nobody(&callback).map_or_else(|| Ok(Vec::from(b"{")), Err);
    };
    if callback.difference != 0 {
        return Err(Code::RedirectUriMismatch);
    }
    storage.remove_item(&name).map_err(|_| Code::StorageUnavailable)?;
    let address = core::str::from_utf8(setup.redirect_uri()).ok();
    // Where an address cannot be replaced (an opaque origin) it stays: its code is about to be spent.
    let _ = window.history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", address));
    let mut members = Vec::new();
    members.members("url transaction", &[url.as_bytes(), transaction.as_bytes()]);
    Ok(members)
}

/// The window and its `sessionStorage`.
fn surroundings() -> Result<(Window, Storage), Code> {
    let window = web_sys::window().ok_or(Code::StorageUnavailable)?;
    let storage = window.session_storage().ok().flatten().ok_or(Code::StorageUnavailable)?;
    Ok((window, storage))
}

/// Forgets the logins that nobody will finish, and the oldest where there are too many.
fn forget(storage: &Storage) {
    let names = (0..storage.length().unwrap_or_default()).filter_map(|place| storage.key(place).ok().flatten());
    let records = names.filter(|name| name.starts_with(PENDING)).map(|name| {
        let record = storage.get_item(&name).ok().flatten().unwrap_or_default();
        let since = kept_since(record.as_bytes(), now());
        (name, since)
    });
    let records: Vec<_> = records.collect();
    let mut newest = Newest::default();
    for (place, (_, since)) in records.iter().enumerate() {
        let gone = newest.add(*since, place).and_then(|gone| records.get(gone));
        let _ = gone.map(|(name, _)| storage.remove_item(name));
    }
}

/// The text of an object with these members, or with an error.
fn told(outcome: Result<Vec<u8>, Code>) -> Text {
    let mut object = outcome.unwrap_or_else(|code| {
        let mut error = Vec::new();
        error.members("code", &[code.name().as_bytes()]);
        error.push(b'}');
        let mut object = Vec::new();
        object.member(b"error");
        object.json(&error);
        object
    });
    object.push(b'}');
    text(&String::from_utf8(object).unwrap_or_default())
}

fn text(value: &str) -> Text {
    JsValue::from(value).unchecked_into()
}

/// A member of the object that a function gave, which is a string.
fn member(object: &Text, name: &str) -> Option<String> {
    let object = JsValue::from(object).as_string()?;
    let mut found = Vec::new();
    json::parse(object.as_bytes())?.each(b'{', &mut |key, value| {
        let mut known = Vec::new();
        if key.text(&mut known).is_some() && known == name.as_bytes() {
            let _ = value.text(&mut found);
        }
    })?;
    String::from_utf8(found).ok().filter(|text| !text.is_empty())
}
