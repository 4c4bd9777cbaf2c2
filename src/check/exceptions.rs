//! Findings in, those that somebody excepts taken out and counted: by lakehouse.toml, by an annotation of the object, by a comment
//! at the line, or because a baseline has them. An exception has a reason, and an end after which the finding is told again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, Index, Object, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, Severity, Subject};
use crate::host::Date;
use crate::node::Node;
use crate::source::{Source, Span};
use crate::yaml::{self, Limits, Yaml};

/// What a user says about findings, and what was found before.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    rows: Vec<Row>,
    severities: BTreeMap<String, Severity>,
    /// How often each finding stands in the baseline.
    before: BTreeMap<[String; 4], usize>,
}

#[derive(Clone, Debug)]
struct Row {
    code: String,
    path: String,
    object: String,
    said: Said,
}

/// Why a finding is excepted, and until when.
#[derive(Clone, Debug)]
struct Said {
    reason: String,
    until: Option<Date>,
}

/// An exception that stands on an object.
#[derive(Clone, Debug)]
pub struct Annotated {
    code: String,
    text: String,
    start: u32,
    end: u32,
    pointer: String,
}

const ANNOTATION: &str = "lakegen.dev/ignore.";
const COMMENT: &str = "# lakegen: ignore ";
/// What cannot be read is not judged at all, and nobody can except that.
const OF_READING: &str = "L01";

impl Exceptions {
    /// Of the table `validate` of lakehouse.toml, which is checked already.
    pub fn read(settings: &Node) -> Exceptions {
        let severities = settings.get("severity").map_or(&[][..], |table| table.entries()).iter();
        let severities =
            severities.filter_map(|entry| Some((entry.key.to_string(), Severity::named(entry.node.as_str()?)?))).collect();
        let rows = settings.get("except").map_or(&[][..], |rows| rows.items()).iter();
        let rows = rows.map(|row| {
            let text = |key: &str| row.text(key).to_owned();
            let said = Said { reason: text("reason"), until: Date::parse(row.text("until")) };
            Row { code: text("code"), path: text("path"), object: text("object"), said }
        });
        Exceptions { rows: rows.collect(), severities, before: BTreeMap::new() }
    }

    /// Adds the findings of an earlier run, as `--format json` wrote them.
    pub fn add_baseline(&mut self, source: &Arc<Source>, diags: &mut Diagnostics) -> Result<(), Reported> {
        let stream = yaml::read(&source.text, &Limits::default());
        let Some(findings) = stream.documents.first().and_then(|document| document.root.get("findings")) else {
            let place = Span::new(source, 0..0);
            diags
                .error(Code::Unreadable, format!("{} has no findings: it is what --format json writes", source.name))
                .at(&place, "this file");
            return diags.checkpoint();
        };
        for finding in findings.items() {
            let text = |yaml: Option<&Yaml<'_>>| yaml.and_then(Yaml::as_str).unwrap_or_default().to_owned();
            let place = finding.get("places").and_then(|places| places.items().first());
            let of_object = |name: &str| text(finding.get("object").and_then(|object| object.get(name)));
            let object = ["kind", "namespace", "name"].map(of_object).join("/");
            let key = [
                text(finding.get("code")),
                text(place.and_then(|place| place.get("file"))),
                object,
                text(finding.get("message")),
            ];
            *self.before.entry(key).or_default() += 1;
        }
        Ok(())
    }

    /// Takes out what is excepted, and tells how much that is.
    pub(super) fn apply(&self, found: Diagnostics, index: &Index, world: &World<'_>, diags: &mut Diagnostics) -> usize {
        let noted = index.objects.iter().filter(|entry| !entry.ignores.is_empty());
        let noted: Vec<&Entry> = noted.collect();
        noted.iter().for_each(|entry| check(entry, world, diags));
        let (mut before, mut excepted) = (self.before.clone(), 0);
        let mut told = Vec::new();
        for mut diagnostic in found {
            diagnostic.severity = self.severities.get(diagnostic.code.id()).copied().unwrap_or(diagnostic.severity);
            let is_known = before.get_mut(&key(&diagnostic)).filter(|count| **count > 0).map(|count| *count -= 1).is_some();
            let said = if is_known { None } else { self.said(&diagnostic, &noted, world) };
            match said.filter(|_| !diagnostic.code.id().starts_with(OF_READING)) {
                Some(said) if !said.is_over(world) => excepted += 1,
                None if is_known => excepted += 1,
                said => {
                    said.iter().for_each(|said| tell_end(&mut diagnostic, said));
                    told.push(diagnostic);
                }
            }
        }
        diags.append(told.into_iter().collect());
        excepted
    }

