//! Text of a language in, piece by piece; at any point, whether a value may stand there and in which language.

use super::language::{self, Language, RAW};

/// Follows a text through quotes, comments and blocks, each character once.
pub(super) struct Scanner {
    language: &'static Language,
    /// What is open: a quote, a comment (a line end), or a shell's `$(`.
    open: Vec<char>,
    is_escaped: bool,
    previous: char,
    line: String,
    here: Here,
    /// The block of another language inside a Markdown text.
    block: Option<Box<Scanner>>,
}

/// How far a shell's here-document is.
enum Here {
    No,
    /// `<<` stands on this line, from this character on.
    Announced(usize),
    /// Its text ends with a line of this word.
    Until(String),
}

impl Scanner {
    pub(super) fn new(language: &'static Language) -> Scanner {
        let line = String::new();
        Scanner { language, open: Vec::new(), is_escaped: false, previous: '\n', line, here: Here::No, block: None }
    }

    /// The language a value that comes next is written in.
    pub(super) fn language(&self) -> &'static Language {
        self.block.as_ref().map_or(self.language, |block| block.language)
    }

    /// Why no value may stand here.
    pub(super) fn refuses(&self) -> Option<&'static str> {
        if let Some(block) = &self.block {
            return block.refuses();
        }
        match (&self.here, self.open.last()) {
            (Here::Until(_), _) => Some("inside a here-document"),
            (_, None | Some('(')) => None,
            (_, Some('\n')) => Some("inside a comment"),
            (_, Some(_)) => Some("inside quotes"),
        }
    }

    /// A value came; it opens and closes nothing.
    pub(super) fn value(&mut self) {
        self.previous = 'x';
        self.line.push('x');
        if let Some(block) = &mut self.block {
            block.value();
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let words = if self.is_after_escape() { 0 } else { rest.bytes().take_while(|byte| means_nothing(*byte)).count() };
            if words > 0 {
                self.words(&rest[..words]);
                rest = &rest[words..];
                continue;
            }
            match &mut self.block {
                Some(block) => {
                    block.step(c, rest);
                    self.follow_line(c);
                }
                None => self.step(c, rest),
            }
            rest = &rest[c.len_utf8()..];
        }
    }

    fn is_after_escape(&self) -> bool {
        self.is_escaped || self.block.as_ref().is_some_and(|block| block.is_escaped)
    }

    /// What opens and closes nothing, at once.
    fn words(&mut self, words: &str) {
        self.line.push_str(words);
        match &mut self.block {
            Some(block) => block.words(words),
            None => self.previous = words.chars().next_back().unwrap_or(self.previous),
        }
    }

    fn step(&mut self, c: char, rest: &str) {
        self.character(c, rest);
        self.follow_line(c);
        self.previous = c;
    }

    fn character(&mut self, c: char, rest: &str) {
        if matches!(self.here, Here::Until(_)) {
            return;
        }
        let is_shell = self.language.name == "sh";
        match (self.open.last().copied(), c) {
            _ if self.is_escaped => self.is_escaped = false,
            (Some('\n'), '\n') => drop(self.open.pop()),
            (Some('\n'), _) => {}
            (Some(quote), c) if c == quote && quote != '(' => drop(self.open.pop()),
            (Some('\''), _) if is_shell => {}
            (_, '\\') => self.is_escaped = !self.language.quotes.is_empty(),
            (Some('('), ')') => drop(self.open.pop()),
            (_, '(') if is_shell && self.previous == '$' => self.open.push('('),
            (None | Some('('), c) if self.language.quotes.contains(&c) => self.open.push(c),
            (None | Some('('), '<') if is_shell && self.previous == '<' => self.here = Here::Announced(self.line.len() + 1),
            (None | Some('('), _) if self.starts_comment(rest) => self.open.push('\n'),
            _ => {}
        }
    }

    fn starts_comment(&self, rest: &str) -> bool {
        let is_word_start = self.previous.is_whitespace() || self.previous == ';';
        is_word_start && self.language.comments.iter().any(|comment| rest.starts_with(comment))
    }

    /// Keeps the line; at its end, here-documents and blocks begin and end.
    fn follow_line(&mut self, c: char) {
        if c != '\n' {
            self.line.push(c);
            return;
        }
        let line = std::mem::take(&mut self.line);
        self.end_line(&line);
    }

    fn end_line(&mut self, line: &str) {
        match &self.here {
            Here::Announced(at) => {
                let word = line[*at..].trim_start_matches('-').trim_start().trim_start_matches(['\'', '"']);
                let word: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                self.here = if word.is_empty() { Here::No } else { Here::Until(word) };
            }
            Here::Until(word) if line.trim_start_matches('\t') == word => self.here = Here::No,
            _ => {}
        }
        if let Some(name) = line.trim_start().strip_prefix("```").filter(|_| self.language.name == "md") {
            self.block = match self.block {
                Some(_) => None,
                None => Some(Box::new(Scanner::new(language::language(name.trim()).unwrap_or(&RAW)))),
            };
        }
    }
}

/// Whether a character means nothing in any language: most of a text is such.
fn means_nothing(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_' | b'.' | b',' | b'/' | b'=' | b':')
}
