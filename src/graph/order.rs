//! Workloads that wait for each other in, the wave of each out; a circle of waiting is an error.

use super::{Connection, Workload};
use crate::diagnostic::{Code, Diagnostics, Reported};

/// A workload's wave is one more than the highest of those it waits for.
pub(super) fn waves(workloads: &mut [Workload], connections: &[Connection], diags: &mut Diagnostics) -> Result<(), Reported> {
    let mut waiting: Vec<usize> = workloads.iter().map(|workload| waits(workload, connections).count()).collect();
    let mut ready: Vec<usize> = (0..workloads.len()).filter(|index| waiting[*index] == 0).collect();
    let mut done = 0;
    while let Some(index) = ready.pop() {
        done += 1;
        for connection in workloads[index].takes.clone() {
            let connection = &connections[connection];
            if !connection.waits || connection.from == index {
                continue;
            }
            let next = connection.from;
            workloads[next].wave = workloads[next].wave.max(workloads[index].wave + 1);
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(next);
            }
        }
    }
    if done < workloads.len() {
        report(workloads, connections, &waiting, diags);
    }
    diags.checkpoint()
}

/// The connections a workload waits for, itself left out.
pub(super) fn waits<'a>(workload: &'a Workload, connections: &'a [Connection]) -> impl Iterator<Item = &'a Connection> {
    workload
        .makes
        .iter()
        .map(|index| &connections[*index])
        .filter(|connection| connection.waits && connection.from != connection.to)
}

/// Follows waiting workloads until one comes back, and tells that circle.
fn report(workloads: &[Workload], connections: &[Connection], waiting: &[usize], diags: &mut Diagnostics) {
    let mut path: Vec<&Connection> = Vec::new();
    let mut at = waiting.iter().position(|count| *count > 0).expect("some workload still waits");
    while !path.iter().any(|connection| connection.from == at) {
        let next = waits(&workloads[at], connections).find(|connection| waiting[connection.to] > 0);
        let next = next.expect("what still waits, waits for something that does");
        path.push(next);
        at = next.to;
    }
    let start = path.iter().position(|connection| connection.from == at).expect("found above");
    let circle = &path[start..];
    let names: Vec<&str> = circle.iter().map(|connection| workloads[connection.from].name.as_str()).collect();
    let message = format!("{} -> {} wait for each other", names.join(" -> "), names[0]);
    let diagnostic = diags.error(Code::Cycle, message);
    for connection in circle {
        let label = format!("{} waits for {}", workloads[connection.from].name, workloads[connection.to].name);
        diagnostic.at_some(connection.need.key_span(), label);
    }
    diagnostic.help("let one of them go ahead: order = false in its need");
}
