//! What the API server refuses in an expression that is well typed: literals that cannot be read, lists of unlike items.

use super::Issue;
use super::ast::{Expr, Item, Kind};
use super::checker::{Facts, Reference};
use super::library::{format, pattern, time};
use super::types::Type;
use super::value::Value;

pub fn validate(root: &Expr, facts: &Facts, issues: &mut Vec<Issue>) {
    Validator { facts, issues, in_format: false }.visit(root);
}

struct Validator<'a> {
    facts: &'a Facts,
    issues: &'a mut Vec<Issue>,
    /// Within a call of `format`, lists may hold what they want.
    in_format: bool,
}

impl Validator<'_> {
    fn wrong(&mut self, at: usize, message: impl Into<String>) {
        self.issues.push(Issue { at, message: message.into() });
    }

    fn visit(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Literal(_) | Kind::Ident(_) | Kind::Message(_) => {}
            Kind::Select { operand, .. } | Kind::OptionalSelect { operand, .. } => self.visit(operand),
            Kind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            Kind::List(items) => {
                self.alike(items.iter().map(|item| (&item.value, item.is_optional)), 1);
                items.iter().for_each(|item| self.visit(&item.value));
            }
            Kind::Map(entries) => {
                self.alike(entries.iter().map(|entry| (&entry.key, false)), usize::MAX);
                self.alike(entries.iter().map(|entry| (&entry.value, entry.is_optional)), usize::MAX);
                for entry in entries {
                    self.visit(&entry.key);
                    self.visit(&entry.value);
                }
            }
            Kind::Fold(fold) => {
                let parts = [Some(&fold.range), fold.filter.as_ref(), Some(&fold.body)];
                parts.into_iter().flatten().for_each(|part| self.visit(part));
            }
            Kind::OptionalMap(map) => {
                self.visit(&map.target);
                self.visit(&map.body);
            }
        }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) {
        let outside = self.in_format;
        self.in_format |= function == "format";
        target.into_iter().chain(args).for_each(|part| self.visit(part));
        self.in_format = outside;
        if let (None, [Expr { at, kind: Kind::Literal(value), .. }]) = (target, args) {
            let is_wrong = match (function, value) {
                ("duration", Value::String(text)) => time::parse_duration(text).is_none(),
                ("timestamp", Value::String(text)) => time::parse_timestamp(text).is_none(),
                ("timestamp", Value::Int(seconds)) => time::checked(*seconds, 0).is_none(),
                _ => false,
            };
            if is_wrong {
                self.wrong(*at, format!("invalid {function} argument"));
            }
        }
        let wanted = if function == "matches" { args.last() } else { None };
        if let Some(Expr { at, kind: Kind::Literal(Value::String(text)), .. }) = wanted
            && !pattern::is_valid(text)
        {
            self.wrong(*at, "invalid matches argument");
        }
        if let ("format", Some(Kind::Literal(Value::String(text))), [Expr { kind: Kind::List(items), .. }]) =
            (function, target.map(|target| &target.kind), args)
            && matches!(self.facts.references[expr.id], Some(Reference::Call { .. }))
        {
            self.format(expr.at, text, items);
        }
    }

    /// Items are of one type, which the first has; of those that are not, `most` are told.
    fn alike<'e>(&mut self, mut items: impl Iterator<Item = (&'e Expr, bool)>, most: usize) {
        if self.in_format {
            return;
        }
        let facts = self.facts;
        let of = |(expr, is_optional): (&Expr, bool)| match &facts.types[expr.id] {
            Type::Optional(inner) if is_optional => (expr.at, (**inner).clone()),
            other => (expr.at, other.clone()),
        };
        let Some((_, first)) = items.next().map(of) else { return };
        for (at, other) in items.map(of).filter(|(_, other)| *other != first).take(most) {
            self.wrong(at, format!("expected type '{}' but found '{}'", first.in_message(), other.in_message()));
        }
    }

    /// A format string that is known, with arguments that are counted.
    fn format(&mut self, at: usize, text: &str, items: &[Item]) {
        let (mut rest, mut next) = (text, 0);
        while !rest.is_empty() {
            if rest.starts_with('%') && !rest.starts_with("%%") && next >= items.len() {
                return self.wrong(at, format!("index {next} out of range"));
            }
            let letter = match format::piece(rest) {
                Ok((piece, after)) => {
                    rest = after;
                    let format::Piece::Clause { letter, .. } = piece else { continue };
                    letter
                }
                Err(message) => return self.wrong(at, message),
            };
            let item = &items[next].value;
            next += 1;
            if let Some((at, message)) = self.refused(letter, item) {
                return self.wrong(at, message);
            }
        }
        if next < items.len() {
            let message = format!("too many arguments supplied to string.format (expected {next}, got {})", items.len());
            self.wrong(at, message);
        }
    }

    /// Why a clause cannot print an item, and the part of it that is meant.
    fn refused(&self, letter: char, item: &Expr) -> Option<(usize, String)> {
        if let Some(message) = format::refusal(letter, &self.facts.types[item.id]) {
            return Some((item.at, message));
        }
        match &item.kind {
            Kind::List(items) if letter == 's' => items.iter().find_map(|item| self.refused(letter, &item.value)),
            Kind::Map(entries) if letter == 's' => {
                let parts = entries.iter().flat_map(|entry| [&entry.key, &entry.value]);
                parts.into_iter().find_map(|part| self.refused(letter, part))
            }
            _ => None,
        }
    }
}
