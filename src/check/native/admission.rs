//! What holds for policies of admission and their bindings: they say what they are about, and what is asked of it.

use super::{Rules, head, items, text};
use crate::structural::{Format, Path};
use crate::yaml::Yaml;

const OPERATIONS: [&str; 5] = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];
const ACTIONS: [&str; 3] = ["Deny", "Warn", "Audit"];

pub(super) fn policy(rules: &mut Rules<'_>) {
    let object = rules.object;
    let path = object.path.field("spec");
    let spec = object.root.get("spec").unwrap_or(object.root);
    match spec.get("matchConstraints").filter(|matched| !items(matched, "resourceRules").is_empty()) {
        Some(matched) => resources(matched, &path.field("matchConstraints"), rules),
        None => lacks("a policy says which requests it is about: matchConstraints.resourceRules", spec, &path, rules),
    }
    if items(spec, "validations").is_empty() && items(spec, "auditAnnotations").is_empty() {
        lacks("a policy has validations or auditAnnotations", spec, &path, rules);
    }
    for list in ["validations", "variables", "matchConditions"] {
        let list_path = path.field(list);
        for (at, part) in items(spec, list).iter().enumerate() {
            if text(part, "expression").is_none_or(|expression| expression.trim().is_empty()) {
                lacks("there is no expression", part, &list_path.item(at), rules);
            }
        }
    }
    let is_word = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let qualified = Format::parse("qualified-name").expect("a row of the table");
    names(spec, "variables", "letters, digits and _", &is_word, rules);
    names(spec, "matchConditions", qualified.words(), &|name| qualified.holds(name), rules);
}

pub(super) fn binding(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(spec) = object.root.get("spec") else { return };
    let path = object.path.field("spec");
    let name_form = Format::parse("dns-subdomain").expect("a row of the table");
    if let Some(name) = spec.get("policyName").filter(|name| name.as_str().is_some_and(|name| !name_form.holds(name))) {
        let message = format!("a policy is called by {}", name_form.words());
        rules.broken(message, name.mark, "here", &path.field("policyName"));
    }
    if let Some(matched) = spec.get("matchResources") {
        resources(matched, &path.field("matchResources"), rules);
    }
    if items(spec, "validationActions").is_empty() {
        lacks("a binding says what follows: validationActions", spec, &path, rules);
    }
    choices(spec, "validationActions", &ACTIONS, &path, rules);
}

/// Which requests are meant.
fn resources(matched: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    for list in ["resourceRules", "excludeResourceRules"] {
        let list_path = path.field(list);
        for (at, rule) in items(matched, list).iter().enumerate() {
            let path = list_path.item(at);
            for name in ["operations", "apiGroups", "apiVersions", "resources"] {
                let words = items(rule, name);
                if words.is_empty() {
                    lacks(&format!("a rule of requests says its {name}"), rule, &path, rules);
                }
                if name != "resources" && words.len() > 1 && words.iter().any(|word| word.as_str() == Some("*")) {
                    let message = format!("where \"*\" is among the {name}, no others are");
                    rules.broken(message, head(rule), "in here", &path.field(name));
                }
                // The group of the core has an empty name.
                if let Some(empty) = words.iter().find(|word| name != "apiGroups" && word.as_str().is_none_or(str::is_empty)) {
                    rules.broken(format!("one of the {name} says nothing"), empty.mark, "here", &path.field(name));
                }
            }
            choices(rule, "operations", &OPERATIONS, &path, rules);
        }
    }
}

fn choices(yaml: &Yaml<'_>, name: &str, known: &[&str], path: &Path<'_>, rules: &mut Rules<'_>) {
    let path = path.field(name);
    for (at, word) in items(yaml, name).iter().enumerate() {
        if let Some(text) = word.as_str().filter(|text| !text.is_empty() && !known.contains(text)) {
            let told = rules.broken(format!("{text} is none of the {name}"), word.mark, "here", &path.item(at));
            told.suggest(text, known.iter().copied());
        }
    }
}

fn names(spec: &Yaml<'_>, list: &str, form: &str, holds: &dyn Fn(&str) -> bool, rules: &mut Rules<'_>) {
    let path = rules.object.path.field("spec");
    let list_path = path.field(list);
    for (at, part) in items(spec, list).iter().enumerate() {
        if let Some(name) = part.get("name").filter(|name| name.as_str().is_some_and(|name| !name.is_empty() && !holds(name))) {
            rules.broken(format!("a name here is {form}"), name.mark, "here", &list_path.item(at).field("name"));
        }
    }
}

fn lacks(message: &str, yaml: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    rules.broken(message.to_owned(), head(yaml), "in here", path);
}
