//! What does not meet, told at the place that asks for it, with the object that lacks it.

use super::known::{Known, Target};
use super::serve::Unfit;
use super::{HostName, Link, Part, Select, Spot, What};
use crate::check::Entry;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::graph::Provided;

/// So many who miss the same are shown.
const MAX_SHOWN: usize = 5;

/// Where an object asks for something.
pub(super) struct Place<'i> {
    pub entry: &'i Entry,
    pub spot: &'i Spot,
}

fn at<'d>(diagnostic: &'d mut Diagnostic, entry: &Entry, spot: &Spot, label: &str, known: &Known<'_>) -> &'d mut Diagnostic {
    let span = known.world.inputs.span(entry.file, spot.start, spot.end);
    diagnostic.within(&span, label, entry.document, spot.pointer.clone())
}

fn push<'d>(
    (severity, code): (Severity, Code),
    message: String,
    entry: &Entry,
    found: &'d mut Diagnostics,
) -> &'d mut Diagnostic {
    let diagnostic = found.push(code, severity, message);
    diagnostic.object = Some(entry.subject.clone());
    diagnostic
}

/// One finding for all who miss the same object.
pub(super) fn missing(
    (kind, namespace, name): (&str, Option<&str>, &str),
    places: &[Place<'_>],
    known: &Known<'_>,
    found: &mut Diagnostics,
) {
    let severity = known.severity(kind);
    let kind = kind.split('.').next().unwrap_or(kind);
    let named = named(namespace, name);
    let message = match severity {
        Severity::Note => format!("no {kind} {named} is among the inputs"),
        _ => format!("there is no {kind} {named}"),
    };
    let message = if places.len() > 1 { format!("{message}, asked for {} times", places.len()) } else { message };
    let diagnostic = push((severity, Code::ReferenceToNothing), message, places[0].entry, found);
    for place in places.iter().take(MAX_SHOWN) {
        at(diagnostic, place.entry, place.spot, "asked for here", known);
    }
    if severity != Severity::Note {
        diagnostic.suggest(name, known.names(kind, namespace));
    }
}

fn named(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

/// An object is there, and has no such key or port.
pub(super) fn lacks(entry: &Entry, link: &Link, part: &Part, targets: &[Target<'_>], known: &Known<'_>, found: &mut Diagnostics) {
    let kind = link.kind.split('.').next().unwrap_or_default();
    let word = match part.what {
        What::Key if link.kind == "Ingress.networking.k8s.io" => "backend",
        What::Key if link.kind == known.table.subsets => "subset",
        What::Key => "key",
        What::Port => "port",
    };
    let named = named(link.namespace.as_deref(), &link.name);
    let message = format!("the {kind} {named} has no {word} {}", part.name);
    let target = &targets[0];
    let diagnostic = push((known.certainty(entry, target), Code::PartMissing), message, entry, found);
    at(diagnostic, entry, &part.spot, "asked for here", known);
    diagnostic.within(&target.entry.span(known.world), "this one", target.entry.document, target.entry.pointer.clone());
    let has: Vec<String> = match part.what {
        What::Key => target.keys.unwrap_or_default().to_vec(),
        What::Port => target.ports.unwrap_or_default().iter().map(super::Port::words).collect(),
    };
    if !has.is_empty() {
        diagnostic.help(format!("it has {}", has.join(", ")));
    }
}

/// A Service is there, and is not what is asked of it.
pub(super) fn unfit(entry: &Entry, link: &Link, unfit: &Unfit, target: &Target<'_>, known: &Known<'_>, found: &mut Diagnostics) {
    let message = format!("the Service {} {}", named(link.namespace.as_deref(), &link.name), unfit.why);
    // Severities are ordered from the least.
    let severity = unfit.severity.min(known.certainty(entry, target));
    let diagnostic = push((severity, Code::UnfitService), message, entry, found);
    at(diagnostic, entry, &link.spot, "named here", known);
    diagnostic.within(&target.entry.span(known.world), "this one", target.entry.document, target.entry.pointer.clone());
}

/// A secret that is made beside the output has not the key.
pub(super) fn lacks_provided(
    entry: &Entry,
    link: &Link,
    part: &Part,
    provided: &Provided,
    known: &Known<'_>,
    found: &mut Diagnostics,
) {
    let message = format!("the Secret {}/{} has no key {}", provided.namespace, link.name, part.name);
    let diagnostic = push((Severity::Error, Code::PartMissing), message, entry, found);
    at(diagnostic, entry, &part.spot, "asked for here", known).help(format!("it has {}", provided.keys.join(", ")));
}

pub(super) fn host(
    entry: &Entry,
    host: &HostName,
    kind: (Severity, Code),
    message: String,
    known: &Known<'_>,
    found: &mut Diagnostics,
) {
    let diagnostic = push(kind, message, entry, found);
    at(diagnostic, entry, &host.spot, "this host", known);
}

/// A selector that finds nobody.
pub(super) fn nobody(entry: &Entry, select: &Select, known: &Known<'_>, found: &mut Diagnostics) {
    let what = if select.finds == "pod" { "pods" } else { "Services" };
    let severity = known.severity(&select.finds);
    let among = if severity == Severity::Note { " among the inputs" } else { "" };
    let message = format!("no {what}{among} have the labels {}", select.selector.words());
    let diagnostic = push((severity, Code::SelectsNobody), message, entry, found);
    at(diagnostic, entry, &select.spot, "asked for here", known);
}

pub(super) fn no_port(
    entry: &Entry,
    select: &Select,
    port: &Part,
    shown: &Target<'_>,
    known: &Known<'_>,
    found: &mut Diagnostics,
) {
    let what = if select.finds == "pod" { "pods" } else { "Services" };
    let message = format!("none of the {what} that are selected has a port called {}", port.name);
    let severity = if select.namespaces.is_some() { known.certainty(entry, shown) } else { Severity::Warning };
    let diagnostic = push((severity, Code::PartMissing), message, entry, found);
    at(diagnostic, entry, &port.spot, "asked for here", known);
    diagnostic.within(&shown.entry.span(known.world), "selected", shown.entry.document, shown.entry.pointer.clone());
    let has: Vec<String> = shown.ports.unwrap_or_default().iter().map(super::Port::words).collect();
    if !has.is_empty() {
        diagnostic.help(format!("it has {}", has.join(", ")));
    }
}
