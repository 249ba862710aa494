//! Looks into the memory of other processes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};

use memchr::memmem;

/// So many pages are looked at at once.
const PAGES: u64 = 1024;

/// Which of these texts, by their places, are in the memory of a process that it can write to.
pub(crate) fn held(process: i32, texts: &[Vec<u8>]) -> BTreeSet<usize> {
    let open = |name: &str| File::open(format!("/proc/{process}/{name}")).expect("the process can be looked into");
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).expect("the process can be looked into");
    let (mut pagemap, mut memory) = (open("pagemap"), open("mem"));
    let longest = texts.iter().map(Vec::len).max().unwrap_or_default();
    let (mut read, mut found, mut kept) = (0, BTreeSet::new(), Vec::new());
    for Region { start, end, page } in regions(&maps) {
        let mut at = start;
        kept.clear();
        while at < end {
            let length = (end - at).min(PAGES * page);
            // Of what is only reserved, tens of gigabytes, no page is there.
            if is_there(&mut pagemap, at / page, length / page) {
                let mut part = vec![0; usize::try_from(length).expect("a part is small")];
                // What is a device's cannot be read.
                if memory.seek(SeekFrom::Start(at)).is_ok() && memory.read_exact(&mut part).is_ok() {
                    read += part.len();
                    kept.extend_from_slice(&part);
                    let here = texts.iter().enumerate().filter(|(_, text)| contains(&kept, text));
                    found.extend(here.map(|(place, _)| place));
                }
                kept.drain(..kept.len().saturating_sub(longest));
            } else {
                kept.clear();
            }
            at += length;
        }
    }
    assert!(read > 1 << 20, "only {read} bytes of process {process} could be read");
    found
}

/// Whether one of these pages is in memory or swapped out (Documentation/admin-guide/mm/pagemap.rst).
fn is_there(pagemap: &mut File, first: u64, count: u64) -> bool {
    let mut entries = vec![0; usize::try_from(count * 8).expect("a part is small")];
    let read = pagemap.seek(SeekFrom::Start(first * 8)).and_then(|_| pagemap.read_exact(&mut entries));
    read.is_err() || entries.chunks_exact(8).any(|entry| entry[7] & 0xc0 != 0)
}

/// A part of the memory that is read and written.
#[derive(Debug, PartialEq)]
struct Region {
    start: u64,
    end: u64,
    /// The bytes of a page.
    page: u64,
}

/// Those of which something is there.
fn regions(maps: &str) -> Vec<Region> {
    let mut all: Vec<(Region, bool)> = Vec::new();
    let mut is_writable = false;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        if let Some((start, end)) = name.split_once('-') {
            is_writable = value.starts_with("rw");
            let number = |text| u64::from_str_radix(text, 16).unwrap_or_default();
            if is_writable {
                all.push((Region { start: number(start), end: number(end), page: 4096 }, false));
            }
        } else if let Some((region, is_there)) = all.last_mut().filter(|_| is_writable) {
            let number: u64 = value.parse().unwrap_or_default();
            match name {
                "KernelPageSize:" => region.page = number * 1024,
                "Rss:" | "Swap:" => *is_there |= number > 0,
                _ => {}
            }
        }
    }
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(region, _)| region).collect()
}

/// Whether a text is part of another one.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    memmem::find(bytes, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::{Region, contains, held, regions};

    #[test]
    fn a_process_finds_what_it_holds() {
        let text: Vec<u8> = std::hint::black_box((0..64_u8).map(|byte| byte.wrapping_mul(37) ^ 0x5a).collect());
        let own = i32::try_from(std::process::id()).unwrap();
        // Enough to be a process that can be looked into.
        let ballast = std::hint::black_box(vec![1_u8; 4 << 20]);
        assert!(held(own, std::slice::from_ref(&text)).contains(&0));
        assert!(contains(b"aab", b"ab") && !contains(b"aab", b"abc") && contains(b"", b""));
        drop(ballast);
    }

    #[test]
    fn what_is_written_and_there_is_a_region() {
        let maps = "1000-3000 rw-p 00000000 00:00 0   [heap]\nKernelPageSize:        4 kB\nRss:     4 kB\nSwap:   0 kB\n\
                    3000-5000 rw-p 00000000 00:00 0\nKernelPageSize:   4 kB\nRss:        0 kB\n\
                    5000-6000 r--p 00000000 00:00 0\nRss:        8 kB\n";
        assert_eq!(regions(maps), [Region { start: 0x1000, end: 0x3000, page: 4096 }]);
    }
}
