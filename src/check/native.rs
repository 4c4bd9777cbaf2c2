//! Rules of Kubernetes itself that no schema holds: they are about several fields. An object that is sound by its schema in.

mod access;
mod admission;
mod network;
mod pods;
mod policies;
mod scaling;
mod storage;
mod workloads;

use super::{Object, Tables, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::node::Node;
use crate::structural::Path;
use crate::yaml::{Mark, Yaml};

type Check = fn(&mut Rules<'_>);

/// Kinds without pods that have rules of their own: group, kind, rules.
const OTHERS: &[(&str, &str, Check)] = &[
    ("", "Service", network::service),
    ("networking.k8s.io", "Ingress", network::ingress),
    ("networking.k8s.io", "NetworkPolicy", policies::policy),
    ("", "LimitRange", storage::limits),
    ("", "PersistentVolumeClaim", |rules| storage::claim(rules.object.root, &rules.object.path, rules)),
    ("", "Namespace", namespace),
    ("rbac.authorization.k8s.io", "Role", access::rules),
    ("rbac.authorization.k8s.io", "ClusterRole", access::rules),
    ("rbac.authorization.k8s.io", "RoleBinding", access::subjects),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", access::subjects),
    ("autoscaling", "HorizontalPodAutoscaler", scaling::scaler),
    ("discovery.k8s.io", "EndpointSlice", network::slice),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", admission::policy),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", admission::binding),
];

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let mut rules = Rules { object, found };
    if let Some(row) = world.tables.pod(object) {
        workloads::check(row, &mut rules);
    }
    let others = OTHERS.iter().find(|(group, kind, _)| (*group, *kind) == (object.group(), &object.subject.kind));
    if let Some((_, _, check)) = others {
        check(&mut rules);
    }
}

impl Tables {
    /// The row of a kind that has pods.
    pub(super) fn pod(&self, object: &Object<'_>) -> Option<&Node> {
        self.pods_row("pod", &object.subject.kind, object.group())
    }

    /// Likewise, or of a kind whose operator makes some.
    pub(super) fn with_pods(&self, kind: &str, group: &str) -> Option<&Node> {
        self.pods_row("pod", kind, group).or_else(|| self.pods_row("operated", kind, group))
    }

    fn pods_row(&self, list: &str, kind: &str, group: &str) -> Option<&Node> {
        let rows = self.pods.get(list)?.items().iter();
        rows.map(|row| &**row).find(|row| row.text("kind").split_once('.') == Some((kind, group)))
    }
}

/// The object that is judged, and what is found.
struct Rules<'r> {
    object: &'r Object<'r>,
    found: &'r mut Diagnostics,
}

impl Rules<'_> {
    fn broken(&mut self, message: String, mark: Mark, label: &str, path: &Path<'_>) -> &mut Diagnostic {
        let error = (Severity::Error, Code::BrokenRule);
        self.object.report(self.found, error, message, (mark, label), path.pointer())
    }
}

/// A text under a name; none where it is empty.
fn text<'y>(yaml: &'y Yaml<'_>, name: &str) -> Option<&'y str> {
    yaml.get(name).and_then(Yaml::as_str).filter(|text| !text.is_empty())
}

fn items<'y, 't>(yaml: &'y Yaml<'t>, name: &str) -> &'y [Yaml<'t>] {
    yaml.get(name).map_or(&[][..], Yaml::items)
}

/// Where to point at for a map as a whole.
fn head(yaml: &Yaml<'_>) -> Mark {
    yaml.entries().first().map_or(yaml.mark, |entry| entry.key.mark)
}

/// The labels that Pod Security reads.
fn namespace(rules: &mut Rules<'_>) {
    const PREFIX: &str = "pod-security.kubernetes.io/";
    let object = rules.object;
    let metadata = object.path.field("metadata");
    let labels = metadata.field("labels");
    for label in object.metadata("labels").map_or(&[][..], Yaml::entries) {
        let Some(name) = label.key.name.strip_prefix(PREFIX) else { continue };
        let value = label.value.as_str().unwrap_or_default();
        let is_version = value == "latest" || value.strip_prefix("v1.").is_some_and(|minor| minor.parse::<u16>().is_ok());
        let (is_good, wanted) = match name {
            "enforce" | "audit" | "warn" => {
                (matches!(value, "privileged" | "baseline" | "restricted"), "privileged, baseline or restricted")
            }
            "enforce-version" | "audit-version" | "warn-version" => (is_version, "latest, or a version such as v1.36"),
            _ => continue,
        };
        if !is_good {
            let message = format!("{}: expected {wanted}, found {value:?}", label.key.name);
            rules.broken(message, label.value.mark, "here", &labels.field(&label.key.name));
        }
    }
}
