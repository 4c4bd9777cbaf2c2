//! Tokens in, an expression out. Types are checked afterwards; here it is only refused what cannot be read.

use super::lexer::{self, Place, Token, What};
use super::{Error, Expr, Kind, Matcher, Matching, Operator, OperatorKind, Selector, Shift, duration, function, functions};

/// Brackets within brackets, and signs before signs.
pub(super) const MAX_DEPTH: usize = 100;

/// The weakest first; `^` alone binds to the right.
const OPERATORS: &[Operator] = &[
    operator("or", 1, OperatorKind::Set),
    operator("and", 2, OperatorKind::Set),
    operator("unless", 2, OperatorKind::Set),
    operator("==", 3, OperatorKind::Comparison),
    operator("!=", 3, OperatorKind::Comparison),
    operator(">=", 3, OperatorKind::Comparison),
    operator("<=", 3, OperatorKind::Comparison),
    operator(">", 3, OperatorKind::Comparison),
    operator("<", 3, OperatorKind::Comparison),
    operator(">/", 3, OperatorKind::Arithmetic),
    operator("</", 3, OperatorKind::Arithmetic),
    operator("+", 4, OperatorKind::Arithmetic),
    operator("-", 4, OperatorKind::Arithmetic),
    operator("*", 5, OperatorKind::Arithmetic),
    operator("/", 5, OperatorKind::Arithmetic),
    operator("%", 5, OperatorKind::Arithmetic),
    operator("atan2", 5, OperatorKind::Arithmetic),
    operator("^", POWER, OperatorKind::Arithmetic),
];
/// The last second that Prometheus can count in milliseconds of 63 bits.
const LATEST: f64 = 9.223_372_036_854_775e15;
pub(super) const PRODUCT: u8 = 5;
pub(super) const POWER: u8 = 6;

/// Words that cannot be the name of a metric.
const RESERVED: &[&str] = &["atan2", "bool", "group_left", "group_right", "ignoring", "on"];

const fn operator(sign: &'static str, level: u8, kind: OperatorKind) -> Operator {
    Operator { sign, level, kind }
}

pub fn parse(input: &str) -> Result<Expr, Error> {
    let mut parser = Parser {
        input,
        next: lexer::token(input, 0, Place::Outside)?,
        place: Place::Outside,
        end: 0,
        depth: 0,
        has_number: false,
    };
    if parser.next.what == What::End {
        return Err(Error::new("there is no expression", 0..0));
    }
    let expr = parser.expr(0)?;
    match parser.next.what {
        What::End => Ok(expr),
        _ => Err(parser.unexpected("the end")),
    }
}

pub(super) struct Parser<'a> {
    input: &'a str,
    pub(super) next: Token,
    place: Place,
    /// Where the last token ended.
    pub(super) end: usize,
    pub(super) depth: usize,
    /// Whether the duration that is read has a number in it: Prometheus wants one before the `:` of a subquery.
    pub(super) has_number: bool,
}

