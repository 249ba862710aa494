//! Where records rest: the system's keyring, else a file that is encrypted by a key in the keyring, else the memory of this process.
//!
//! All records are one text. A short one is one item of the keyring, which is written as a whole or not at all. A longer one is cut into
//! items of a new generation; then the first item is made to name them, and the former ones are removed. So a write that is cut short
//! leaves the old records.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pkce_wasm::error::{Code, Error};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Where records rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// In the system's keyring.
    Keyring,
    /// In a file, encrypted by a key in the keyring.
    File,
    /// In the memory of this process: they end with it.
    Memory,
}

/// Why a store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is no such store on this machine.
    Missing,
    /// It is there and gives nothing now: it is locked, or does not answer.
    Unavailable,
    /// It does not take an item like this one: it is too long, as a rule.
    Refused,
}

/// Keeps short secrets under names. Each call may take its time, and is made by a thread that may wait.
pub trait Store: Send + Sync + 'static {
    /// The item; `None` when there is none.
    ///
    /// # Errors
    /// when it cannot be read: that there is nothing is no error
    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;
    /// Keeps an item, as a whole or not at all.
    ///
    /// # Errors
    /// when it is not kept
    fn set(&self, name: &str, item: &[u8]) -> Result<(), StoreError>;
    /// Removes an item; one that is not there is no matter.
    ///
    /// # Errors
    /// when it may still be there
    fn remove(&self, name: &str) -> Result<(), StoreError>;
    /// The most bytes of an item.
    fn max_length(&self) -> usize;
}

/// Records by name. They hold tokens, and are wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Records(BTreeMap<String, String>);

impl Records {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, record: &str) {
        if let Some(mut before) = self.0.insert(name.to_owned(), record.to_owned()) {
            before.zeroize();
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(mut before) = self.0.remove(name) {
            before.zeroize();
        }
    }

    /// The records whose names begin so, without that beginning.
    pub(crate) fn below<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, record)| Some((name.strip_prefix(beginning)?, record.as_str())))
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

/// The name of the first item.
const FIRST: &str = "pkce-wasm";
/// How the first item begins: by the records themselves, by the generation and number of the items that hold them, or by the
/// key of the file.
const WHOLE: u8 = b'0';
const CUT: u8 = b'1';
const KEY: u8 = b'2';
/// The name of the file.
const FILE: &str = "pkce-wasm.records";
const KEY_LENGTH: usize = 32;

/// The records of the application.
pub(crate) struct Vault {
    store: Box<dyn Store>,
    file: PathBuf,
    state: Mutex<State>,
}

struct State {
    tier: Tier,
    /// What the store did not take.
    held: Option<Records>,
}

/// What the first item says.
enum Head {
    None,
    Whole(Zeroizing<Vec<u8>>),
    Cut { generation: u64, count: u64 },
    Key(Zeroizing<Vec<u8>>),
}

