//! How the module copies memory. Older engines have no instruction for it; the function that binaryen puts in its place goes byte by byte,
//! and that of the runtime library is ten times as long. This one goes by words of eight bytes, and is short.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The instruction, and the call in its place: both take the target, the source and the length, in this order.
const INSTRUCTION: &str = "(memory.copy";
const CALL: &str = "(call $copy-by-words";

/// Where the target begins inside of the source the copy goes backwards, a byte at a time: what is still to be read stays.
const FUNCTION: &str = "
 (func $copy-by-words (param $to i32) (param $from i32) (param $count i32)
  (if (i32.lt_u (i32.sub (local.get $to) (local.get $from)) (local.get $count))
   (then
    (loop $backwards
     (if (local.get $count)
      (then
       (local.set $count (i32.sub (local.get $count) (i32.const 1)))
       (i32.store8 (i32.add (local.get $to) (local.get $count))
        (i32.load8_u (i32.add (local.get $from) (local.get $count))))
       (br $backwards))))
    (return)))
  (loop $words
   (if (i32.ge_u (local.get $count) (i32.const 8))
    (then
     (i64.store align=1 (local.get $to) (i64.load align=1 (local.get $from)))
     (local.set $to (i32.add (local.get $to) (i32.const 8)))
     (local.set $from (i32.add (local.get $from) (i32.const 8)))
     (local.set $count (i32.sub (local.get $count) (i32.const 8)))
     (br $words))))
  (loop $bytes
   (if (local.get $count)
    (then
     (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
     (local.set $to (i32.add (local.get $to) (i32.const 1)))
     (local.set $from (i32.add (local.get $from) (i32.const 1)))
     (local.set $count (i32.sub (local.get $count) (i32.const 1)))
     (br $bytes)))))
)
";

/// Puts the function in the place of the instruction, in the text of a module.
pub(crate) fn by_words(module: &Path) -> Result<()> {
    let text = fs::read_to_string(module)?;
    if !text.contains(INSTRUCTION) {
        return Ok(());
    }
    ensure!(!text.contains("(memory $1"), "the module has more than one memory");
    let body = text.trim_end().strip_suffix(')').context("the text of a module ends with a bracket")?;
    Ok(fs::write(module, [&body.replace(INSTRUCTION, CALL), FUNCTION].concat())?)
}
