//! Tokens in, an expression out: precedence climbing, bounded in depth, so that no text can exhaust the stack.

use std::sync::Arc;

use super::ast::{Entry, Expr, Item, Kind};
use super::lexer::{self, Spanned, Token};
use super::value::Value;
use super::{Issue, Version, macros};

/// As deep as the API server reads.
const MAX_DEPTH: usize = 250;
const MAX_CHARACTERS: usize = 100_000;

/// What joins two expressions, how strongly, and the function it stands for.
const BINARY: &[(&str, u8, &str)] = &[
    ("||", 1, "_||_"),
    ("&&", 2, "_&&_"),
    ("==", 3, "_==_"),
    ("!=", 3, "_!=_"),
    ("<", 3, "_<_"),
    ("<=", 3, "_<=_"),
    (">", 3, "_>_"),
    (">=", 3, "_>=_"),
    ("in", 3, "@in"),
    ("+", 4, "_+_"),
    ("-", 4, "_-_"),
    ("*", 5, "_*_"),
    ("/", 5, "_/_"),
    ("%", 5, "_%_"),
];

const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

pub struct Parsed {
    pub root: Expr,
    /// How many ids were given.
    pub count: usize,
}

pub fn parse(text: &str, version: Version) -> Result<Parsed, Vec<Issue>> {
    let length = text.chars().count();
    if length > MAX_CHARACTERS {
        let message = format!("expression code point size exceeds limit: size: {length}, limit {MAX_CHARACTERS}");
        return Err(vec![Issue { at: 0, message }]);
    }
    let tokens = lexer::tokens(text).map_err(|issue| vec![issue])?;
    let mut parser = Parser { tokens, next: 0, count: 0, depth: 0, version, issues: Vec::new() };
    let parsed = match parser.expr() {
        Ok(root) if *parser.peek() == Token::End => Ok(root),
        Ok(_) => Err(*parser.unexpected("the end")),
        Err(issue) => Err(*issue),
    };
    let mut issues = std::mem::take(&mut parser.issues);
    match parsed {
        Ok(root) if issues.is_empty() => return Ok(Parsed { root: *root, count: parser.count }),
        Ok(_) => {}
        Err(issue) => issues.push(issue),
    }
    issues.sort_by_key(|issue| issue.at);
    Err(issues)
}

pub struct Parser {
    tokens: Vec<Spanned>,
    next: usize,
    count: usize,
    depth: usize,
    pub version: Version,
    /// What is wrong, and did not end the reading.
    pub issues: Vec<Issue>,
}

