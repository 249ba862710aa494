//! What a JavaScript or TypeScript file imports, read without a parser: comments, strings, templates and regular expressions
//! are told apart, and a string counts where `from`, `import`, `import(` or `require(` stands before it.

/// An import: what it names; nothing when that is not a plain string.
pub(crate) type Import = Option<String>;

/// The imports of a source, static and dynamic, in their order.
pub(crate) fn imports(source: &str) -> Vec<Import> {
    let mut reader = Reader { rest: source.chars().peekable(), code: String::new(), found: Vec::new() };
    reader.read(None);
    reader.found
}

struct Reader<I: Iterator<Item = char>> {
    rest: std::iter::Peekable<I>,
    /// The code up to here: every string in it is empty, and there is no comment.
    code: String,
    found: Vec<Import>,
}

impl<I: Iterator<Item = char>> Reader<I> {
    /// Reads to the end, or to the brace that closes a part of a template.
    fn read(&mut self, end: Option<char>) {
        let mut depth = 0_usize;
        while let Some(character) = self.rest.next() {
            match character {
                '}' if end.is_some() && depth == 0 => return,
                '{' => depth = depth.saturating_add(1),
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            match character {
                '/' if self.rest.peek() == Some(&'/') => self.skip_to("\n"),
                '/' if self.rest.peek() == Some(&'*') => self.skip_to("*/"),
                '/' if self.value_may_begin() => self.skip_regular_expression(),
                '"' | '\'' => {
                    let text = self.string(character);
                    self.name(Some(text));
                    self.code.push_str("\"\"");
                }
                '`' => {
                    self.name(None);
                    self.template();
                    self.code.push_str("``");
                }
                // What is imported by a computed name is not to be known here.
                _ if !character.is_whitespace() && self.calls_import() => {
                    self.found.push(None);
                    self.code.push(character);
                }
                _ if character.is_whitespace() => {
                    if !self.code.ends_with(' ') {
                        self.code.push(' ');
                    }
                }
                _ => self.code.push(character),
            }
        }
    }

    /// Keeps a string where it names a module.
    fn name(&mut self, text: Import) {
        let before = self.code.trim_end();
        if self.calls_import() || text.is_some() && ["from", "import"].iter().any(|word| ends_with(before, word)) {
            self.found.push(text);
        }
    }

    /// Whether a call of `import` or `require` was opened just now.
    fn calls_import(&self) -> bool {
        let Some(callee) = self.code.trim_end().strip_suffix('(').map(str::trim_end) else { return false };
        ends_with(callee, "import") || ends_with(callee, "require")
    }

    /// Whether a slash begins a regular expression here: it does where a value may stand.
    fn value_may_begin(&self) -> bool {
        let before = self.code.trim_end();
        ends_with(before, "return")
            || before.chars().next_back().is_none_or(|last| "(,=:[!&|?{};<>+-*%~^".contains(last))
    }

    fn string(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => text.extend(self.rest.next()),
                _ if character == quote => break,
                _ => text.push(character),
            }
        }
        text
    }

    fn template(&mut self) {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => _ = self.rest.next(),
                '`' => return,
                '$' if self.rest.peek() == Some(&'{') => {
                    self.rest.next();
                    self.code.push('{');
                    self.read(Some('}'));
                }
                _ => {}
            }
        }
    }

    fn skip_to(&mut self, end: &str) {
        let mut seen = String::new();
        for character in self.rest.by_ref() {
            seen.push(character);
            // The star that opens a comment does not close it.
            if seen.ends_with(end) && seen != "*/" {
                break;
            }
        }
        if !self.code.ends_with(' ') {
            self.code.push(' ');
        }
    }

    fn skip_regular_expression(&mut self) {
        let mut in_class = false;
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => _ = self.rest.next(),
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => break,
                _ => {}
            }
        }
        self.code.push_str("\"\"");
    }
}

/// Whether a text ends with this word, and not with a longer one or a member of that name.
fn ends_with(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| {
        before.chars().next_back().is_none_or(|last| !last.is_alphanumeric() && !"_$.#".contains(last))
    })
}
