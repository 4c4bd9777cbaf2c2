//! What lakegen tells people: what is wrong, where, and what to do about it.

mod codes;

pub use codes::Code;

use std::sync::Arc;

use crate::source::{Lines, Source, Span};

/// Where people look first.
const USERS_FILE: &str = "lakehouse.toml";

#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    /// Where to look, first place first.
    pub places: Vec<Place>,
    pub notes: Vec<String>,
    pub help: Option<String>,
    /// The object that this is about, in manifests.
    pub object: Option<Arc<Subject>>,
    /// What a pod breaks.
    pub pod_security: Option<Arc<PodSecurity>>,
    /// The policy that speaks against the object, where one does.
    pub policy: Option<Box<Refusal>>,
}

/// What a pod does that a level of the Pod Security Standards forbids, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSecurity {
    pub level: String,
    pub version: String,
    pub reason: String,
    pub detail: String,
}

/// What a policy says against an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub policy: String,
    pub binding: Option<String>,
    pub decision: &'static str,
    pub action: &'static str,
    pub reason: String,
    /// Which of its validations.
    pub expression: Option<usize>,
}

/// An object of Kubernetes as people name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub api_version: String,
    pub kind: String,
    /// None for what belongs to no namespace.
    pub namespace: Option<String>,
    pub name: Option<String>,
}

impl Subject {
    /// The group of its API version; empty for the first one.
    pub fn group(&self) -> &str {
        group_of(&self.api_version)
    }
}

/// Likewise of an API version alone.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub span: Span,
    pub label: String,
    /// Where the source is a stream of documents: which one, and the RFC 6901 pointer in it.
    pub document: Option<u32>,
    pub pointer: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// Proof that what went wrong has been told. Only `Diagnostics` can make one.
#[derive(Debug)]
pub struct Reported(());

