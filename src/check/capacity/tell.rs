//! How findings about pods and their places are told.

use std::sync::Arc;

use super::gather::{Spot, Workload};
use crate::capacity::Reason;
use crate::check::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Subject};

pub(super) fn say<'d>(
    found: &'d mut Diagnostics,
    (severity, code): (Severity, Code),
    message: String,
    subject: &Arc<Subject>,
    (spot, label): (&Spot, &str),
    world: &World<'_>,
) -> &'d mut Diagnostic {
    let diagnostic = found.push(code, severity, message);
    diagnostic.object = Some(subject.clone());
    diagnostic.within(&spot.stretch.span(world), label, spot.document, spot.pointer.clone())
}

pub(super) fn title(workload: &Workload) -> String {
    format!("{} {}", workload.subject.kind, workload.subject.name.as_deref().unwrap_or_default())
}

/// Where a reason of the scheduler comes from, in the file.
pub(super) fn place<'w>(workload: &'w Workload, reason: &str) -> &'w Spot {
    let name = match reason {
        _ if reason.starts_with("Insufficient ") => reason.trim_start_matches("Insufficient "),
        _ if reason.contains("spread") => "spread",
        _ if reason.contains("PersistentVolume") => "kind",
        _ if reason.contains("affinity") => "where",
        _ if reason.contains("node name") => "node",
        _ => "replicas",
    };
    workload.spots.get(name).or_else(|| workload.spots.get("replicas")).unwrap_or(&workload.spots["kind"])
}

/// Of the reasons of several machines the one of the machine that came nearest to taking the pod: the scheduler asks in this order.
pub(super) fn nearest<'r>(reasons: impl IntoIterator<Item = &'r Reason>) -> &'r str {
    const LATER: [&str; 7] = ["taint", "node affinity", "ports", "Insufficient", "PersistentVolume", "spread", "pod a"];
    let stage = |reason: &&Reason| LATER.iter().rposition(|word| reason.contains(word));
    reasons.into_iter().max_by_key(stage).map_or("", |reason| reason)
}

pub(super) fn remedy(reason: &str) -> &'static str {
    match () {
        () if reason.starts_with("Insufficient ") => "ask for less, run fewer, or tell of larger or more machines",
        () if reason.contains("spread") => "more domains, a larger maxSkew, or whenUnsatisfiable: ScheduleAnyway",
        () if reason.contains("taint") => "tolerate the taint, or tell of machines without it",
        () if reason.contains("PersistentVolume") => "tell of machines where its volume is, or give it another",
        () if reason.contains("node affinity") => "the labels of the machines are those of the pools: correct one or the other",
        () if reason.contains("pod anti-affinity") => {
            "as many machines as there are pods, or a wish in place of a demand (preferred…)"
        }
        () if reason.contains("ports") => "one pod a machine has a port of it: run fewer, or leave out the hostPort",
        () => "tell of more machines, or ask for less of them",
    }
}
