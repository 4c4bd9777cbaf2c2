//! Why a template gave nothing, in words for the person who wrote it.

use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use super::{FUEL, MAX_TEXT, Scope};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{Source, Span};

/// Why a template gave nothing: told to the user once, however often it is met.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: Code,
    pub span: Option<Span>,
    pub message: String,
    /// The value that had no escape.
    pub(super) value: Option<Span>,
    /// The value that a template says no to.
    pub(super) refused: Option<Span>,
    pub(super) help: Option<String>,
}

pub(super) fn code(error: &Error) -> Code {
    match error.kind() {
        ErrorKind::SyntaxError => Code::TemplateSyntax,
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => Code::TemplateLimit,
        _ => Code::TemplateFailed,
    }
}

pub(super) fn words(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, None) => format!("it takes more than {FUEL} steps"),
        (ErrorKind::WriteFailure, _) => format!("it prints more than {} MiB", MAX_TEXT >> 20),
        (ErrorKind::UndefinedError, None) => "this name is not known here".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    }
}

/// The failure of a part, as its caller's error carries it.
pub(super) fn carried(error: &Error) -> Option<Failure> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return Some(failure.clone());
        }
        source = error.source();
    }
    None
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    pub(super) fn new(code: Code, span: Option<Span>, message: String) -> Failure {
        Failure { code, span, message, value: None, refused: None, help: None }
    }

    pub(super) fn at_line(source: &Arc<Source>, line: u32, message: String) -> Failure {
        Failure::new(Code::TemplateFailed, Some(Span::line(source, line)), message)
    }

    pub(super) fn into_error(self) -> Error {
        Error::new(ErrorKind::InvalidOperation, self.message.clone()).with_source(self)
    }

    /// Adds the nearest name, when `error` is about a name that `text` reads and nobody gave.
    pub(super) fn guess(mut self, error: &Error, text: &str, scope: &Scope) -> Failure {
        if error.kind() == ErrorKind::UndefinedError && self.help.is_none() {
            let about = self.span.as_ref().map_or("", |span| &span.source.text[span.range()]);
            self.help = paths(about).find_map(|path| scope.nearest(path, text)).map(|name| format!("did you mean {name}?"));
        }
        self
    }

    /// Tells it, unless it has been told: one mistake in a template is met by everything it renders.
    pub fn report(&self, diags: &mut Diagnostics) {
        let told = |d: &crate::diagnostic::Diagnostic| {
            let first = self.refused.as_ref().or(self.span.as_ref());
            d.code == self.code && d.message == self.message && d.places.first().map(|place| &place.span) == first
        };
        if diags.iter().any(told) {
            return;
        }
        let diagnostic = diags.error(self.code, self.message.clone()).at_some(self.refused.clone(), "this value");
        diagnostic.at_some(self.span.clone(), if self.refused.is_some() { "refused here" } else { "in this template" });
        diagnostic.at_some(self.value.clone(), "the value");
        if let Some(help) = &self.help {
            diagnostic.help(help.clone());
        }
    }
}

/// The dotted names in an expression, without what stands in quotes.
fn paths(expression: &str) -> impl Iterator<Item = &str> {
    let unquoted = expression.split(['"', '\'']).step_by(2);
    let words = unquoted.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.'));
    words.filter(|path| path.starts_with(|c: char| c.is_alphabetic()))
}