/// Boxed on both sides, so that deep texts need little of the stack.
type Parse = Result<Box<Expr>, Box<Issue>>;

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(found) if *found == symbol)
    }

    /// The place of a symbol that stands here, which is then behind.
    fn eat(&mut self, symbol: &str) -> Option<usize> {
        let at = self.at();
        self.is(symbol).then(|| self.next += 1).map(|()| at)
    }

    fn expect(&mut self, symbol: &str) -> Result<usize, Box<Issue>> {
        self.eat(symbol).ok_or_else(|| self.unexpected(&format!("'{symbol}'")))
    }

    fn unexpected(&self, wanted: &str) -> Box<Issue> {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Symbol(symbol) => format!("'{symbol}'"),
            Token::Ident(name) => format!("'{name}'"),
            _ => "a literal".to_owned(),
        };
        wrong(self.at(), format!("Syntax error: expected {wanted}, found {found}"))
    }

    /// An expression made of others, unless that is too deep.
    fn make(&mut self, at: usize, kind: Kind) -> Parse {
        let depth = kind.depth() + 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.count += 1;
        Ok(Box::new(Expr { id: self.count - 1, at, depth, kind }))
    }

    pub fn leaf(&mut self, at: usize, kind: Kind) -> Expr {
        self.count += 1;
        Expr { id: self.count - 1, at, depth: 1, kind }
    }

    fn operation(&mut self, at: usize, function: &str, args: Vec<Expr>) -> Parse {
        self.make(at, Kind::Call { function: function.into(), target: None, args })
    }

    fn expr(&mut self) -> Parse {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.at()));
        }
        let mut parsed = self.binary(1)?;
        if let Some(at) = self.eat("?") {
            parsed = self.conditional(*parsed, at)?;
        }
        self.depth -= 1;
        Ok(parsed)
    }

    fn conditional(&mut self, condition: Expr, at: usize) -> Parse {
        let yes = self.binary(1)?;
        self.expect(":")?;
        let no = self.expr()?;
        self.operation(at, "_?_:_", vec![condition, *yes, *no])
    }

    fn operator(&self) -> Option<(u8, &'static str)> {
        let text = match self.peek() {
            Token::Symbol(symbol) => symbol,
            Token::Ident(name) if name == "in" => "in",
            _ => return None,
        };
        BINARY.iter().find(|(symbol, ..)| *symbol == text).map(|(_, strength, function)| (*strength, *function))
    }

    fn binary(&mut self, least: u8) -> Parse {
        let mut left = self.unary()?;
        while let Some((strength, function)) = self.operator().filter(|(strength, _)| *strength >= least) {
            left = if strength < 3 { self.logic(left, strength, function)? } else { self.right_of(*left, strength, function)? };
        }
        Ok(left)
    }

    fn right_of(&mut self, left: Expr, strength: u8, function: &str) -> Parse {
        let at = self.at();
        self.next += 1;
        let right = self.binary(strength + 1)?;
        self.operation(at, function, vec![left, *right])
    }

    /// A chain of `&&` or of `||`: a balanced tree, as deep as the logarithm of its length.
    fn logic(&mut self, first: Box<Expr>, strength: u8, function: &'static str) -> Parse {
        let mut terms = vec![Some(first)];
        let mut places = Vec::new();
        while self.operator() == Some((strength, function)) {
            places.push(self.at());
            self.next += 1;
            terms.push(Some(self.binary(strength + 1)?));
        }
        self.balance(&mut terms, &places, function)
    }

    fn balance(&mut self, terms: &mut [Option<Box<Expr>>], places: &[usize], function: &'static str) -> Parse {
        if let [only] = terms {
            return Ok(only.take().expect("each term is taken once"));
        }
        let middle = terms.len() / 2 + terms.len() % 2;
        let (left, right) = terms.split_at_mut(middle);
        let left = self.balance(left, &places[..middle - 1], function)?;
        let right = self.balance(right, &places[middle..], function)?;
        self.operation(places[middle - 1], function, vec![*left, *right])
    }

    fn unary(&mut self) -> Parse {
        let is_number = matches!(self.tokens.get(self.next + 1).map(|next| &next.token), Some(Token::Int(_) | Token::Double(_)));
        match self.peek() {
            Token::Symbol("!") => self.prefixed("!", "!_"),
            Token::Symbol("-") if !is_number => self.prefixed("-", "-_"),
            _ => self.member(),
        }
    }

    /// Two of the same before an operand are none.
    fn prefixed(&mut self, symbol: &str, function: &str) -> Parse {
        let at = self.at();
        let mut count = 0;
        while self.eat(symbol).is_some() {
            count += 1;
        }
        let operand = self.member()?;
        if count % 2 == 0 { Ok(operand) } else { self.operation(at, function, vec![*operand]) }
    }

    fn member(&mut self) -> Parse {
        let mut found = self.primary()?;
        loop {
            found = match self.peek() {
                Token::Symbol(".") => self.select(found)?,
                Token::Symbol("[") => self.index(*found)?,
                Token::Symbol("{") if found.qualified_name().is_some() => self.message(&found)?,
                _ => return Ok(found),
            };
        }
    }

    fn is_optional(&mut self) -> bool {
        self.version >= macros::OPTIONALS && self.eat("?").is_some()
    }

    fn select(&mut self, operand: Box<Expr>) -> Parse {
        let at = self.expect(".")?;
        let is_optional = self.is_optional();
        let name_at = self.at();
        let name = self.ident()?;
        if is_optional {
            let field = Box::new(self.leaf(name_at, Kind::Literal(Value::string(&name))));
            return self.make(at, Kind::OptionalSelect { operand, field });
        }
        match self.eat("(") {
            Some(at) => self.call(name, Some(operand), at),
            None => self.make(at, Kind::Select { operand, field: name, is_test: false }),
        }
    }

    fn index(&mut self, operand: Expr) -> Parse {
        let at = self.expect("[")?;
        let function = if self.is_optional() { "_[?_]" } else { "_[_]" };
        let index = self.expr()?;
        self.expect("]")?;
        self.operation(at, function, vec![operand, *index])
    }

    fn message(&mut self, name: &Expr) -> Parse {
        let at = self.expect("{")?;
        while !self.is("}") {
            self.eat("?");
            self.ident()?;
            self.expect(":")?;
            self.expr()?;
            if self.eat(",").is_none() {
                break;
            }
        }
        self.expect("}")?;
        let name = name.qualified_name().unwrap_or_default();
        self.make(at, Kind::Message(name.into()))
    }

    fn ident(&mut self) -> Result<Arc<str>, Box<Issue>> {
        match self.peek() {
            Token::Ident(name) if !matches!(&**name, "true" | "false" | "null" | "in") => {
                let name = name.as_str().into();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn primary(&mut self) -> Parse {
        match self.peek() {
            Token::Symbol("(") => {
                self.next += 1;
                let inner = self.expr()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => self.list(),
            Token::Symbol("{") => self.map(),
            Token::Symbol(".") => {
                self.next += 1;
                self.name()
            }
            Token::Ident(name) if !matches!(&**name, "true" | "false" | "null") => self.name(),
            _ => self.literal(),
        }
    }

    fn literal(&mut self) -> Parse {
        let at = self.at();
        let is_negative = self.eat("-").is_some();
        let value = match self.peek() {
            Token::Int(value) if is_negative => 0i64.checked_sub_unsigned(*value).map(Value::Int),
            Token::Int(value) => i64::try_from(*value).ok().map(Value::Int),
            Token::Double(value) => Some(Value::Double(if is_negative { -value } else { *value })),
            Token::Uint(value) => Some(Value::Uint(*value)),
            Token::String(text) => Some(Value::string(text)),
            Token::Bytes(bytes) => Some(Value::Bytes(bytes.as_slice().into())),
            Token::Ident(name) if name == "true" => Some(Value::Bool(true)),
            Token::Ident(name) if name == "false" => Some(Value::Bool(false)),
            Token::Ident(name) if name == "null" => Some(Value::Null),
            _ => return Err(self.unexpected("an expression")),
        };
        self.next += 1;
        let value = value.ok_or_else(|| wrong(at, "invalid int literal".to_owned()))?;
        self.make(at, Kind::Literal(value))
    }

    fn name(&mut self) -> Parse {
        let at = self.at();
        let name = self.ident()?;
        if RESERVED.contains(&&*name) {
            return Err(wrong(at, format!("reserved identifier: {name}")));
        }
        match self.eat("(") {
            Some(at) => self.call(name, None, at),
            None => self.make(at, Kind::Ident(name)),
        }
    }

    fn call(&mut self, function: Arc<str>, target: Option<Box<Expr>>, at: usize) -> Parse {
        let mut args = Vec::new();
        while !self.is(")") || !args.is_empty() {
            args.push(*self.expr()?);
            if self.eat(",").is_none() {
                break;
            }
        }
        self.expect(")")?;
        let kind = macros::expand(self, at, function, target, args);
        self.make(at, kind)
    }

    fn list(&mut self) -> Parse {
        let at = self.expect("[")?;
        let mut items = Vec::new();
        while !self.is("]") {
            let is_optional = self.is_optional();
            items.push(Item { value: *self.expr()?, is_optional });
            if self.eat(",").is_none() {
                break;
            }
        }
        self.expect("]")?;
        self.make(at, Kind::List(items))
    }

    fn map(&mut self) -> Parse {
        let at = self.expect("{")?;
        let mut entries = Vec::new();
        while !self.is("}") {
            let is_optional = self.is_optional();
            let key = self.expr()?;
            self.expect(":")?;
            entries.push(Entry { key: *key, value: *self.expr()?, is_optional });
            if self.eat(",").is_none() {
                break;
            }
        }
        self.expect("}")?;
        self.make(at, Kind::Map(entries))
    }
}

fn wrong(at: usize, message: String) -> Box<Issue> {
    Box::new(Issue { at, message })
}

fn too_deep(at: usize) -> Box<Issue> {
    wrong(at, format!("expression recursion limit exceeded: {MAX_DEPTH}"))
}
