//! Where records are kept: pending logins and what remains of them, and the session.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::Map;
use wasm_bindgen::JsValue;
use web_sys::Storage;

use crate::error::{Code, Error};
use crate::flow::session;
use crate::flow::token::TokenSet;
use crate::flow::transaction::{Tombstone, Transaction};
use crate::web::convert::Context;

/// Before the key of a pending login.
const TRANSACTION: &str = "pkce-wasm:t:";
/// Before the key of what remains of a login.
const TOMBSTONE: &str = "pkce-wasm:d:";
/// Before the key of a session.
const SESSION: &str = "pkce-wasm:s:";
/// Before the address of a key set.
const KEYS: &str = "pkce-wasm:k:";

/// A place for records, by name.
enum Place {
    Page(Storage),
    Memory(Map),
}

impl Place {
    fn get(&self, prefix: &str, key: &str) -> Option<String> {
        let name = [prefix, key].concat();
        match self {
            Self::Page(storage) => storage.get_item(&name).ok().flatten(),
            Self::Memory(map) => map.get(&JsValue::from_str(&name)).as_string(),
        }
    }

    fn set(&self, prefix: &str, key: &str, record: &str) -> Result<(), Error> {
        let name = [prefix, key].concat();
        match self {
            Self::Page(storage) => {
                storage.set_item(&name, record).map_err(|_| Error::new(Code::StorageUnavailable))?;
            }
            Self::Memory(map) => {
                map.set(&JsValue::from_str(&name), &JsValue::from_str(record));
            }
        }
        Ok(())
    }

    fn remove(&self, prefix: &str, key: &str) {
        let name = [prefix, key].concat();
        match self {
            // A storage that cannot forget has nothing to forget: it could not be written either.
            Self::Page(storage) => drop(storage.remove_item(&name)),
            Self::Memory(map) => {
                map.delete(&JsValue::from_str(&name));
            }
        }
    }
}

/// The page's `localStorage`, which also another tab and the next start of the browser see.
fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The page's `sessionStorage`, which lives as long as the tab.
fn tab() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// The logins of this browser.
pub(crate) struct Logins(Place);

impl Logins {
    pub(crate) fn open() -> Result<Self, Error> {
        let storage = local().or_else(tab).ok_or(Code::StorageUnavailable)?;
        Ok(Self(Place::Page(storage)))
    }

    /// Keeps a login that begins, and forgets those that nobody will finish.
    pub(crate) fn begin(&self, transaction: &Transaction, max_age: u64, now: u64) -> Result<(), Error> {
        self.sweep(max_age, now);
        self.0.set(TRANSACTION, &transaction.key(), transaction.to_record().expose())
    }

    pub(crate) fn pending(&self, key: &str) -> Option<Result<Transaction, Error>> {
        self.0.get(TRANSACTION, key).map(|record| Transaction::from_record(&record))
    }

    pub(crate) fn remains(&self, key: &str) -> Option<Tombstone> {
        self.0.get(TOMBSTONE, key).and_then(|record| Tombstone::from_record(&record))
    }

    /// Puts the tombstone in the place of the login.
    pub(crate) fn bury(&self, key: &str, tombstone: &Tombstone) -> Result<(), Error> {
        self.0.set(TOMBSTONE, key, &tombstone.to_record())?;
        self.0.remove(TRANSACTION, key);
        Ok(())
    }

    /// Puts a login back in the place of its tombstone: its exchange never reached the server, or no answer came.
    pub(crate) fn restore(&self, key: &str, record: &str) -> Result<(), Error> {
        self.0.set(TRANSACTION, key, record)?;
        self.0.remove(TOMBSTONE, key);
        Ok(())
    }

    pub(crate) fn forget(&self, key: &str) {
        self.0.remove(TRANSACTION, key);
    }

    fn sweep(&self, max_age: u64, now: u64) {
        let Place::Page(storage) = &self.0 else { return };
        let names: Vec<String> =
            (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten()).collect();
        for name in names {
            let record = || storage.get_item(&name).ok().flatten();
            let stale = if name.starts_with(TRANSACTION) {
                record().is_some_and(|record| {
                    Transaction::from_record(&record).map_or(true, |pending| pending.is_expired(max_age, now))
                })
            } else if name.starts_with(TOMBSTONE) {
                record().is_some_and(|record| {
                    Tombstone::from_record(&record).is_none_or(|tombstone| tombstone.is_stale(now))
                })
            } else {
                false
            };
            if stale {
                let _ = storage.remove_item(&name);
            }
        }
    }
}

/// The key sets that this page has fetched, as they came, each with the time when it was fetched anew for a key that was missing.
pub(crate) struct Keys(Option<Place>);

impl Keys {
    pub(crate) fn open(context: &Context) -> Self {
        Self(context.memory.clone().map(Place::Memory))
    }

    pub(crate) fn load(&self, jwks_uri: &str) -> Option<String> {
        self.0.as_ref()?.get(KEYS, jwks_uri)
    }

    pub(crate) fn save(&self, jwks_uri: &str, record: &str) -> Result<(), Error> {
        self.0.as_ref().map_or(Ok(()), |place| place.set(KEYS, jwks_uri, record))
    }
}

/// The session of a client.
pub(crate) struct Sessions {
    place: Place,
    key: String,
}

impl Sessions {
    pub(crate) fn open(context: &Context) -> Result<Self, Error> {
        let place = match context.storage.as_deref() {
            Some("local") => local().map(Place::Page),
            Some("session") => tab().map(Place::Page),
            _ => context.memory.clone().map(Place::Memory),
        };
        Ok(Self { place: place.ok_or(Code::StorageUnavailable)?, key: session::key(&context.config) })
    }

    pub(crate) fn load(&self) -> Option<TokenSet<JsValue>> {
        TokenSet::from_record(&self.place.get(SESSION, &self.key)?)
    }

    pub(crate) fn save(&self, tokens: &TokenSet<JsValue>) -> Result<(), Error> {
        self.place.set(SESSION, &self.key, tokens.to_record().expose())
    }

    pub(crate) fn forget(&self) {
        self.place.remove(SESSION, &self.key);
    }
}