impl<'a> Parser<'a> {
    fn expr(&mut self, weakest: u8) -> Result<Expr, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new("this expression is too deep", self.next.start..self.next.end));
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.operator().filter(|operator| operator.level > weakest) {
            left = self.binary(left, operator)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn binary(&mut self, left: Expr, operator: &'static Operator) -> Result<Expr, Error> {
        let start = self.next.start;
        self.advance()?;
        let mut matching = self.matching(operator)?;
        matching.at = start..self.end;
        let right = self.expr(if operator.level == POWER { POWER - 1 } else { operator.level })?;
        let at = left.at.start..right.at.end;
        Ok(Expr { kind: Kind::Binary { operator, matching, left: Box::new(left), right: Box::new(right) }, at })
    }

    pub(super) fn operator(&self) -> Option<&'static Operator> {
        let sign = match &self.next.what {
            What::Sign(sign) => sign,
            What::Word => self.word(),
            _ => return None,
        };
        OPERATORS.iter().find(|operator| operator.sign.eq_ignore_ascii_case(sign))
    }

    /// What may stand between an operator and its right side.
    fn matching(&mut self, operator: &Operator) -> Result<Matching, Error> {
        let mut matching = Matching::default();
        let bool_at = self.next.start;
        if self.take_word("bool")? {
            matching.is_bool = true;
            if operator.kind != OperatorKind::Comparison {
                return Err(Error::new("only comparisons take bool", bool_at..self.end));
            }
        }
        if self.take_word("on")? {
            matching.is_on = true;
            matching.labels = Some(self.labels()?);
        } else if self.take_word("ignoring")? {
            matching.labels = Some(self.labels()?);
        }
        if matching.labels.is_some() && (self.take_word("group_left")? || self.take_word("group_right")?) {
            let has_labels = self.next.what == What::Sign("(");
            matching.group = Some(if has_labels { self.labels()? } else { Vec::new() });
        }
        matching.is_filled = self.fills()?;
        Ok(matching)
    }

    /// `fill(0)`, or `fill_left(0)` and `fill_right(0)` in any order.
    fn fills(&mut self) -> Result<bool, Error> {
        let mut filled: Vec<String> = Vec::new();
        while self.is_fill() {
            let word = self.word().to_ascii_lowercase();
            if !filled.is_empty() && (word == "fill" || filled.iter().any(|before| *before == word || before == "fill")) {
                return Err(self.unexpected("an expression"));
            }
            filled.push(word);
            self.advance()?;
            self.expect("(")?;
            self.signed_number()?;
            self.expect(")")?;
        }
        Ok(!filled.is_empty())
    }

    /// `fill` and its kind are words of their own only before a bracket with a number.
    fn is_fill(&self) -> bool {
        let is_word = ["fill", "fill_left", "fill_right"].iter().any(|name| self.is_word(name));
        is_word && self.input[self.next.end..].trim_start().starts_with('(')
    }

    fn operand(&mut self) -> Result<Expr, Error> {
        let start = self.next.start;
        if let What::Sign(sign @ ("+" | "-")) = self.next.what {
            self.advance()?;
            let inner = self.expr(PRODUCT)?;
            let at = start..inner.at.end;
            return Ok(match inner.kind {
                Kind::Number(number) => Expr { kind: Kind::Number(if sign == "-" { -number } else { number }), at },
                _ => Expr { kind: Kind::Unary(Box::new(inner)), at },
            });
        }
        let mut expr = self.primary()?;
        loop {
            expr = match self.next.what {
                What::Sign("[") => self.range(expr)?,
                What::Sign("@") => self.fixed(expr)?,
                What::Word if self.is_word("offset") => self.offset(expr)?,
                What::Word if self.is_word("anchored") || self.is_word("smoothed") => self.extended(expr)?,
                _ => return Ok(expr),
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let start = self.next.start;
        let kind = match self.next.what.clone() {
            What::Number(number) => {
                self.advance()?;
                Kind::Number(number)
            }
            What::Text(text) => {
                self.advance()?;
                Kind::String(text)
            }
            What::Sign("(") => {
                self.advance()?;
                let inner = self.expr(0)?;
                self.expect(")")?;
                Kind::Paren(Box::new(inner))
            }
            What::Sign("{") => self.selector(None)?,
            What::Word => self.named()?,
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr { kind, at: start..self.end })
    }

    /// What begins with a word: an aggregation, a call or a selector.
    fn named(&mut self) -> Result<Kind, Error> {
        let word = self.word().to_owned();
        let lower = word.to_ascii_lowercase();
        let at = self.next.start..self.next.end;
        if RESERVED.contains(&&*lower) {
            return Err(self.unexpected("an expression"));
        }
        self.advance()?;
        let is_called = self.next.what == What::Sign("(");
        match function(&lower).filter(|found| found.is_aggregation || lower == word || is_word_of_time(&lower)) {
            Some(found) if found.is_aggregation && (is_called || self.is_word("by") || self.is_word("without")) => {
                let grouping = self.grouping()?;
                let args = self.arguments()?;
                let after = if grouping.is_none() { self.grouping()? } else { None };
                let (is_without, by) =
                    grouping.or(after).map_or((false, None), |(is_without, labels)| (is_without, Some(labels)));
                Ok(Kind::Aggregate { function: found, is_without, by, args })
            }
            Some(found) if is_called => Ok(Kind::Call { function: found, args: self.arguments()? }),
            None if is_called => Err(Error::new(unknown(&word), at)),
            _ => self.selector(Some(word)),
        }
    }

    /// `by (…)` or `without (…)`: whether it is the second, and the labels.
    fn grouping(&mut self) -> Result<Option<(bool, Vec<String>)>, Error> {
        let is_without = self.is_word("without");
        if !is_without && !self.is_word("by") {
            return Ok(None);
        }
        self.advance()?;
        Ok(Some((is_without, self.labels()?)))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Error> {
        self.expect("(")?;
        let mut args = Vec::new();
        while self.next.what != What::Sign(")") {
            args.push(self.expr(0)?);
            if !self.take(",")? {
                break;
            }
            if self.next.what == What::Sign(")") {
                return Err(Error::new("no comma may stand before the closing bracket", self.end - 1..self.end));
            }
        }
        self.expect(")")?;
        Ok(args)
    }

    /// `(a, b, "c d")`.
    fn labels(&mut self) -> Result<Vec<String>, Error> {
        self.expect("(")?;
        let mut labels = Vec::new();
        while self.next.what != What::Sign(")") {
            match &self.next.what {
                What::Word if !self.is_word("without") => labels.push(self.word().to_owned()),
                What::Text(text) if !text.is_empty() => labels.push(text.clone()),
                _ => return Err(self.unexpected("a label")),
            }
            self.advance()?;
            if !self.take(",")? {
                break;
            }
        }
        self.expect(")")?;
        Ok(labels)
    }

    fn selector(&mut self, name: Option<String>) -> Result<Kind, Error> {
        let mut selector = Selector { name, ..Selector::default() };
        if self.next.what == What::Sign("{") {
            self.enter(Place::Braces)?;
            while self.next.what != What::Sign("}") {
                selector.matchers.push(self.matcher()?);
                if !self.take(",")? && self.next.what != What::Sign("}") {
                    return Err(self.unexpected("`,` or `}`"));
                }
            }
            self.enter(Place::Outside)?;
        }
        Ok(Kind::Selector(selector))
    }

    /// `label="value"`, or a name of a metric in quotes.
    fn matcher(&mut self) -> Result<Matcher, Error> {
        let start = self.next.start;
        let (label, is_quoted) = match &self.next.what {
            What::Word => (self.word().to_owned(), false),
            What::Text(text) => (text.clone(), true),
            _ => return Err(self.unexpected("a label or `}`")),
        };
        self.advance()?;
        let What::Sign(operator @ ("=" | "!=" | "=~" | "!~")) = self.next.what else {
            return match is_quoted {
                true => Ok(Matcher { label: "__name__".to_owned(), operator: "=", value: label, at: start..self.end }),
                false => Err(self.unexpected("one of = != =~ !~")),
            };
        };
        self.advance()?;
        let What::Text(value) = self.next.what.clone() else { return Err(self.unexpected("a string")) };
        self.advance()?;
        Ok(Matcher { label, operator, value, at: start..self.end })
    }

    /// `[5m]`, or `[1h:5m]`.
    fn range(&mut self, expr: Expr) -> Result<Expr, Error> {
        let open = self.next.start;
        self.enter(Place::Brackets)?;
        self.has_number = false;
        let range = self.positive()?;
        if self.next.what == What::Sign(":") && !self.has_number {
            return Err(Error::new("a number must stand before the `:`", self.next.start..self.next.end));
        }
        let is_subquery = self.take(":")?;
        let step = if is_subquery && self.next.what != What::Sign("]") { Some(self.positive()?) } else { None };
        if self.next.what != What::Sign("]") {
            return Err(self.unexpected("`:` or `]`"));
        }
        self.enter(Place::Outside)?;
        let at = expr.at.start..self.end;
        if is_subquery {
            return Ok(Expr { kind: Kind::Subquery { expr: Box::new(expr), range, step, shift: Shift::default() }, at });
        }
        let wrong = |message| Err(Error::new(message, open..at.end));
        match &expr.kind {
            Kind::Selector(selector) if selector.shift.offset.is_some() => wrong("a range stands before the offset"),
            Kind::Selector(selector) if selector.shift.is_fixed => wrong("a range stands before the @"),
            Kind::Selector(_) => Ok(Expr { kind: Kind::Range { selector: Box::new(expr), range }, at }),
            _ => wrong("only a selector has a range; `[5m:]` makes a subquery of anything else"),
        }
    }

    fn offset(&mut self, mut expr: Expr) -> Result<Expr, Error> {
        self.advance()?;
        let sign = self.sign()?;
        // Only brackets are calculated with.
        let is_calculated = self.next.what == What::Sign("(");
        let span = duration::scale(if is_calculated { self.duration(0)? } else { self.duration_operand()? }, sign);
        let before = expr.at.clone();
        expr.at.end = self.end;
        match shift(&mut expr) {
            None => Err(Error::new("only a selector or a subquery has an offset", before)),
            Some(shift) if shift.offset.is_some() => Err(Error::new("there is an offset already", before)),
            Some(shift) => {
                shift.offset = Some(span);
                Ok(expr)
            }
        }
    }

    /// `@ 123`, `@ start()`.
    fn fixed(&mut self, mut expr: Expr) -> Result<Expr, Error> {
        self.advance()?;
        if self.is_word("start") || self.is_word("end") {
            self.advance()?;
            self.expect("(")?;
            self.expect(")")?;
        } else {
            let start = self.next.start;
            let seconds = self.signed_number()?;
            if seconds.is_nan() || seconds.abs() >= LATEST {
                return Err(Error::new("this is no point in time", start..self.end));
            }
        }
        let before = expr.at.clone();
        expr.at.end = self.end;
        match shift(&mut expr) {
            None => Err(Error::new("only a selector or a subquery has an @", before)),
            Some(shift) if shift.is_fixed => Err(Error::new("there is an @ already", before)),
            Some(shift) => {
                shift.is_fixed = true;
                Ok(expr)
            }
        }
    }

    fn extended(&mut self, expr: Expr) -> Result<Expr, Error> {
        self.advance()?;
        match expr.kind {
            Kind::Selector(_) | Kind::Range { .. } => Ok(Expr { at: expr.at.start..self.end, ..expr }),
            _ => Err(Error::new("only a selector can be anchored or smoothed", expr.at)),
        }
    }

    fn signed_number(&mut self) -> Result<f64, Error> {
        if let What::Sign("+" | "-") = self.next.what {
            self.advance()?;
        }
        let What::Number(number) = self.next.what else { return Err(self.unexpected("a number")) };
        self.advance()?;
        Ok(number)
    }

    fn word(&self) -> &'a str {
        &self.input[self.next.start..self.next.end]
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.next.what == What::Word && self.word().eq_ignore_ascii_case(word)
    }

    pub(super) fn take_word(&mut self, word: &str) -> Result<bool, Error> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn take(&mut self, sign: &str) -> Result<bool, Error> {
        let found = matches!(self.next.what, What::Sign(next) if next == sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), Error> {
        match self.take(sign)? {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{sign}`"))),
        }
    }

    pub(super) fn advance(&mut self) -> Result<(), Error> {
        self.end = self.next.end;
        self.next = lexer::token(self.input, self.end, self.place)?;
        Ok(())
    }

    /// Takes the bracket that opens or closes a place where other tokens stand.
    fn enter(&mut self, place: Place) -> Result<(), Error> {
        self.place = place;
        self.advance()
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.next.what {
            What::End => "the end".to_owned(),
            _ => format!("`{}`", self.word()),
        };
        Error::new(format!("expected {wanted}, found {found}"), self.next.start..self.next.end)
    }
}

/// Functions that are also words of durations are found in any case.
fn is_word_of_time(word: &str) -> bool {
    ["start", "end", "step", "range", "max_of", "min_of"].contains(&word)
}

fn unknown(word: &str) -> String {
    let near = crate::diagnostic::nearest(word, &functions::names().collect::<Vec<_>>());
    format!("there is no function {word}{}", near.map_or(String::new(), |name| format!("; did you mean {name}?")))
}

fn shift(expr: &mut Expr) -> Option<&mut Shift> {
    match &mut expr.kind {
        Kind::Selector(selector) => Some(&mut selector.shift),
        Kind::Range { selector, .. } => shift(selector),
        Kind::Subquery { shift, .. } => Some(shift),
        _ => None,
    }
}