#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn error(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(code, Severity::Error, message)
    }

    pub fn warning(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(code, Severity::Warning, message)
    }

    pub fn note(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(code, Severity::Note, message)
    }

    /// Goes on only where nothing so far was an error.
    pub fn checkpoint(&self) -> Result<(), Reported> {
        if self.list.iter().any(|d| d.severity == Severity::Error) { Err(Reported(())) } else { Ok(()) }
    }

    pub fn append(&mut self, mut other: Diagnostics) {
        self.list.append(&mut other.list);
    }

    /// Like `append`, without what has been told already: two modes meet the same mistake.
    pub fn merge(&mut self, mut other: Diagnostics) {
        other.list.retain(|new| !self.list.iter().any(|old| old.is_as(new)));
        self.append(other);
    }

    /// Lets go of a text: of it stay the lines around the places in it, unless they are as much.
    pub fn let_go(&mut self, source: &Arc<Source>) {
        let places = self.list.iter_mut().flat_map(|diagnostic| &mut diagnostic.places);
        let spans: Vec<&mut Span> =
            places.map(|place| &mut place.span).filter(|span| Arc::ptr_eq(&span.source, source)).collect();
        if spans.is_empty() {
            return;
        }
        let lines = Lines::of(source);
        if spans.iter().map(|span| lines.bytes(span.start, span.end)).sum::<usize>() < source.text.len() {
            spans.into_iter().for_each(|span| *span = lines.span(span.start, span.end));
        }
    }

    /// Whether this was told of this place: one mistake is met by everything that reads it.
    pub fn has_told(&self, code: Code, span: Option<&Span>) -> bool {
        self.list.iter().any(|d| d.code == code && d.places.first().map(|place| &place.span) == span)
    }

    /// The findings as they are told: by file, lakehouse.toml first, then by place; last those that have no place.
    pub fn in_order(&self) -> Diagnostics {
        let mut list = self.list.clone();
        list.sort_by(|a, b| a.order().cmp(&b.order()));
        Diagnostics { list }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// For who decides on the severity when it runs.
    pub fn push(&mut self, code: Code, severity: Severity, message: impl Into<String>) -> &mut Diagnostic {
        let message = message.into();
        let (places, notes) = (Vec::new(), Vec::new());
        let (pod_security, policy) = (None, None);
        self.list.push(Diagnostic { code, severity, message, places, notes, help: None, object: None, pod_security, policy });
        self.list.last_mut().expect("just pushed")
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(list: I) -> Diagnostics {
        Diagnostics { list: list.into_iter().collect() }
    }
}

impl Diagnostic {
    /// Whether both tell the same of the same place; what else they point at may differ between profiles.
    fn is_as(&self, other: &Diagnostic) -> bool {
        let place = |d: &Diagnostic| d.places.first().cloned();
        (self.code, &self.message, place(self)) == (other.code, &other.message, place(other))
    }

    pub fn at(&mut self, span: &Span, label: impl Into<String>) -> &mut Diagnostic {
        self.places.push(Place { span: span.clone(), label: label.into(), document: None, pointer: None });
        self
    }

    /// Like `at`, in a stream of documents.
    pub fn within(
        &mut self,
        span: &Span,
        label: impl Into<String>,
        document: u32,
        pointer: impl Into<String>,
    ) -> &mut Diagnostic {
        let (document, pointer) = (Some(document), Some(pointer.into()));
        self.places.push(Place { span: span.clone(), label: label.into(), document, pointer });
        self
    }

    /// Like `at`, for values that may come from nowhere a person can look.
    pub fn at_some(&mut self, span: Option<Span>, label: impl Into<String>) -> &mut Diagnostic {
        match span {
            Some(span) => self.at(&span, label),
            None => self,
        }
    }

    /// What has no place comes after what has one, and the user's own file before all others.
    fn order(&self) -> (bool, Option<(bool, &str, u32)>) {
        let start = |span: &Span| span.source.before.bytes + span.start;
        let place = self.places.first().map(|place| (place.span.source.name.as_str(), start(&place.span)));
        (place.is_none(), place.map(|(name, start)| (!name.ends_with(USERS_FILE), name, start)))
    }

    pub fn note(&mut self, note: impl Into<String>) -> &mut Diagnostic {
        self.notes.push(note.into());
        self
    }

    pub fn help(&mut self, help: impl Into<String>) -> &mut Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Suggests the nearest of the names that exist, or lists them when none is near.
    pub fn suggest<'a>(&mut self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Diagnostic {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(wrong, &known) {
            Some(name) => self.help(format!("did you mean {name}?")),
            None if known.is_empty() => self,
            None if known.len() <= 24 => self.help(format!("known here: {}", known.join(", "))),
            None => self,
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Note, Severity::Warning, Severity::Error];

    pub fn named(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A message of somebody else as ours are written: it begins with a small letter, unless its first word is an acronym.
pub(crate) fn lower_first(message: &str) -> String {
    let word = message.split_whitespace().next().unwrap_or_default();
    if word.chars().skip(1).any(char::is_uppercase) {
        return message.to_owned();
    }
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// So many letters tell what a name begins with.
const MIN_SHORT: usize = 3;

/// The name that a misspelt one most likely was meant to be, or the only one that a short form of it begins.
pub(crate) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |name: &&str| {
        strsim::damerau_levenshtein(wrong, name) <= 1 + wrong.len().max(name.len()) / 5
            || strsim::jaro_winkler(wrong, name) > 0.92
    };
    let misspelt = known.iter().copied().filter(near).min_by_key(|name| strsim::damerau_levenshtein(wrong, name));
    misspelt.or_else(|| begun(wrong, known))
}

fn begun<'a>(short: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut begun = known.iter().copied().filter(|name| name.starts_with(short));
    begun.next().filter(|_| short.len() >= MIN_SHORT && begun.next().is_none())
}

/// Paths, those first whose last part is most like the last part of a wrong one; of them, those that are most like it whole.
pub(crate) fn by_nearness<'a>(wrong: &str, mut known: Vec<&'a str>) -> Vec<&'a str> {
    let last = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let unlike = |one: &str, other: &str| (1000.0 * (1.0 - strsim::sorensen_dice(one, other))) as u32;
    known.sort_by_cached_key(|path| (unlike(&last(wrong), &last(path)), unlike(wrong, path)));
    known.dedup();
    known
}
