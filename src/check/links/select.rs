//! What selects others by their labels: somebody is found, with the ports that are named.

use super::known::{Known, Target};
use super::{Label, Select, Selector, Term, tell};
use crate::check::Entry;
use crate::diagnostic::Diagnostics;

pub(super) fn check(entry: &Entry, select: &Select, known: &Known<'_>, found: &mut Diagnostics) {
    let all = if select.finds == "pod" { &known.pods } else { &known.services };
    let namespaces = select.namespaces.as_ref().map(|names| names.iter().map(String::as_str));
    let selected: Vec<&Target<'_>> = all.taken(namespaces, &select.selector);
    let nearness = |target: &Target<'_>| known.world.inputs.nearness(target.entry.file, entry.file);
    if selected.is_empty() {
        return tell::nobody(entry, select, known, found);
    }
    let nearest = selected.iter().map(|target| nearness(target)).max();
    for port in &select.ports {
        let has = |target: &&&Target<'_>| {
            target.is_made || target.ports.is_none_or(|ports| ports.iter().any(|p| p.name.as_deref() == Some(&port.name)))
        };
        if !selected.iter().any(|target| has(&target)) {
            let shown = selected.iter().find(|target| Some(nearness(target)) == nearest).unwrap_or(&selected[0]);
            tell::no_port(entry, select, port, shown, known, found);
        }
    }
}

impl Selector {
    /// What is made of an object may have labels that nobody knows here.
    pub fn takes(&self, target: &Target<'_>) -> bool {
        self.terms.iter().all(|term| {
            let found = value(target.labels, term.key());
            if found.is_none() && target.is_made {
                // One label at least is known to be asked for.
                return self.terms.iter().any(|term| value(target.labels, term.key()).is_some());
            }
            term.holds(found)
        })
    }

    /// `app=web,tier`
    pub fn words(&self) -> String {
        let words: Vec<String> = self.terms.iter().map(Term::words).collect();
        words.join(", ")
    }
}

impl Term {
    /// Of the value that a label has, if it is there.
    pub fn holds(&self, found: Option<&str>) -> bool {
        match self {
            Term::In(_, values) => found.is_some_and(|found| values.iter().any(|value| value == found)),
            Term::NotIn(_, values) => found.is_none_or(|found| values.iter().all(|value| value != found)),
            Term::Exists(_) => found.is_some(),
            Term::Absent(_) => found.is_none(),
        }
    }

    pub fn key(&self) -> &str {
        match self {
            Term::In(key, _) | Term::NotIn(key, _) | Term::Exists(key) | Term::Absent(key) => key,
        }
    }

    pub fn words(&self) -> String {
        match self {
            Term::In(key, values) => format!("{key}: {}", values.join(" or ")),
            Term::NotIn(key, values) => format!("{key}: not {}", values.join(" nor ")),
            Term::Exists(key) => key.clone(),
            Term::Absent(key) => format!("no {key}"),
        }
    }
}

pub(super) fn value<'l>(labels: &'l [Label], key: &str) -> Option<&'l str> {
    labels.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}
