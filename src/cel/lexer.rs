//! Text in, tokens with their places out; literals have their value already.

use super::Issue;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// Without its sign.
    Int(u64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    Ident(String),
    Symbol(&'static str),
    End,
}

pub struct Spanned {
    pub token: Token,
    /// Counted in characters, from zero.
    pub at: usize,
}

/// The longest first, so that the first that fits is the right one.
const SYMBOLS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}",
];

pub fn tokens(text: &str) -> Result<Vec<Spanned>, Issue> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let at = lexer.at;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push(Spanned { token, at });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn is_end(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    fn skip_space(&mut self) {
        loop {
            if matches!(self.peek(0), '\t' | ' ' | '\r' | '\n' | '\u{c}') {
                self.at += 1;
            } else if self.starts_with("//") {
                while !self.is_end() && self.peek(0) != '\n' {
                    self.at += 1;
                }
            } else {
                return;
            }
        }
    }

    fn token(&mut self) -> Result<Token, Issue> {
        if self.is_end() {
            return Ok(Token::End);
        }
        let c = self.peek(0);
        if let Some(prefix) = self.quoted() {
            return self.string(prefix);
        }
        if c.is_ascii_digit() || c == '.' && self.peek(1).is_ascii_digit() {
            return self.number();
        }
        if c.is_ascii_alphabetic() || c == '_' {
            return Ok(Token::Ident(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')));
        }
        match SYMBOLS.iter().find(|symbol| self.starts_with(symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(Token::Symbol(symbol))
            }
            None if c == '`' => Err(self.wrong(self.at, "unsupported syntax: '`'")),
            None => Err(self.wrong(self.at, format!("Syntax error: token recognition error at: '{c}'"))),
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while !self.is_end() && keep(self.peek(0)) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn wrong(&self, at: usize, message: impl Into<String>) -> Issue {
        Issue { at, message: message.into() }
    }

    fn number(&mut self) -> Result<Token, Issue> {
        let start = self.at;
        if self.starts_with("0x") && self.peek(2).is_ascii_hexdigit() {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            return self.integer(start, &digits, 16);
        }
        let mut text = self.take_while(|c| c.is_ascii_digit());
        let mut is_double = false;
        if self.peek(0) == '.' && self.peek(1).is_ascii_digit() {
            self.at += 1;
            text = format!("{text}.{}", self.take_while(|c| c.is_ascii_digit()));
            is_double = true;
        }
        let sign = usize::from(matches!(self.peek(1), '+' | '-'));
        if matches!(self.peek(0), 'e' | 'E') && self.peek(1 + sign).is_ascii_digit() {
            self.at += 1;
            text.push('e');
            text.push_str(&self.take_while(|c| matches!(c, '+' | '-')));
            text.push_str(&self.take_while(|c| c.is_ascii_digit()));
            is_double = true;
        }
        if is_double {
            return text.parse().map(Token::Double).map_err(|_| self.wrong(start, "invalid double literal"));
        }
        self.integer(start, &text, 10)
    }

    fn integer(&mut self, start: usize, digits: &str, base: u32) -> Result<Token, Issue> {
        let value = u64::from_str_radix(digits, base);
        if matches!(self.peek(0), 'u' | 'U') {
            self.at += 1;
            return value.map(Token::Uint).map_err(|_| self.wrong(start, "invalid uint literal"));
        }
        value.map(Token::Int).map_err(|_| self.wrong(start, "invalid int literal"))
    }

    /// How many letters stand before the quote, where a string or bytes begin here.
    fn quoted(&self) -> Option<usize> {
        let is_quote = |ahead: usize| matches!(self.peek(ahead), '"' | '\'');
        let is_bytes = matches!(self.peek(0), 'b' | 'B');
        let is_raw = |ahead: usize| matches!(self.peek(ahead), 'r' | 'R');
        match () {
            () if is_quote(0) => Some(0),
            () if (is_bytes || is_raw(0)) && is_quote(1) => Some(1),
            () if is_bytes && is_raw(1) && is_quote(2) => Some(2),
            () => None,
        }
    }

    fn string(&mut self, prefix: usize) -> Result<Token, Issue> {
        let start = self.at;
        let letters = &self.chars[start..start + prefix];
        let is_bytes = letters.iter().any(|c| matches!(c, 'b' | 'B'));
        let is_raw = letters.iter().any(|c| matches!(c, 'r' | 'R'));
        self.at += prefix;
        let quote = self.peek(0);
        let is_triple = self.peek(1) == quote && self.peek(2) == quote;
        let quotes = if is_triple { 3 } else { 1 };
        self.at += quotes;
        let mut literal = Literal { is_bytes, bytes: Vec::new() };
        while !(0..quotes).all(|i| self.chars.get(self.at + i) == Some(&quote)) {
            let c = self.peek(0);
            if self.is_end() || !is_triple && matches!(c, '\n' | '\r') {
                return Err(
                    self.wrong(start, format!("Syntax error: token recognition error at: '{quote}': the string has no end"))
                );
            }
            self.at += 1;
            match c {
                '\\' if !is_raw => self.escape(&mut literal)?,
                '\r' => {
                    self.at += usize::from(self.peek(0) == '\n');
                    literal.bytes.push(b'\n');
                }
                c => literal.push(c),
            }
        }
        self.at += quotes;
        if is_bytes {
            return Ok(Token::Bytes(literal.bytes));
        }
        String::from_utf8(literal.bytes).map(Token::String).map_err(|_| self.wrong(start, "invalid UTF-8 in a string literal"))
    }

    /// What stands after a backslash.
    fn escape(&mut self, literal: &mut Literal) -> Result<(), Issue> {
        let start = self.at - 1;
        let unknown = |lexer: &Self| lexer.wrong(start, "unable to unescape string");
        let c = self.peek(0);
        self.at += 1;
        let (digits, base) = match c {
            'x' | 'X' => (2, 16),
            'u' if !literal.is_bytes => (4, 16),
            'U' if !literal.is_bytes => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => {
                let plain = ESCAPES.iter().find(|(letter, _)| *letter == c).ok_or_else(|| unknown(self))?;
                literal.bytes.push(plain.1);
                return Ok(());
            }
        };
        let text: String = (0..digits).map(|i| self.peek(i)).collect();
        let code = u32::from_str_radix(&text, base).ok().filter(|_| text.chars().all(|c| c.is_ascii_hexdigit()));
        let code = code.ok_or_else(|| unknown(self))?;
        self.at += digits;
        match u8::try_from(code) {
            Ok(byte) if literal.is_bytes => literal.bytes.push(byte),
            _ => literal.push(char::from_u32(code).ok_or_else(|| self.wrong(start, "invalid unicode code point"))?),
        }
        Ok(())
    }
}

const ESCAPES: &[(char, u8)] = &[
    ('a', 7),
    ('b', 8),
    ('f', 12),
    ('n', b'\n'),
    ('r', b'\r'),
    ('t', b'\t'),
    ('v', 11),
    ('\\', b'\\'),
    ('\'', b'\''),
    ('"', b'"'),
    ('`', b'`'),
    ('?', b'?'),
];

struct Literal {
    is_bytes: bool,
    bytes: Vec<u8>,
}

impl Literal {
    fn push(&mut self, c: char) {
        self.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
