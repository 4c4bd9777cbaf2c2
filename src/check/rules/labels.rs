//! Which labels what a query gives can have.

use std::collections::BTreeSet;

use super::Words;
use crate::promql::{Expr, Kind, Matching, OperatorKind, Selector, Type};

/// Only some names, or all but some.
#[derive(Clone, Debug)]
pub(super) enum Labels<'e> {
    Only(BTreeSet<&'e str>),
    AllBut(BTreeSet<&'e str>),
}

impl<'e> Labels<'e> {
    pub fn may_have(&self, name: &str) -> bool {
        match self {
            Labels::Only(names) => names.contains(name),
            Labels::AllBut(names) => !names.contains(name),
        }
    }

    fn none() -> Labels<'e> {
        Labels::Only(BTreeSet::new())
    }

    pub fn with(self, name: &'e str) -> Labels<'e> {
        match self {
            Labels::Only(mut names) => {
                names.insert(name);
                Labels::Only(names)
            }
            Labels::AllBut(mut names) => {
                names.remove(name);
                Labels::AllBut(names)
            }
        }
    }

    fn without(self, gone: impl Iterator<Item = &'e str>) -> Labels<'e> {
        match self {
            Labels::Only(mut names) => {
                gone.for_each(|name| {
                    names.remove(name);
                });
                Labels::Only(names)
            }
            Labels::AllBut(mut names) => {
                names.extend(gone);
                Labels::AllBut(names)
            }
        }
    }

    fn kept(&self, kept: impl Iterator<Item = &'e str>) -> Labels<'e> {
        Labels::Only(kept.filter(|name| self.may_have(name)).collect())
    }

    /// What both may have.
    fn both(self, other: Labels<'e>) -> Labels<'e> {
        match (self, other) {
            (Labels::Only(names), other) | (other, Labels::Only(names)) => other.kept(names.into_iter()),
            (Labels::AllBut(one), Labels::AllBut(other)) => Labels::AllBut(one.into_iter().chain(other).collect()),
        }
    }

    pub fn of(expr: &'e Expr, words: &Words<'_>) -> Labels<'e> {
        match &expr.kind {
            Kind::Number(_) | Kind::String(_) => Labels::none(),
            Kind::Selector(selector) => {
                Labels::AllBut(fixed(selector).filter(|(_, value)| value.is_empty()).map(|(name, _)| name).collect())
            }
            Kind::Call { function, .. } if function.gives == Type::Scalar || words.has("always", function.name) => Labels::none(),
            Kind::Call { function, args } if words.has("absent", function.name) => {
                let asked =
                    args.first().and_then(|arg| selector_of(arg)).map(|selector| fixed(selector).map(|(name, _)| name).collect());
                Labels::Only(asked.unwrap_or_default())
            }
            Kind::Call { function, args } => {
                let vector = args.iter().find(|arg| matches!(arg.type_(), Type::Vector | Type::Matrix));
                let inner = vector.map_or_else(Labels::none, |arg| Labels::of(arg, words));
                match args.get(1).map(|arg| &arg.kind) {
                    Some(Kind::String(name)) if words.has("writing", function.name) => inner.with(name),
                    _ if words.has("quantiles", function.name) => inner.without(["le"].into_iter()),
                    _ => inner,
                }
            }
            Kind::Aggregate { function, is_without, by, args } => {
                let inner = args.last().map_or_else(Labels::none, |arg| Labels::of(arg, words));
                let names = || by.iter().flatten().map(String::as_str);
                let grouped = match (words.has("choosing", function.name), is_without) {
                    (true, _) => inner,
                    (_, true) => inner.without(names()),
                    (_, false) => inner.kept(names()),
                };
                match args.first().map(|arg| &arg.kind) {
                    Some(Kind::String(name)) if words.has("counting", function.name) => grouped.with(name),
                    _ => grouped,
                }
            }
            Kind::Binary { operator, matching, left, right } => {
                let (one, other) = (Labels::of(left, words), Labels::of(right, words));
                match (left.type_(), right.type_()) {
                    (Type::Vector, Type::Scalar) => one,
                    (Type::Scalar, Type::Vector) => other,
                    _ if operator.kind == OperatorKind::Set && operator.sign == "or" => one.both(other),
                    _ if operator.kind == OperatorKind::Set => one,
                    _ => joined(matching, one, other),
                }
            }
            Kind::Range { selector: inner, .. }
            | Kind::Subquery { expr: inner, .. }
            | Kind::Unary(inner)
            | Kind::Paren(inner) => Labels::of(inner, words),
        }
    }
}

/// What is left where two vectors meet: of the many all and what they take from the one, else what they meet by.
fn joined<'e>(matching: &'e Matching, left: Labels<'e>, right: Labels<'e>) -> Labels<'e> {
    let names = || matching.labels.iter().flatten().map(String::as_str);
    match &matching.group {
        Some(taken) => {
            // Which side is the many the text tells: the labels of both are kept, for none is missed.
            let many = match (left, right) {
                (Labels::AllBut(one), Labels::AllBut(other)) => Labels::AllBut(one.intersection(&other).copied().collect()),
                (Labels::AllBut(names), _) | (_, Labels::AllBut(names)) => Labels::AllBut(names),
                (Labels::Only(one), Labels::Only(other)) => Labels::Only(one.into_iter().chain(other).collect()),
            };
            taken.iter().fold(many, |labels, name| labels.with(name))
        }
        None if matching.is_on => left.kept(names()),
        None => left.without(names()),
    }
}

fn selector_of(expr: &Expr) -> Option<&Selector> {
    match &expr.kind {
        Kind::Selector(selector) => Some(selector),
        Kind::Range { selector: inner, .. } | Kind::Paren(inner) => selector_of(inner),
        _ => None,
    }
}

/// The labels that a selector asks to be something, and what.
fn fixed(selector: &Selector) -> impl Iterator<Item = (&str, &str)> {
    selector.matchers.iter().filter(|matcher| matcher.operator == "=").map(|matcher| (&*matcher.label, &*matcher.value))
}
