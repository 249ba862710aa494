//! Where records are kept: pending logins and what remains of them, and the session.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::JsValue;
use web_sys::Storage;

use crate::error::{Code, Error};
use crate::flow::session::Session;
use crate::flow::token::TokenSet;
use crate::flow::transaction::{Tombstone, Transaction, forgettable, kept_since};
use crate::web::convert::Context;

/// Before the key of a pending login.
const TRANSACTION: &str = "pkce-wasm:t:";
/// Before the key of what remains of a login.
const TOMBSTONE: &str = "pkce-wasm:d:";
/// Before the key of a session.
const SESSION: &str = "pkce-wasm:s:";
/// Before the address of a key set.
const KEYS: &str = "pkce-wasm:k:";

/// A place for records, by name: a storage of the page, or an object of the package that has the same methods.
struct Place(Storage);

impl Place {
    fn open(context: &Context, tier: Option<&str>) -> Result<Self, Error> {
        let storage = match tier {
            Some("local") => web_sys::window().and_then(|window| window.local_storage().ok().flatten()),
            Some("session") => web_sys::window().and_then(|window| window.session_storage().ok().flatten()),
            Some("host") => context.records.clone(),
            _ => context.memory.clone(),
        };
        storage.map(Self).ok_or(Error::new(Code::StorageUnavailable))
    }

    fn get(&self, prefix: &str, key: &str) -> Option<String> {
        self.0.get_item(&[prefix, key].concat()).ok().flatten()
    }

    fn set(&self, prefix: &str, key: &str, record: &str) -> Result<(), Error> {
        self.0.set_item(&[prefix, key].concat(), record).map_err(|_| Error::new(Code::StorageUnavailable))
    }

    fn remove(&self, prefix: &str, key: &str) {
        // A storage that cannot forget has nothing to forget: it could not be written either.
        let _ = self.0.remove_item(&[prefix, key].concat());
    }

    /// Makes room for one more record of that kind.
    fn sweep(&self, prefix: &str, now: u64) {
        let names = (0..self.0.length().unwrap_or(0)).filter_map(|at| self.0.key(at).ok().flatten());
        let records = names.filter(|name| name.starts_with(prefix)).map(|name| {
            let since = self.get("", &name).and_then(|record| kept_since(&record, now));
            (name, since)
        });
        for name in forgettable(records.collect::<Vec<_>>()) {
            self.remove("", &name);
        }
    }
}

/// The logins of this client's users.
pub(crate) struct Logins(Place);

impl Logins {
    pub(crate) fn open(context: &Context) -> Result<Self, Error> {
        Place::open(context, context.transaction_storage.as_deref().or(Some("local"))).map(Self)
    }

    /// Keeps a login that begins, and forgets those that nobody will finish.
    pub(crate) fn begin(&self, transaction: &Transaction, now: u64) -> Result<(), Error> {
        self.0.sweep(TRANSACTION, now);
        self.0.sweep(TOMBSTONE, now);
        self.0.set(TRANSACTION, &transaction.key(), transaction.to_record().expose())
    }

    pub(crate) fn pending(&self, key: &str) -> Option<Result<Transaction, Error>> {
        self.0.get(TRANSACTION, key).map(|record| Transaction::from_record(&record))
    }

    pub(crate) fn remains(&self, key: &str) -> Option<Tombstone> {
        self.0.get(TOMBSTONE, key).and_then(|record| Tombstone::from_record(&record))
    }

    /// Puts the tombstone in the place of the login, which makes room for it where the storage is full.
    pub(crate) fn bury(&self, key: &str, tombstone: &Tombstone) -> Result<(), Error> {
        self.0.remove(TRANSACTION, key);
        self.0.set(TOMBSTONE, key, &tombstone.to_record())
    }

    /// Puts a login back in the place of its tombstone: its exchange never reached the server, or no answer came.
    pub(crate) fn restore(&self, key: &str, record: &str) -> Result<(), Error> {
        self.0.set(TRANSACTION, key, record)?;
        self.0.remove(TOMBSTONE, key);
        Ok(())
    }
}

/// The key sets that this page has fetched, as they came, each with the time when it was fetched anew for a key that was missing.
pub(crate) struct Keys(Option<Place>);

impl Keys {
    pub(crate) fn open(context: &Context) -> Self {
        Self(Place::open(context, None).ok())
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
        Ok(Self { place: Place::open(context, context.storage.as_deref())?, key: context.config.owner() })
    }

    pub(crate) fn load(&self) -> Option<Session<JsValue>> {
        Session::from_record(&self.place.get(SESSION, &self.key)?)
    }

    /// Keeps the tokens of a login, in the place of those that were kept.
    pub(crate) fn save(&self, tokens: &TokenSet<JsValue>) -> Result<(), Error> {
        self.keep(tokens.to_record().expose())
    }

    pub(crate) fn keep(&self, record: &str) -> Result<(), Error> {
        self.place.set(SESSION, &self.key, record)
    }

    pub(crate) fn forget(&self) {
        self.place.remove(SESSION, &self.key);
    }
}
