//! Replays what the fuzz targets found worth keeping: every property holds for every input of its corpus.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use properties::{ALL, Property};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn replay((name, property): Property) {
    let mut inputs = 0_usize;
    for entry in fs::read_dir(corpus().join(name)).unwrap() {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        assert!(catch_unwind(|| property(&input)).is_ok(), "{} breaks the property", path.display());
        inputs = inputs.saturating_add(1);
    }
    assert!(inputs > 5, "the corpus of {name} has {inputs} inputs: it is no longer found");
}

macro_rules! replay {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay((stringify!($name), properties::$name));
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replay! { callback_url form json jwt metadata stored_transaction token_response url www_authenticate }

#[test]
fn every_property_has_a_corpus_a_target_and_a_test() {
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let known: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&corpus()), known);
    assert_eq!(names(&corpus().join("../fuzz_targets")), known);
    assert_eq!(REPLAYED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), known);
}
