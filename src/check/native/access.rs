//! What holds for roles and who has them.

use super::{Rules, head, items, text};
use crate::structural::Format;
use crate::yaml::Yaml;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn rules(rules: &mut Rules<'_>) {
    let object = rules.object;
    let list = object.path.field("rules");
    for (at, rule) in items(object.root, "rules").iter().enumerate() {
        let path = list.item(at);
        if !items(rule, "nonResourceURLs").is_empty() {
            let is_cluster = object.subject.kind == "ClusterRole";
            if !is_cluster || !items(rule, "resources").is_empty() || !items(rule, "apiGroups").is_empty() {
                let message = "nonResourceURLs stand alone, in a role of no namespace".to_owned();
                rules.broken(message, head(rule), "in this rule", &path.field("nonResourceURLs"));
            }
            continue;
        }
        for (name, what) in [("apiGroups", "which API groups"), ("resources", "which resources")] {
            if items(rule, name).is_empty() {
                let message = format!("a rule says {what} it is about");
                rules.broken(message, head(rule), "in this rule", &path.field(name));
            }
        }
    }
}

pub(super) fn subjects(rules: &mut Rules<'_>) {
    let object = rules.object;
    let list = object.path.field("subjects");
    let name_form = Format::parse("dns-subdomain").expect("a row of the table");
    for (at, subject) in items(object.root, "subjects").iter().enumerate() {
        let path = list.item(at);
        let (kind, group) = (text(subject, "kind").unwrap_or_default(), text(subject, "apiGroup").unwrap_or_default());
        let mark = |name: &str| subject.get(name).map_or_else(|| head(subject), |value: &Yaml<'_>| value.mark);
        let name = text(subject, "name").unwrap_or_default();
        if kind == "ServiceAccount" {
            // In a namespace its own is meant.
            if text(subject, "namespace").is_none() && object.subject.kind == "ClusterRoleBinding" {
                let message = format!("the ServiceAccount {name} has no namespace");
                rules.broken(message, head(subject), "in here", &path.field("namespace"));
            }
            if !name_form.holds(name) {
                let message = format!("{name:?} cannot be a name of the kind ServiceAccount: expected {}", name_form.words());
                rules.broken(message, mark("name"), "this name", &path.field("name"));
            }
            if !group.is_empty() {
                rules.broken("a ServiceAccount has no apiGroup".to_owned(), mark("apiGroup"), "here", &path.field("apiGroup"));
            }
        } else if !matches!(group, "" | GROUP) {
            rules.broken(format!("the apiGroup of a {kind} is {GROUP}"), mark("apiGroup"), "here", &path.field("apiGroup"));
        }
    }
}
