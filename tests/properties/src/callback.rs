//! The user comes back.

use std::mem::discriminant;

use pkce_wasm::encoding::Form;
use pkce_wasm::{Callback, Code, Error, Grant};

use crate::peer::{ISSUER, Login, NOW, REDIRECT_URI, STATE, assert_unmarked, config, lines, mark, only, values};

const PARAMETERS: [&str; 6] = ["state", "code", "iss", "error", "error_description", "error_uri"];

/// The input is a redirect URI, and on the next line the URL that the user comes back with.
pub fn callback_url(data: &[u8]) {
    let Some(([redirect_uri], url)) = lines(data) else { return };
    let redirect_uri = if config(redirect_uri).is_ok() { redirect_uri } else { REDIRECT_URI };
    for iss_required in [false, true] {
        let login = Login { redirect_uri, iss_required, ..Login::OPENID };
        let outcome = come_back(&login, url);
        if let Ok(Some(grant)) = outcome {
            assert_accepted(&login, url, grant);
        }
        assert_hides_the_code(&login, url, &mark(data));
        assert_same_when_written_anew(&login, url);
    }
}

fn come_back(login: &Login<'_>, url: &str) -> Result<Option<Grant>, Error> {
    let Some(callback) = Callback::parse(url, login.redirect_uri) else { return Ok(None) };
    assert!(!callback.state().is_empty());
    login.transaction().accept(&config(login.redirect_uri)?, callback, NOW).map(Some)
}

/// The parameters of the response: those that the redirect URI has of its own are none.
fn response(redirect_uri: &str, url: &str) -> Vec<(String, String)> {
    let mut own: Vec<_> = pairs(query(redirect_uri));
    let is_added = |pair: &(String, String)| match own.iter().position(|other| other == pair) {
        Some(place) => {
            own.swap_remove(place);
            false
        }
        None => true,
    };
    pairs(query(url)).into_iter().filter(is_added).collect()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The one value of that name that is not empty.
fn sole(response: &[(String, String)], name: &str) -> Option<String> {
    let mut values = response.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} stands twice");
    value.filter(|value| !value.is_empty())
}

/// The query, as a browser finds it.
fn query(url: &str) -> &str {
    let address = url.split_once('#').map_or(url, |(address, _)| address);
    address.split_once('?').map(|(_, query)| query).unwrap_or_default()
}

/// What was accepted is this login's, in the eyes of somebody else.
fn assert_accepted(login: &Login<'_>, url: &str, grant: Grant) {
    let response = response(login.redirect_uri, url);
    for name in PARAMETERS {
        sole(&response, name);
    }
    let fragment = url.split_once('#').map(|(_, fragment)| fragment).unwrap_or_default();
    for name in ["code", "state", "error", "access_token", "id_token"] {
        assert_eq!(values(fragment, name), [""; 0], "{url}");
    }
    assert_eq!(sole(&response, "state").as_deref(), Some(STATE), "{url}");
    match sole(&response, "iss") {
        Some(iss) => assert_eq!(iss, ISSUER, "{url}"),
        None => assert!(!login.iss_required, "{url}"),
    }
    assert_eq!(sole(&response, "error"), None, "{url}");
    assert_same_place(login.redirect_uri, url);

    let (request, _) = grant.into_request(&config(login.redirect_uri).unwrap());
    let form = request.form.unwrap();
    let code = sole(&response, "code").expect("no code is no grant");
    assert_eq!(only(form.expose(), "code"), Some(code), "the code is sent as it came");
    assert_eq!(only(form.expose(), "redirect_uri").as_deref(), Some(login.redirect_uri));
}

/// A browser at the callback's URL is at the redirect URI.
fn assert_same_place(redirect_uri: &str, url: &str) {
    let (Ok(expected), Ok(found)) = (::url::Url::parse(redirect_uri), ::url::Url::parse(url)) else {
        let base = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
        assert!(base(url).eq_ignore_ascii_case(&base(redirect_uri)), "{url} is not {redirect_uri}");
        return;
    };
    assert_eq!(found.scheme(), expected.scheme());
    // Of a private-use scheme the platform keeps the case of the host.
    let host = |url: &::url::Url| url.host_str().map(str::to_ascii_lowercase);
    assert_eq!(host(&found), host(&expected));
    assert_eq!(found.port_or_known_default(), expected.port_or_known_default());
    let path = |url: &::url::Url| if url.path().is_empty() { "/".to_owned() } else { url.path().to_owned() };
    assert_eq!(path(&found), path(&expected));
    assert_eq!((found.username(), found.password()), (expected.username(), expected.password()));
    for (name, value) in expected.query_pairs() {
        assert!(values(query(url), &name).contains(&value.into_owned()), "{url} lost {name}");
    }
}

/// A code is neither printed nor in an error, whatever stands beside it.
fn assert_hides_the_code(login: &Login<'_>, url: &str, mark: &str) {
    let (address, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let joint = if address.contains('?') { "&code=" } else { "?code=" };
    let marked = [address, joint, mark, fragment].concat();
    assert_unmarked(&Callback::parse(&marked, login.redirect_uri), mark);
    match come_back(login, &marked) {
        Ok(grant) => assert_unmarked(&grant, mark),
        Err(error) => assert_unmarked(&error, mark),
    }
}

/// The same parameters in another spelling have the same outcome.
fn assert_same_when_written_anew(login: &Login<'_>, url: &str) {
    if login.redirect_uri.contains('?') || !url.contains('?') || url.contains('#') {
        return;
    }
    let outcome = come_back(login, url);
    // Written anew, what was no text is text.
    if outcome.as_ref().is_err_and(|error| error.code == Code::CallbackInvalid) {
        return;
    }
    let form = form_urlencoded::parse(query(url).as_bytes())
        .fold(Form::new(), |form, (name, value)| form.with(&name, &value))
        .finish();
    let base = url.split('?').next().unwrap_or_default();
    let again = come_back(login, &[base, "?", &form].concat());
    match (outcome, again) {
        (Err(one), Err(other)) => assert_eq!(one, other, "{url}"),
        (Ok(one), Ok(other)) => assert_eq!(discriminant(&one), discriminant(&other), "{url}"),
        (one, other) => panic!("{url}: {one:?}, but written anew {other:?}"),
    }
}