impl Vault {
    pub(crate) fn new(store: Box<dyn Store>, folder: &Path) -> Self {
        Self { store, file: folder.join(FILE), state: Mutex::new(State { tier: Tier::Keyring, held: None }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the records are, as far as the last read or write has shown.
    pub(crate) fn tier(&self) -> Tier {
        self.state().tier
    }

    /// The records.
    ///
    /// # Errors
    /// `storage_unavailable`: the keyring is there and gives nothing now
    pub(crate) fn read(&self) -> Result<Records, Error> {
        let mut state = self.state();
        if let Some(held) = &state.held {
            return Ok(held.clone());
        }
        // Another process may have written meanwhile: then the items of the former generation are gone.
        let read = self.stored().or_else(|_| self.stored());
        match read {
            Ok((tier, records)) => {
                state.tier = tier;
                Ok(records)
            }
            Err(StoreError::Missing) => {
                state.tier = Tier::Memory;
                state.held = Some(Records::default());
                Ok(Records::default())
            }
            Err(_) => Err(Code::StorageUnavailable.into()),
        }
    }

    /// Keeps the records in the place of the former ones.
    ///
    /// # Errors
    /// `storage_unavailable`: they are not kept
    pub(crate) fn write(&self, records: &Records) -> Result<(), Error> {
        let mut state = self.state();
        match self.keep(records) {
            Ok(tier) => {
                *state = State { tier, held: None };
                Ok(())
            }
            Err(StoreError::Missing) => {
                *state = State { tier: Tier::Memory, held: Some(records.clone()) };
                Ok(())
            }
            Err(_) => Err(Code::StorageUnavailable.into()),
        }
    }

    /// The same for what the server has already replaced and what would be lost otherwise: where no store takes it, this process holds it.
    pub(crate) fn write_surely(&self, records: &Records) {
        if self.write(records).is_err() {
            *self.state() = State { tier: Tier::Memory, held: Some(records.clone()) };
        }
    }

    fn head(&self) -> Result<Head, StoreError> {
        let Some(item) = self.store.get(FIRST)? else { return Ok(Head::None) };
        let text = |rest: &[u8]| String::from_utf8_lossy(rest).into_owned();
        Ok(match item.split_first() {
            Some((&WHOLE, rest)) => Head::Whole(Zeroizing::new(rest.to_vec())),
            Some((&CUT, rest)) => {
                let text = text(rest);
                let numbers =
                    text.split_once(' ').and_then(|(first, second)| first.parse().ok().zip(second.parse().ok()));
                numbers.map_or(Head::None, |(generation, count)| Head::Cut { generation, count })
            }
            Some((&KEY, rest)) if rest.len() == KEY_LENGTH => Head::Key(Zeroizing::new(rest.to_vec())),
            _ => Head::None,
        })
    }

    /// What is kept, and where. What cannot be understood is nothing.
    fn stored(&self) -> Result<(Tier, Records), StoreError> {
        let (tier, bytes) = match self.head()? {
            Head::None => (Tier::Keyring, Zeroizing::default()),
            Head::Whole(bytes) => (Tier::Keyring, bytes),
            Head::Cut { generation, count } => {
                let mut bytes = Zeroizing::new(Vec::new());
                for place in 0..count {
                    let part = self.store.get(&item(generation, place))?.ok_or(StoreError::Unavailable)?;
                    bytes.extend_from_slice(&part);
                }
                (Tier::Keyring, bytes)
            }
            // The fresh one is still there when the process ended in the middle of a write.
            Head::Key(key) => {
                let opened =
                    [self.file.clone(), self.fresh()].into_iter().find_map(|file| unseal(&key, fs::read(file).ok()?));
                (Tier::File, opened.unwrap_or_default())
            }
        };
        Ok((tier, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    fn keep(&self, records: &Records) -> Result<Tier, StoreError> {
        let text = Zeroizing::new(serde_json::to_vec(records).map_err(|_| StoreError::Refused)?);
        let before = self.head()?;
        let kept = self.keep_in_items(&text, &before);
        let tier = match kept {
            Ok(()) => Tier::Keyring,
            Err(StoreError::Missing) => return Err(StoreError::Missing),
            // Perhaps it takes a key.
            Err(_) => self.keep_in_file(&text).map(|()| Tier::File)?,
        };
        // What the first item does not name any more is of no use; that it is there does no harm.
        if let Head::Cut { generation, count } = before {
            for place in 0..count {
                let _ = self.store.remove(&item(generation, place));
            }
        }
        if tier == Tier::Keyring {
            let _ = fs::remove_file(&self.file);
        }
        Ok(tier)
    }

    fn keep_in_items(&self, text: &[u8], before: &Head) -> Result<(), StoreError> {
        let most = self.store.max_length();
        if text.len() < most {
            return self.store.set(FIRST, &Zeroizing::new([&[WHOLE], text].concat()));
        }
        let generation = match before {
            Head::Cut { generation, .. } => generation.wrapping_add(1),
            _ => 0,
        };
        let mut count = 0_u64;
        for part in text.chunks(most.max(1)) {
            self.store.set(&item(generation, count), part)?;
            count = count.saturating_add(1);
        }
        self.store.set(FIRST, &[&[CUT], format!("{generation} {count}").as_bytes()].concat())
    }

    fn fresh(&self) -> PathBuf {
        self.file.with_extension("fresh")
    }

    /// A fresh key for each text: so no nonce is used twice.
    fn keep_in_file(&self, text: &[u8]) -> Result<(), StoreError> {
        let mut key = Zeroizing::new(vec![0; KEY_LENGTH]);
        SystemRandom::new().fill(&mut key).map_err(|_| StoreError::Unavailable)?;
        let sealed = seal(&key, text).ok_or(StoreError::Unavailable)?;
        // The former file stays until the former key is gone: whenever the process ends, one of the two files fits the key.
        let fresh = self.fresh();
        write_privately(&fresh, &sealed).map_err(|_| StoreError::Unavailable)?;
        self.store.set(FIRST, &Zeroizing::new([&[KEY], key.as_slice()].concat()))?;
        fs::rename(&fresh, &self.file).map_err(|_| StoreError::Unavailable)
    }
}

fn item(generation: u64, place: u64) -> String {
    format!("{FIRST}.{generation}.{place}")
}

fn write_privately(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?))
}

/// Encrypts (RFC 8439). A key encrypts one text, so that the nonce can be fixed.
fn seal(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = text.to_vec();
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    cipher(key)?.seal_in_place_append_tag(nonce, Aad::from(FIRST), &mut sealed).ok()?;
    Some(sealed)
}

fn unseal(key: &[u8], mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    let text = cipher(key)?.open_in_place(nonce, Aad::from(FIRST), &mut sealed).ok()?.to_vec();
    sealed.zeroize();
    Some(Zeroizing::new(text))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]
pub(crate) mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;

    /// A store in memory that can be told how to fail, and when.
    #[derive(Default)]
    pub(crate) struct Fake {
        pub(crate) items: Mutex<HashMap<String, Vec<u8>>>,
        pub(crate) longest: Option<usize>,
        pub(crate) limit: Option<usize>,
        pub(crate) fails: Mutex<Option<StoreError>>,
        /// Writes after which nothing is done any more, as if the process had been killed.
        pub(crate) writes_left: Mutex<Option<u32>>,
    }

    impl Fake {
        pub(crate) fn fail(&self, how: Option<StoreError>) {
            *self.fails.lock().unwrap() = how;
        }

        fn check(&self) -> Result<(), StoreError> {
            self.fails.lock().unwrap().map_or(Ok(()), Err)
        }

        fn spend(&self) -> Result<(), StoreError> {
            match &mut *self.writes_left.lock().unwrap() {
                None => Ok(()),
                Some(0) => Err(StoreError::Unavailable),
                Some(left) => {
                    *left -= 1;
                    Ok(())
                }
            }
        }
    }

    impl Store for Arc<Fake> {
        fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
            self.check()?;
            Ok(self.items.lock().unwrap().get(name).cloned().map(Zeroizing::new))
        }

        fn set(&self, name: &str, item: &[u8]) -> Result<(), StoreError> {
            self.check()?;
            if self.limit.is_some_and(|limit| item.len() > limit) {
                return Err(StoreError::Refused);
            }
            self.spend()?;
            self.items.lock().unwrap().insert(name.to_owned(), item.to_vec());
            Ok(())
        }

        fn remove(&self, name: &str) -> Result<(), StoreError> {
            self.check()?;
            self.spend()?;
            self.items.lock().unwrap().remove(name);
            Ok(())
        }

        fn max_length(&self) -> usize {
            self.longest.unwrap_or(1 << 20)
        }
    }

    fn records(text: &str, length: usize) -> Records {
        let mut records = Records::default();
        records.set("session:a", &text.repeat(length));
        records
    }

    fn vault(store: &Arc<Fake>, folder: &Path) -> Vault {
        Vault::new(Box::new(Arc::clone(store)), folder)
    }

    #[test]
    fn tp2_records_longer_than_an_item_are_cut_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Fake { longest: Some(2560), limit: Some(2560), ..Fake::default() });
        for length in [0, 1, 2500, 2538, 2539, 2540, 2600, 5120, 20_000, 3, 0] {
            let records = records("x", length);
            vault(&store, folder.path()).write(&records).unwrap();
            let again = vault(&store, folder.path());
            assert!(again.read().unwrap() == records, "{length}");
            assert_eq!(again.tier(), Tier::Keyring);
            let items = store.items.lock().unwrap();
            assert!(items.values().all(|item| item.len() <= 2560));
            let total = items.values().map(Vec::len).sum::<usize>();
            assert!(total < length + 100, "{length}: {total} bytes are kept in {} items", items.len());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn tp2_a_write_that_is_cut_short_leaves_old_records_or_new_ones() {
        for (longest, limit) in [(100, 100), (1 << 20, 64)] {
            for writes in 0..16 {
                let folder = tempfile::tempdir().unwrap();
                let store = Arc::new(Fake { longest: Some(longest), limit: Some(limit), ..Fake::default() });
                let (old, new) = (records("old", 100), records("new", 150));
                vault(&store, folder.path()).write(&old).unwrap();
                *store.writes_left.lock().unwrap() = Some(writes);
                let written = vault(&store, folder.path()).write(&new);
                *store.writes_left.lock().unwrap() = None;
                let read = vault(&store, folder.path()).read().unwrap();
                assert!(read == new || written.is_err() && read == old, "after {writes} writes");
            }
        }
    }

    #[test]
    fn tp2_what_the_keyring_does_not_take_is_in_a_file_that_its_key_opens() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Fake { limit: Some(64), ..Fake::default() });
        let records = records("a token that nobody is to see ", 100);
        let first = vault(&store, folder.path());
        first.write(&records).unwrap();
        assert_eq!(first.tier(), Tier::File);
        let file = fs::read(folder.path().join(FILE)).unwrap();
        assert!(!file.windows(7).any(|window| window == b"a token"));
        let again = vault(&store, folder.path());
        assert!(again.read().unwrap() == records);
        assert_eq!(again.tier(), Tier::File);

        // A changed file is no file.
        let mut changed = file.clone();
        changed[20] ^= 1;
        fs::write(folder.path().join(FILE), changed).unwrap();
        assert!(vault(&store, folder.path()).read().unwrap() == Records::default());
        // And without the key there are no records.
        fs::write(folder.path().join(FILE), file).unwrap();
        store.items.lock().unwrap().clear();
        assert!(vault(&store, folder.path()).read().unwrap() == Records::default());
    }

