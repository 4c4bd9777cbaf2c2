//! Who is in the mesh, and in which way: objects for proxies where there are none, and pods whose ports two Services call by two protocols.

use std::collections::BTreeMap;

use super::subsets::{labels, takes};
use super::{Mesh, Thing};
use crate::check::Entry;
use crate::check::pod::{self, field, number, text};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::network::{Labels, Pod};
use crate::node::Node;
use crate::yaml::Yaml;

pub(super) fn check(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    for sidecar in mesh.of("sidecar") {
        let labels = mesh.index.network.namespaces.get(sidecar.namespace());
        if labels.is_some_and(|labels| is_without_proxies(mesh, labels)) {
            let message = format!(
                "the pods of {} are in the mesh by their machine, and have no proxy that reads this",
                sidecar.namespace()
            );
            let kind = (Severity::Warning, Code::MeshIneffective);
            mesh.tell(found, kind, message, sidecar, sidecar.head(), "this one");
        }
    }
    let mut services: BTreeMap<&str, Vec<&Thing<'_>>> = BTreeMap::new();
    for service in mesh.of("service") {
        services.entry(service.namespace()).or_default().push(service);
    }
    for pod in mesh.index.network.pods.iter().filter(|pod| has_proxy(mesh, pod)) {
        protocols(mesh, pod, services.get(&*pod.namespace).map_or(&[], Vec::as_slice), found);
    }
}

/// Whether a label is there with its value, both by their words in the table of injection.
pub fn says(injection: &Node, labels: &Labels, key: &str, value: &str) -> bool {
    labels.get(injection.text(key)).is_some_and(|said| said == injection.text(value))
}

fn has(mesh: &Mesh<'_>, labels: &Labels, key: &str, value: &str) -> bool {
    mesh.table().get("injection").is_some_and(|injection| says(injection, labels, key, value))
}

fn is_without_proxies(mesh: &Mesh<'_>, labels: &Labels) -> bool {
    has(mesh, labels, "machine", "machine_on")
        && !has(mesh, labels, "label", "on")
        && !labels.contains_key(mesh.row("injection", "revision"))
}

fn has_proxy(mesh: &Mesh<'_>, pod: &Pod) -> bool {
    let of_pod = pod.labels.get(mesh.row("injection", "pod")).map(|said| said == "true");
    let is_on = |labels: &Labels| has(mesh, labels, "label", "on") || labels.contains_key(mesh.row("injection", "revision"));
    of_pod.unwrap_or_else(|| mesh.index.network.namespaces.get(&pod.namespace).is_some_and(is_on))
}

/// A port of a Service: the Service, the port of its pods, and what it is said to speak.
type Said<'m> = (&'m Thing<'m>, String, &'m str);

/// Two Services that lead to one port of a pod say one protocol of it.
fn protocols(mesh: &Mesh<'_>, pod: &Pod, services: &[&Thing<'_>], found: &mut Diagnostics) {
    let mut said: Vec<Said<'_>> = Vec::new();
    for service in services {
        let wanted = labels(field(&service.root, "spec.selector"));
        if wanted.is_empty() || !takes(&wanted, &pod.labels) {
            continue;
        }
        for (port, _) in service.at("spec/ports/*") {
            let Some((target, protocol)) = target(port).zip(protocol(mesh, port)) else { continue };
            let other = said.iter().find(|(other, known, spoken)| !other.is(service) && *known == target && *spoken != protocol);
            if let Some((other, _, spoken)) = other {
                let message = format!(
                    "port {target} of {} {}/{} is {protocol} for the Service {}, and {spoken} for {}",
                    pod.kind,
                    pod.namespace,
                    pod.name,
                    service.name(),
                    other.name()
                );
                tell(mesh, pod, message, [service, other], found);
                return;
            }
            said.push((service, target, protocol));
        }
    }
}

/// Pods could once stay outside by an annotation.
fn is_out(mesh: &Mesh<'_>, entry: &Entry) -> bool {
    let (mut is_out, key) = (false, mesh.row("injection", "pod"));
    mesh.world.revisit(&[entry], &mut |object, _| {
        let pod = pod::Pod::of(object, mesh.world.tables);
        is_out = pod.is_some_and(|pod| pod.annotations().any(|(name, value)| name == key && value.as_str() == Some("false")));
    });
    is_out
}

fn tell(mesh: &Mesh<'_>, pod: &Pod, message: String, services: [&Thing<'_>; 2], found: &mut Diagnostics) {
    let entry = &mesh.index.objects[pod.home];
    if is_out(mesh, entry) {
        return;
    }
    let diagnostic = found.push(Code::MeshProtocol, Severity::Warning, message);
    diagnostic.object = Some(entry.subject.clone());
    diagnostic.within(&entry.span(mesh.world), "this pod", entry.document, entry.pointer.clone());
    services.iter().for_each(|service| mesh.beside(diagnostic, service.entry, "one of the Services"));
}

fn target(port: &Yaml<'_>) -> Option<String> {
    let named = text(port, "targetPort").map(str::to_owned);
    named.or_else(|| number(port, "targetPort").or_else(|| number(port, "port")).map(|number| number.to_string()))
}

/// What a port says it speaks; none where the proxy finds out.
fn protocol<'m>(mesh: &Mesh<'m>, port: &Yaml<'_>) -> Option<&'m str> {
    let said = text(port, "appProtocol").or_else(|| text(port, "name"))?.to_ascii_lowercase();
    let first = said.split('-').next().unwrap_or_default();
    mesh.table().texts("protocols").find(|known| *known == said || *known == first)
}
