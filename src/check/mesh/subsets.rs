//! Subsets of a Service, held against the pods that it selects.

use std::collections::BTreeMap;

use super::hosts::Hosts;
use super::{Mesh, Thing};
use crate::check::pod::field;
use crate::diagnostic::{Code, Diagnostics};
use crate::network::{Labels, Pod};
use crate::yaml::Yaml;

pub(super) fn check(mesh: &Mesh<'_>, hosts: &Hosts<'_>, found: &mut Diagnostics) {
    for rule in mesh.of("rule") {
        let Some(service) = hosts.service_of(mesh, rule) else { continue };
        let selector = labels(field(&service.root, "spec.selector"));
        if !selector.is_empty() {
            subsets(mesh, rule, service, &selector, found);
        }
    }
}

fn subsets(mesh: &Mesh<'_>, rule: &Thing<'_>, service: &Thing<'_>, selector: &Labels, found: &mut Diagnostics) {
    let behind: Vec<&Pod> = pods(mesh, Some(service.namespace()), selector).collect();
    for (subset, pointer) in rule.at("spec/subsets/*") {
        let wanted: Labels =
            labels(subset.get("labels")).into_iter().filter(|(key, value)| !is_given(mesh, key, value)).collect();
        if wanted.is_empty() || behind.iter().any(|pod| takes(&wanted, &pod.labels)) {
            continue;
        }
        let name = subset.get("name").and_then(Yaml::as_str).unwrap_or_default();
        let among = mesh.among();
        let message =
            format!("no pod{among} of the Service {} has the labels of the subset {name}: {}", service.title(), words(&wanted));
        let mark = subset.get("labels").map_or(subset.mark, crate::check::pod::head);
        let kind = (mesh.missing(!behind.is_empty()), Code::MeshSubset);
        let diagnostic = mesh.tell(found, kind, message, rule, (mark, format!("{pointer}/labels")), "these labels");
        mesh.beside(diagnostic, service.entry, "the Service");
    }
}

/// Labels that are not in any file: of machines, and those that a controller gives while it works.
fn is_given(mesh: &Mesh<'_>, key: &str, value: &str) -> bool {
    !value.is_empty() && mesh.table().texts("given_labels").any(|begin| key.starts_with(begin))
}

/// The pods of a namespace, or of all, that have some labels.
pub(super) fn pods<'p>(mesh: &'p Mesh<'_>, namespace: Option<&'p str>, wanted: &'p Labels) -> impl Iterator<Item = &'p Pod> {
    mesh.pods(namespace).filter(move |pod| takes(wanted, &pod.labels))
}

pub(super) fn takes(wanted: &Labels, labels: &Labels) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

pub(super) fn labels(yaml: Option<&Yaml<'_>>) -> Labels {
    let entries = yaml.map_or(&[][..], Yaml::entries).iter();
    entries
        .map(|entry| (entry.key.name.to_string(), entry.value.as_str().unwrap_or_default().to_owned()))
        .collect::<BTreeMap<_, _>>()
}

/// `app: web, tier: front`
pub(super) fn words(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")
}
