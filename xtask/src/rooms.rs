//! Where the bytes are: those of the client's module, and of its halves, by room of the crate and by function, those of the JavaScript by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{build, dead};

/// The functions that are listed by name.
const LONGEST: usize = 40;
/// The crate whose rooms are told apart; of others the name is enough.
const OURS: &str = "pkce_wasm";

/// A part, and its bytes.
type Table = Vec<(String, u64)>;

/// A script that came out, and what is in it.
pub(crate) struct Script {
    /// When it is loaded.
    pub(crate) when: &'static str,
    pub(crate) files: Vec<(String, u64)>,
}

/// Where the bytes are.
pub(crate) struct Rooms {
    modules: Vec<Weighed>,
    /// The JavaScript by when it is loaded, and by file.
    scripts: Vec<(&'static str, Table)>,
}

/// A module by kind of content, its functions by room and one by one, each list with the largest first.
struct Weighed {
    name: &'static str,
    content: Table,
    rooms: Table,
    functions: Table,
}

/// Attributes the bytes of the module and of its halves, which are built once more with names, and of these scripts.
pub(crate) fn attribute(scripts: &[Script]) -> Result<Rooms> {
    let modules = build::named_client()?.iter().map(|(name, file)| weigh(name, file)).collect::<Result<_>>()?;
    let scripts = scripts.iter().map(|script| (script.when, sorted(script.files.iter().map(shortened)))).collect();
    Ok(Rooms { modules, scripts })
}

fn weigh(name: &'static str, file: &Path) -> Result<Weighed> {
    let module = Module::read(&fs::read(file)?).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut rooms = BTreeMap::new();
    for (name, bytes) in &module.functions {
        add(&mut rooms, room(name), *bytes);
    }
    Ok(Weighed { name, content: sorted(module.content), rooms: sorted(rooms), functions: sorted(module.functions) })
}

fn add(table: &mut BTreeMap<String, u64>, name: String, bytes: u64) {
    let sum = table.entry(name).or_default();
    *sum = sum.saturating_add(bytes);
}

fn sorted(table: impl IntoIterator<Item = (String, u64)>) -> Table {
    let mut table: Vec<_> = table.into_iter().collect();
    table.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    table
}

/// A file without the folder in which its package is installed.
fn shortened((file, bytes): &(String, u64)) -> (String, u64) {
    (file.rsplit("node_modules/").next().unwrap_or(file).to_owned(), *bytes)
}

/// The room of a function: the modules of this crate, or the name of another one.
fn room(function: &str) -> String {
    if function.starts_with("core::ptr::drop_in_place") {
        return "drops".to_owned();
    }
    if !function.contains("::") {
        return "exports and symbols".to_owned();
    }
    let path = function.trim_start_matches(|character: char| !is_word(character)).trim_start_matches("mut ");
    let krate = path.split(|end| !is_word(end)).next().unwrap_or_default();
    // A type without a path is a parameter or built in: the trait tells the crate.
    let Some(inside) = path.strip_prefix(krate).and_then(|rest| rest.strip_prefix("::")) else {
        return path.split_once(" as ").map_or_else(|| "core".to_owned(), |(_, path)| room(path));
    };
    if krate != OURS {
        return krate.to_owned();
    }
    let words: Vec<&str> = inside.split("::").collect();
    let is_module = |word: &&&str| word.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let mut modules: Vec<&str> = words.iter().take_while(is_module).copied().collect();
    // The last one is the function, unless a type comes after it.
    let is_type = |word: &&str| word.starts_with(|first: char| first.is_ascii_uppercase() || first == '<');
    if !words.get(modules.len()).is_some_and(is_type) {
        modules.pop();
    }
    if modules.is_empty() { "lib".to_owned() } else { modules.join("::") }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The name without hashes: that at its end, and those of crates.
fn unhashed(name: &str) -> String {
    dead::unhashed(name.rsplit_once("::h").filter(|(_, hash)| hash.len() == 16).map_or(name, |(name, _)| name))
}

/// What a module consists of.
struct Module {
    /// The bytes of each kind of content; the names, which do not ship, left out.
    content: BTreeMap<String, u64>,
    /// The bytes of each function.
    functions: Table,
}

impl Module {
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut rest = Bytes(bytes);
        if rest.take(8)? != b"\0asm\x01\0\0\0" {
            bail!("this is no module");
        }
        let (mut content, mut names, mut bodies, mut imported) = (BTreeMap::new(), BTreeMap::new(), Vec::new(), 0_u64);
        while !rest.0.is_empty() {
            let kind = rest.byte()?;
            let section = rest.part()?;
            let mut inside = Bytes(section);
            match kind {
                0 if inside.part()? == b"name" => names = function_names(inside)?,
                2 => imported = inside.number()?,
                10 => bodies = inside.list(|bytes| bytes.part().map(<[u8]>::len))?,
                _ => {}
            }
            let what = match kind {
                0 => continue,
                9 => "table of functions",
                10 => "functions",
                11 => "data",
                _ => "types, imports, exports, globals",
            };
            add(&mut content, what.to_owned(), u64::try_from(section.len())?);
        }
        let functions = bodies.into_iter().zip(imported..).map(|(length, place)| {
            let name = names.get(&place).map(|name| unhashed(name));
            Ok((name.unwrap_or_else(|| format!("function {place}")), u64::try_from(length)?))
        });
        Ok(Self { content, functions: functions.collect::<Result<_>>()? })
    }
}

/// The names of the functions by their place, from the section of the names.
fn function_names(mut section: Bytes) -> Result<BTreeMap<u64, String>> {
    while !section.0.is_empty() {
        let kind = section.byte()?;
        let mut part = Bytes(section.part()?);
        if kind == 1 {
            let names =
                part.list(|bytes| Ok((bytes.number()?, String::from_utf8_lossy(bytes.part()?).into_owned())))?;
            return Ok(names.into_iter().collect());
        }
    }
    bail!("the functions have no names")
}

/// Bytes of a module that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("it ends too early")
    }

    /// A number in LEB128.
    fn number(&mut self) -> Result<u64> {
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(number)
    }

    /// Bytes that begin with their length.
    fn part(&mut self) -> Result<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length)?)
    }

    /// Entries that begin with their number.
    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let number = self.number()?;
        (0..number).map(|_| read(self)).collect()
    }
}

