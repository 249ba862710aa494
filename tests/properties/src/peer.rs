//! One login between one application and one server, and what no error may show of it.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use pkce_wasm::{Answer, Callback, Config, Error, Exchange, Metadata, Settings, Transaction};
use serde_json::{Value, json};

/// Seconds since 1970: the present of all properties.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT_ID: &str = "app";
pub(crate) const REDIRECT_URI: &str = "https://app.example/cb";
pub(crate) const STATE: &str = "the-state-of-the-login-0123456789-012345678";
pub(crate) const NONCE: &str = "the-nonce-of-the-login-0123456789-012345678";
const VERIFIER: &str = "0123456789-0123456789-0123456789-0123456789";

/// A secret that is not in this input, for no input holds its own hash.
pub(crate) fn mark(data: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    format!("secret-{:016x}", hasher.finish())
}

pub(crate) fn config(redirect_uri: &str) -> Result<Config, Error> {
    Config::new(Settings::new(ISSUER, CLIENT_ID, redirect_uri))
}

pub(crate) fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "jwks_uri": "https://as.example/jwks",
        "code_challenge_methods_supported": ["S256"],
    })
}

pub(crate) fn server() -> Metadata {
    Metadata::from_json(&document().to_string(), ISSUER, false).expect("the metadata of an honest server")
}

/// What a login needs to know of its server and of its application.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) iss_required: bool,
}

impl Login<'_> {
    pub(crate) const OPENID: Self = Self { redirect_uri: REDIRECT_URI, scope: "openid", iss_required: false };
    pub(crate) const PLAIN: Self = Self { scope: "read", ..Self::OPENID };

    pub(crate) fn transaction(&self) -> Transaction {
        let record = [
            "2",
            &NOW.to_string(),
            &NOW.saturating_add(600).to_string(),
            STATE,
            VERIFIER,
            if self.scope == "openid" { NONCE } else { "" },
            ISSUER,
            CLIENT_ID,
            self.redirect_uri,
            "https://as.example/token",
            "https://as.example/jwks",
            "",
            self.scope,
            "",
            "",
            "",
            if self.iss_required { "1" } else { "" },
            "",
            "",
            "",
            "",
        ];
        // None of them has a line break or a backslash.
        let record: String = record.iter().flat_map(|field| [field, "\n"]).collect();
        Transaction::from_record(&record).expect("a record of this version")
    }

    /// The token request of this login and what waits for its answer.
    pub(crate) fn exchange(&self) -> (Request, Exchange) {
        let config = config(self.redirect_uri).expect("a sound configuration");
        let url = [self.redirect_uri, "?code=the-code&state=", STATE].concat();
        let callback = Callback::parse(&url, self.redirect_uri).expect("it shows the state");
        self.transaction().accept(&config, callback, NOW).expect("this login's callback").into_request(&config)
    }

    /// What this login makes of an answer of the token endpoint.
    pub(crate) fn finish(&self, response: &Response) -> Result<Answer, Error> {
        self.exchange().1.finish(response, NOW)
    }
}

pub(crate) fn response(status: u16, content_type: Option<&str>, body: &str) -> Response {
    Response {
        status,
        content_type: content_type.map(Into::into),
        date: None,
        retry_after: None,
        body: Secret::new(body.into()),
    }
}

/// The lines before the last part, and the last part, which may have lines of its own.
pub(crate) fn lines<const N: usize>(data: &[u8]) -> Option<([&str; N], &str)> {
    let mut rest = std::str::from_utf8(data).ok()?;
    let mut lines = [""; N];
    for line in &mut lines {
        (*line, rest) = rest.split_once('\n')?;
    }
    Some((lines, rest))
}

/// JSON that was accepted, as another parser reads it. `None` where that parser refuses more: half of a surrogate pair, and numbers that
/// no `f64` holds.
#[track_caller]
pub(crate) fn accepted(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let error = error.to_string();
            let is_known = ["surrogate", "lone leading", "end of hex escape", "number out of range"];
            assert!(is_known.iter().any(|known| error.contains(known)), "{text} was accepted and is no JSON: {error}");
            None
        }
    }
}

/// What a record has for a text that is empty.
const EMPTY: &str = "\u{F0000}";

/// Whether a field is a text: it has no mark that only records have, which stand for themselves in [`fields`].
pub(crate) fn is_text(field: Option<&String>) -> bool {
    field.is_none_or(|field| !field.contains(|character| ('\u{F0000}'..='\u{F0002}').contains(&character)))
}

/// The fields of a record: the inner `None` is one that is not there.
pub(crate) fn fields(record: &str) -> Vec<Option<String>> {
    const MARKS: [(char, &str); 3] = [('l', "\u{F0001}"), ('o', "\u{F0002}"), ('e', EMPTY)];
    let mut buffer = [0; 4];
    let (mut fields, mut field, mut characters) = (Vec::new(), None::<String>, record.chars());
    while let Some(character) = characters.next() {
        let part = match character {
            '\n' => {
                let field = field.take();
                fields.push(if field.as_deref() == Some(EMPTY) { Some(String::new()) } else { field });
                continue;
            }
            '\\' => match characters.next() {
                Some('n') => "\n",
                Some(other) => match MARKS.iter().find(|(letter, _)| *letter == other) {
                    Some((_, mark)) => *mark,
                    // No escape, or a backslash.
                    None => &*other.encode_utf8(&mut buffer),
                },
                None => continue,
            },
            character => {
                field.get_or_insert_default().push(character);
                continue;
            }
        };
        field.get_or_insert_default().push_str(part);
    }
    fields
}

/// Nothing that is printed may show the secret that was put in.
#[track_caller]
pub(crate) fn assert_unmarked(printed: &impl Debug, mark: &str) {
    let printed = format!("{printed:?}");
    assert!(!printed.contains(mark), "{printed} shows a secret");
}

/// The values of a parameter, as a browser reads them.
pub(crate) fn values(query: &str, name: &str) -> Vec<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// The only value of a parameter, when it is there and not empty.
#[track_caller]
pub(crate) fn only(query: &str, name: &str) -> Option<String> {
    let mut values = values(query, name);
    assert!(values.len() < 2, "{name} stands twice in {query}");
    values.pop().filter(|value| !value.is_empty())
}