    #[test]
    fn tp2_without_a_keyring_the_process_holds_the_records() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Fake::default());
        store.fail(Some(StoreError::Missing));
        let vault = vault(&store, folder.path());
        assert!(vault.read().unwrap() == Records::default());
        assert_eq!(vault.tier(), Tier::Memory);
        vault.write(&records("x", 9)).unwrap();
        assert!(vault.read().unwrap() == records("x", 9));
        assert_eq!(vault.tier(), Tier::Memory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn tp2_a_locked_keyring_is_an_error_and_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Fake::default());
        let vault = vault(&store, folder.path());
        vault.write(&records("old", 3)).unwrap();
        store.fail(Some(StoreError::Unavailable));
        assert_eq!(vault.read().err().map(|error| error.code), Some(Code::StorageUnavailable));
        assert_eq!(vault.write(&records("new", 3)).unwrap_err().code, Code::StorageUnavailable);
        store.fail(None);
        assert!(vault.read().unwrap() == records("old", 3));

        // What would be lost is held, until the keyring takes something again.
        store.fail(Some(StoreError::Unavailable));
        vault.write_surely(&records("new", 3));
        assert_eq!(vault.tier(), Tier::Memory);
        assert!(vault.read().unwrap() == records("new", 3));
        store.fail(None);
        vault.write(&records("newer", 3)).unwrap();
        assert_eq!(vault.tier(), Tier::Keyring);
        assert!(vault.read().unwrap() == records("newer", 3));
    }
}
