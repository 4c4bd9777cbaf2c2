//! What a Service has to be for the object that names it: one that finds its pods, and one that gives each of them a name in DNS.

use super::known::{Known, Target};
use super::select::value;
use super::{Kept, Link, Serves, Term, tell};
use crate::check::Entry;
use crate::diagnostic::{Diagnostics, Severity};

/// Why a Service is not what is asked for, and how bad that is.
pub(super) struct Unfit {
    pub severity: Severity,
    pub why: String,
}

pub(super) fn check(entry: &Entry, link: &Link, targets: &[Target<'_>], known: &Known<'_>, found: &mut Diagnostics) {
    let (Some(serves), Some(kept)) = (&link.serves, &entry.links) else { return };
    let unfit: Vec<Unfit> = targets.iter().filter_map(|target| unfit(serves, kept, target)).collect();
    // One of the objects of a name must do.
    if unfit.len() == targets.len() {
        tell::unfit(entry, link, &unfit[0], &targets[0], known, found);
    }
}

fn unfit(serves: &Serves, kept: &Kept, service: &Target<'_>) -> Option<Unfit> {
    let missed = || serves.finds.zip(missed(serves, kept, service));
    let has_address = || serves.is_headless.filter(|_| !service.is_headless && !service.is_made);
    let with_address = |severity| (severity, "has an address of its own, so that these pods have no names in DNS".to_owned());
    let (severity, why) = missed().or_else(|| has_address().map(with_address))?;
    Some(Unfit { severity, why })
}

/// What a Service looks for, and the pods do not have; pods that are made by somebody else are not known.
fn missed(serves: &Serves, kept: &Kept, service: &Target<'_>) -> Option<String> {
    kept.ports.as_ref()?;
    let has = |term: &Term| [&kept.labels, &serves.besides].into_iter().any(|labels| term.holds(value(labels, term.key())));
    let term = service.terms().find(|term| !has(term))?;
    let found = value(&kept.labels, term.key());
    let have = found.map_or_else(|| format!("no label {}", term.key()), |found| format!("{}: {found}", term.key()));
    Some(format!("asks for {}, and these pods have {have}", term.words()))
}
