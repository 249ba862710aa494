//! Looks into the memory of other processes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};

use memchr::memmem;

/// So much is read at once.
const PART: usize = 1 << 22;

/// Which of these texts, by their places, are in the memory of a process that it can write to.
pub(crate) fn held(process: i32, texts: &[Vec<u8>]) -> BTreeSet<usize> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the process can be looked into");
    let mut memory = File::open(format!("/proc/{process}/mem")).expect("the process can be looked into");
    let longest = texts.iter().map(Vec::len).max().unwrap_or_default();
    let (mut read, mut found) = (0, BTreeSet::new());
    for (start, end) in regions(&maps) {
        let (mut at, mut kept) = (start, Vec::new());
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(PART).min(PART);
            let mut part = vec![0; length];
            // What is not there cannot be read: a stack that may still grow, a page of a device.
            if memory.seek(SeekFrom::Start(at)).is_err() || memory.read_exact(&mut part).is_err() {
                break;
            }
            read += length;
            kept.extend_from_slice(&part);
            found.extend(texts.iter().enumerate().filter(|(_, text)| contains(&kept, text)).map(|(place, _)| place));
            kept.drain(..kept.len().saturating_sub(longest));
            at += length as u64;
        }
    }
    assert!(read > PART, "only {read} bytes of process {process} could be read");
    found
}

/// The regions that are read and written, from and to.
fn regions(maps: &str) -> impl Iterator<Item = (u64, u64)> {
    maps.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (range, rights) = (words.next()?, words.next()?);
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        rights.starts_with("rw").then_some((number(start)?, number(end)?))
    })
}

/// Whether a text is part of another one.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    memmem::find(bytes, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::{contains, held, regions};

    #[test]
    fn a_process_finds_what_it_holds_and_nothing_else() {
        let text: Vec<u8> = std::hint::black_box((0..64_u8).map(|byte| byte.wrapping_mul(37) ^ 0x5a).collect());
        let own = i32::try_from(std::process::id()).unwrap();
        let other = vec![7; 64];
        assert_eq!(held(own, &[other, text]).into_iter().last(), Some(1));
        assert!(contains(b"aab", b"ab") && !contains(b"aab", b"abc") && contains(b"", b""));
        let maps = "1000-2000 rw-p 0 0:0 0 [heap]\n2000-3000 r-xp 0 0:0 0\n";
        assert_eq!(regions(maps).collect::<Vec<_>>(), [(0x1000, 0x2000)]);
    }
}
