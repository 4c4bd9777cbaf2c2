//! PromQL: text in, a checked expression out whose every part knows its place, or the first thing that Prometheus would refuse.

mod check;
mod duration;
mod functions;
mod lexer;
mod parser;
mod text;

use std::ops::Range;

pub use functions::{Function, function};

/// What an expression comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Scalar,
    Vector,
    Matrix,
    String,
    /// A selector without a name, where only its labels count.
    Labels,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: Kind,
    /// Bytes of the text.
    pub at: Range<usize>,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Number(f64),
    String(String),
    Selector(Selector),
    /// The samples of a selector over a time.
    Range {
        selector: Box<Expr>,
        range: Span,
    },
    Subquery {
        expr: Box<Expr>,
        range: Span,
        step: Option<Span>,
        shift: Shift,
    },
    Call {
        function: &'static Function,
        args: Vec<Expr>,
    },
    /// `by` holds the labels, kept or (`is_without`) dropped.
    Aggregate {
        function: &'static Function,
        is_without: bool,
        by: Option<Vec<String>>,
        args: Vec<Expr>,
    },
    Binary {
        operator: &'static Operator,
        matching: Matching,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Unary(Box<Expr>),
    Paren(Box<Expr>),
}

#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub name: Option<String>,
    pub matchers: Vec<Matcher>,
    pub shift: Shift,
}

#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: String,
    pub operator: &'static str,
    pub value: String,
    pub at: Range<usize>,
}

/// What moves a selector or a subquery in time.
#[derive(Clone, Debug, Default)]
pub struct Shift {
    pub offset: Option<Span>,
    pub is_fixed: bool,
}

/// A length of time: written down, or calculated when it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    Seconds(f64),
    Later,
}

/// How the two sides of an operator meet.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    pub is_bool: bool,
    /// Labels that are compared (`on`) or passed over.
    pub labels: Option<Vec<String>>,
    pub is_on: bool,
    /// `group_left`, `group_right`: the labels taken from the one side.
    pub group: Option<Vec<String>>,
    pub is_filled: bool,
    /// The operator with what stands behind it.
    pub at: Range<usize>,
}

#[derive(Debug)]
pub struct Operator {
    pub sign: &'static str,
    pub level: u8,
    pub kind: OperatorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    Arithmetic,
    Comparison,
    Set,
}

/// What Prometheus would refuse, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub message: String,
    pub at: Range<usize>,
}

/// Reads an expression and checks its types.
pub fn parse(text: &str) -> Result<Expr, Error> {
    let expr = parser::parse(text)?;
    check::check(&expr)?;
    Ok(expr)
}

/// A duration as the files of Prometheus have it.
pub fn is_duration(text: &str) -> bool {
    seconds(text).is_some()
}

/// How long one is.
pub fn seconds(text: &str) -> Option<f64> {
    if text == "0" { Some(0.0) } else { duration::seconds(text) }
}

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Type::Scalar => "scalar",
            Type::Vector => "vector",
            Type::Matrix => "matrix",
            Type::String => "string",
            Type::Labels => "labels",
        }
    }

    /// As people call it.
    fn words(self) -> &'static str {
        match self {
            Type::Vector => "an instant vector",
            Type::Matrix => "a range vector",
            Type::Scalar => "a scalar",
            Type::String => "a string",
            Type::Labels => "labels only",
        }
    }
}

impl Expr {
    pub fn type_(&self) -> Type {
        match &self.kind {
            Kind::Number(_) => Type::Scalar,
            Kind::String(_) => Type::String,
            Kind::Selector(_) => Type::Vector,
            Kind::Range { .. } | Kind::Subquery { .. } => Type::Matrix,
            Kind::Call { function, .. } | Kind::Aggregate { function, .. } => function.gives,
            Kind::Binary { left, right, .. } => match (left.type_(), right.type_()) {
                (Type::Scalar, Type::Scalar) => Type::Scalar,
                _ => Type::Vector,
            },
            Kind::Unary(inner) | Kind::Paren(inner) => inner.type_(),
        }
    }

    /// The expressions that this one is made of, in order.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Number(_) | Kind::String(_) | Kind::Selector(_) => Vec::new(),
            Kind::Range { selector: inner, .. }
            | Kind::Subquery { expr: inner, .. }
            | Kind::Unary(inner)
            | Kind::Paren(inner) => {
                vec![inner]
            }
            Kind::Call { args, .. } | Kind::Aggregate { args, .. } => args.iter().collect(),
            Kind::Binary { left, right, .. } => vec![left, right],
        }
    }

    /// Calls `visit` for this expression and all within it.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The metrics it reads, each once, in order of their names.
    pub fn metrics(&self) -> Vec<&str> {
        let mut names = std::collections::BTreeSet::new();
        self.walk(&mut |expr| {
            if let Kind::Selector(selector) = &expr.kind {
                names.extend(selector.metric());
            }
        });
        names.into_iter().collect()
    }
}

impl Selector {
    /// The one metric it can choose, if its name is fixed.
    pub fn metric(&self) -> Option<&str> {
        let named = || self.matchers.iter().find(|matcher| matcher.label == "__name__" && matcher.operator == "=");
        self.name.as_deref().or_else(|| named().map(|matcher| &*matcher.value))
    }
}

impl Error {
    fn new(message: impl Into<String>, at: Range<usize>) -> Error {
        Error { message: message.into(), at }
    }
}
