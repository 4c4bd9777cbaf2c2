//! How requests to a host are sent, held against how its pods take them.

use super::hosts::Hosts;
use super::subsets::{labels, pods, takes};
use super::{Mesh, Thing};
use crate::check::pod::{field, text};
use crate::diagnostic::{Code, Diagnostics};
use crate::network::{Labels, Pod};

pub(super) fn check(mesh: &Mesh<'_>, hosts: &Hosts<'_>, found: &mut Diagnostics) {
    for rule in mesh.of("rule") {
        let Some(sent) = field(&rule.root, "spec.trafficPolicy.tls.mode") else { continue };
        let Some(service) = hosts.service_of(mesh, rule) else { continue };
        let wanted = labels(field(&service.root, "spec.selector"));
        let behind: Vec<&Pod> = pods(mesh, Some(service.namespace()), &wanted).filter(|_| !wanted.is_empty()).collect();
        for pod in behind {
            let Some(taken) = taken(mesh, pod) else { continue };
            let Some(words) = disagree(sent.as_str().unwrap_or_default(), taken.text("spec.mtls.mode").unwrap_or_default())
            else {
                continue;
            };
            let message = format!("{words} {}/{}, as the PeerAuthentication {} has it", pod.namespace, pod.name, taken.title());
            let place = (sent.mark, format!("{}/spec/trafficPolicy/tls/mode", rule.entry.pointer));
            let diagnostic = mesh.tell(found, (mesh.between(), Code::MeshTls), message, rule, place, "sent so");
            mesh.beside(diagnostic, taken.entry, "taken so");
            break;
        }
    }
}

fn disagree(sent: &str, taken: &str) -> Option<&'static str> {
    match (sent, taken) {
        ("DISABLE", "STRICT") => Some("plain text is refused by"),
        ("SIMPLE" | "MUTUAL", "STRICT") => Some("TLS that is not of the mesh is refused by"),
        ("ISTIO_MUTUAL", "DISABLE") => Some("TLS of the mesh is not taken by"),
        _ => None,
    }
}

/// What says how a pod takes requests: what chooses it, else what is for its namespace, else what is for all. None where ports differ.
fn taken<'m>(mesh: &'m Mesh<'_>, pod: &Pod) -> Option<&'m Thing<'m>> {
    let selector = |peers: &Thing<'_>| -> Labels { labels(field(&peers.root, "spec.selector.matchLabels")) };
    let all = mesh.of("peers");
    let own = || all.iter().filter(|peers| peers.namespace() == pod.namespace);
    let chosen = own().find(|peers| !selector(peers).is_empty() && takes(&selector(peers), &pod.labels));
    let wide = || own().find(|peers| selector(peers).is_empty());
    let root = || all.iter().find(|peers| peers.namespace() == mesh.says("root") && selector(peers).is_empty());
    let taken = chosen.or_else(wide).or_else(root)?;
    let says = text(&taken.root, "spec.mtls.mode").is_some() && field(&taken.root, "spec.portLevelMtls").is_none();
    says.then_some(taken)
}