impl Rooms {
    pub(crate) fn print(&self) {
        for Weighed { name, content, rooms, functions } in &self.modules {
            print_table(&format!("{name}, raw bytes"), content);
            print_table("its functions by room", rooms);
            print_table("its longest functions", functions.get(..LONGEST).unwrap_or(functions));
        }
        for (when, files) in &self.scripts {
            print_table(&format!("JavaScript, raw bytes: {when}"), files);
        }
    }

    pub(crate) fn json(&self) -> Value {
        let table = |table: &Table| -> Value {
            table.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes })).collect()
        };
        let script = |(when, files): &(&str, Table)| json!({ "when": when, "files": table(files) });
        let module = |module: &Weighed| {
            json!({
                "name": module.name,
                "content": table(&module.content),
                "rooms": table(&module.rooms),
                "functions": table(&module.functions),
            })
        };
        json!({
            "modules": self.modules.iter().map(module).collect::<Vec<_>>(),
            "scripts": self.scripts.iter().map(script).collect::<Vec<_>>(),
        })
    }
}

fn print_table(title: &str, table: &[(String, u64)]) {
    let sum: u64 = table.iter().map(|(_, bytes)| bytes).sum();
    println!("\n{title:<72}{sum:>8}");
    for (name, bytes) in table {
        println!("  {name:<70}{bytes:>8}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Module, room, unhashed};

    #[test]
    fn a_function_is_in_the_room_of_its_module() {
        for (function, wanted) in [
            ("pkce_wasm::flow::begin::begin::h0123456789abcdef", "flow::begin"),
            ("pkce_wasm::flow::begin::begin::{{closure}}::h0123456789abcdef", "flow::begin"),
            ("pkce_wasm::json::Reader::next", "json"),
            (
                "<pkce_wasm::web::start::begin::{closure#0} as core::ops::function::FnOnce<(u8,)>>::call_once",
                "web::start",
            ),
            ("pkce_wasm::flow::<impl pkce_wasm::flow::token::Answer<J>>::read", "flow"),
            ("pkce_wasm::start", "lib"),
            ("core::ptr::drop_in_place<pkce_wasm::json::Value>", "drops"),
            ("<D as digest::digest::Digest>::finalize", "digest"),
            ("<str>::split_at_checked", "core"),
            ("<[T] as subtle::ConstantTimeEq>::ct_eq", "subtle"),
            ("alloc[77cc2d4e2f0ceb0c]::boxed::box_new_uninit", "alloc"),
            ("<&mut sha2::Sha256 as digest::Update>::update", "sha2"),
            ("login", "exports and symbols"),
        ] {
            assert_eq!(room(&unhashed(function)), wanted, "{function}");
        }
    }

    #[test]
    fn functions_are_weighed_under_their_names() {
        let module = b"\0asm\x01\0\0\0\x02\x07\x01\x01a\x01b\0\0\x0a\x06\x01\x04\0\x41\0\x0b\0\x0e\x04name\x01\x07\x02\0\x01b\x01\x01c";
        let module = Module::read(module).unwrap();
        assert_eq!(module.functions, [("c".to_owned(), 4)]);
        assert_eq!(module.content.get("functions"), Some(&6));
    }

    #[test]
    fn what_is_cut_off_is_no_module() {
        assert!(Module::read(b"\0asm\x01\0\0\0\x02\x07\x01").is_err());
    }
}