    /// Who excepts a finding: the line itself, its object, the file of the lakehouse.
    fn said(&self, diagnostic: &Diagnostic, noted: &[&Entry], world: &World<'_>) -> Option<Said> {
        let code = diagnostic.code.id();
        let place = diagnostic.places.first();
        let at_line = place.and_then(|place| commented(&place.span, code));
        let of_object = || {
            let subject = diagnostic.object.as_ref()?;
            let file = &place?.span.source.name;
            let is_here =
                |entry: &&&Entry| entry.subject == *subject && world.inputs.files[entry.file].as_os_str() == file.as_str();
            let ignores = noted.iter().filter(is_here).flat_map(|entry| &entry.ignores);
            ignores.into_iter().find(|ignore| ignore.code == code).and_then(|ignore| Said::parse(&ignore.text))
        };
        let of_config = || {
            let file = place.map_or("", |place| place.span.source.name.as_str());
            let fits = |row: &&Row| row.code == code && row.is_of(file, diagnostic.object.as_deref());
            self.rows.iter().find(fits).map(|row| row.said.clone())
        };
        at_line.or_else(of_object).or_else(of_config)
    }
}

fn tell_end(diagnostic: &mut Diagnostic, said: &Said) {
    let until = said.until.map_or_else(String::new, |until| until.to_string());
    diagnostic.note(format!("it was excepted until {until}: {}", said.reason));
}

fn key(diagnostic: &Diagnostic) -> [String; 4] {
    let file = diagnostic.places.first().map_or_else(String::new, |place| place.span.source.name.clone());
    let object = diagnostic.object.as_deref().cloned().unwrap_or_default();
    let object = [object.kind, object.namespace.unwrap_or_default(), object.name.unwrap_or_default()].join("/");
    [diagnostic.code.id().to_owned(), file, object, diagnostic.message.clone()]
}

impl Row {
    /// `path` is a file, or a folder with all that is in it; `object` is a kind, or kind/name, or kind/namespace/name.
    fn is_of(&self, file: &str, object: Option<&Subject>) -> bool {
        let path = self.path.trim_end_matches('/');
        let is_file = path.is_empty() || file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let name = |part: &Option<String>| part.clone().unwrap_or_default();
        let is_named = |subject: &Subject| {
            let (kind, namespace, name) = (&subject.kind, name(&subject.namespace), name(&subject.name));
            [kind.clone(), format!("{kind}/{name}"), format!("{kind}/{namespace}/{name}")].contains(&self.object)
        };
        is_file && (self.object.is_empty() || object.is_some_and(is_named))
    }
}

impl Said {
    /// `two machines only, until 2027-03-01`: a reason, and its end.
    fn parse(text: &str) -> Option<Said> {
        let text = text.trim();
        let (reason, until) = match text.rsplit_once("until ").map(|(reason, day)| (reason, Date::parse(day.trim()))) {
            Some((reason, Some(until))) => (reason, Some(until)),
            _ => (text, None),
        };
        let reason = reason.trim_end_matches([' ', ',', ';']).to_owned();
        (!reason.is_empty()).then_some(Said { reason, until })
    }

    fn is_over(&self, world: &World<'_>) -> bool {
        self.until.zip(world.options.today).is_some_and(|(until, today)| today.days_until(until) < 0)
    }
}

/// A comment on the line of a finding, or alone on the line above.
fn commented(span: &Span, code: &str) -> Option<Said> {
    let (before, rest) = span.source.text.split_at_checked(span.start as usize)?;
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = &span.source.text[begin..before.len() + rest.find('\n').unwrap_or(rest.len())];
    let above = before[..begin].trim_end_matches('\n').rsplit('\n').next().unwrap_or_default().trim_start();
    let of = |text: &str| {
        let (_, comment) = text.split_once(COMMENT)?;
        let (said, reason) = comment.trim().split_once(' ')?;
        if said == code { Said::parse(reason) } else { None }
    };
    of(line).or_else(|| of(above).filter(|_| above.starts_with('#')))
}

/// The exceptions that an object's annotations hold.
pub(super) fn annotated(object: &Object<'_>) -> Vec<Annotated> {
    let annotations = object.metadata("annotations").map_or(&[][..], Yaml::entries).iter();
    let own = annotations.filter_map(|entry| {
        let code = entry.key.name.strip_prefix(ANNOTATION)?.to_owned();
        let span = object.document.span(entry.key.mark);
        let pointer = format!("{}/metadata/annotations/{}", object.path.pointer(), crate::node::escape(&entry.key.name));
        Some(Annotated {
            code,
            text: entry.value.as_str().unwrap_or_default().to_owned(),
            start: span.start,
            end: span.end,
            pointer,
        })
    });
    own.collect()
}

/// An annotation excepts a code that there is, with a reason and an end.
fn check(entry: &Entry, world: &World<'_>, diags: &mut Diagnostics) {
    for ignore in &entry.ignores {
        let said = Said::parse(&ignore.text);
        let message = match (Code::parse(&ignore.code), said) {
            (None, _) => format!("there is no code {}", ignore.code),
            (_, None) => "the exception has no reason".to_owned(),
            (_, Some(Said { until: None, .. })) => "the exception has no end".to_owned(),
            _ => continue,
        };
        let span = world.inputs.span(entry.file, ignore.start, ignore.end);
        let diagnostic = diags.warning(Code::BadException, message);
        diagnostic.object = Some(entry.subject.clone());
        diagnostic.within(&span, "excepted here", entry.document, ignore.pointer.clone());
        diagnostic.help("the value says why and until when: two machines only, until 2027-03-01");
    }
}
