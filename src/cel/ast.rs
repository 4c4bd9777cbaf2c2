//! What the parser reads: expressions with their places, macros already understood.

use std::sync::Arc;

use super::value::Value;

pub struct Expr {
    /// Counts the expressions of a text, so that what is found out about one can stand in a list.
    pub id: usize,
    /// The character, counted from zero, that messages about it point to.
    pub at: usize,
    /// How many expressions stand in one another, at most.
    pub depth: usize,
    pub kind: Kind,
}

pub enum Kind {
    Literal(Value),
    Ident(Arc<str>),
    Select {
        operand: Box<Expr>,
        field: Arc<str>,
        /// `has(operand.field)`.
        is_test: bool,
    },
    /// `operand.?field`
    OptionalSelect {
        operand: Box<Expr>,
        field: Box<Expr>,
    },
    /// An operator is a call of a function with underscores: `_+_`.
    Call {
        function: Arc<str>,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    List(Vec<Item>),
    Map(Vec<Entry>),
    /// `Name{field: value}`; no type of Kubernetes' base environment can be made that way.
    Message(Arc<str>),
    Fold(Box<Fold>),
    /// `target.optMap(variable, body)`
    OptionalMap(Box<OptionalMap>),
}

pub struct Item {
    pub value: Expr,
    pub is_optional: bool,
}

pub struct Entry {
    pub key: Expr,
    pub value: Expr,
    pub is_optional: bool,
}

/// A macro that goes through a list or a map.
pub struct Fold {
    pub kind: FoldKind,
    pub range: Expr,
    pub variables: Vec<Arc<str>>,
    pub filter: Option<Expr>,
    pub body: Expr,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map`, `filter` and `transformList`
    List,
    /// `transformMap`
    Map,
    /// `transformMapEntry`
    MapEntry,
    /// `sortBy`
    Sort,
}

pub struct OptionalMap {
    pub target: Expr,
    pub variable: Arc<str>,
    pub body: Expr,
    /// `optFlatMap`: the body is optional itself.
    pub is_flat: bool,
}

impl Kind {
    /// The depth of the deepest part.
    pub fn depth(&self) -> usize {
        let deepest = |parts: &mut dyn Iterator<Item = &Expr>| parts.map(|part| part.depth).max().unwrap_or(0);
        match self {
            Kind::Literal(_) | Kind::Ident(_) | Kind::Message(_) => 0,
            Kind::Select { operand, .. } | Kind::OptionalSelect { operand, .. } => operand.depth,
            Kind::Call { target, args, .. } => deepest(&mut target.as_deref().into_iter().chain(args)),
            Kind::List(items) => deepest(&mut items.iter().map(|item| &item.value)),
            Kind::Map(entries) => deepest(&mut entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            Kind::Fold(fold) => deepest(&mut [&fold.range, &fold.body].into_iter().chain(&fold.filter)),
            Kind::OptionalMap(map) => deepest(&mut [&map.target, &map.body].into_iter()),
        }
    }
}

impl Expr {
    /// `a.b.c` where the expression is nothing but names.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.to_string()),
            Kind::Select { operand, field, is_test: false } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }
}
