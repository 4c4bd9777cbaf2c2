//! What holds for the object around its pods: selectors, restart policies, the steps of an update, claims.

use super::{Rules, head, items, pods, text};
use crate::node::Node;
use crate::structural::Path;
use crate::yaml::{Data, Entry, Yaml};

pub(super) fn check(row: &Node, rules: &mut Rules<'_>) {
    let object = rules.object;
    update(rules);
    if let Some(claims) = row.get("claims").and_then(|at| object.root.pointer(at.as_str()?)) {
        let spec = object.path.field("spec");
        let list = spec.field("volumeClaimTemplates");
        for (at, claim) in claims.items().iter().enumerate() {
            super::storage::claim(claim, &list.item(at), rules);
        }
    }
    let Some(template) = object.root.pointer(row.text("template")) else { return };
    let steps: Vec<&str> = row.text("template").split('/').skip(1).collect();
    descend(&steps, &object.path, &mut |path| {
        let Some(spec) = template.get("spec") else { return };
        let path = path.field("spec");
        restart(row, spec, &path, rules);
        let claims: Vec<&str> = (object.root.pointer(row.text("claims")).filter(|_| row.get("claims").is_some()))
            .map_or(&[][..], Yaml::items)
            .iter()
            .filter_map(|claim| text(claim.get("metadata")?, "name"))
            .collect();
        pods::check(spec, &claims, &path, rules);
    });
    if let Some(selector) = row.get("selector").and_then(|selector| object.root.pointer(selector.as_str()?)) {
        selects(selector, template, rules);
    }
    if let Some(labels) = row.get("labels").and_then(|labels| object.root.pointer(labels.as_str()?)) {
        let spec = object.path.field("spec");
        asks(labels.entries(), template, &spec.field("selector"), rules);
    }
}

fn descend(steps: &[&str], path: &Path<'_>, with: &mut dyn FnMut(&Path<'_>)) {
    match steps {
        [] => with(path),
        [first, rest @ ..] => descend(rest, &path.field(first), with),
    }
}

fn restart(row: &Node, spec: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let allowed: Vec<&str> = row.texts("restart").collect();
    let given = spec.get("restartPolicy");
    let policy = given.and_then(Yaml::as_str).unwrap_or("");
    let policy = if policy.is_empty() { *allowed.first().unwrap_or(&"") } else { policy };
    let choices: Vec<&str> = allowed.iter().copied().filter(|choice| !choice.is_empty()).collect();
    if !choices.contains(&policy) {
        let kind = &rules.object.subject.kind;
        let found = if policy.is_empty() { "none, which means Always".to_owned() } else { policy.to_owned() };
        let message = format!("the pods of a {kind} have the restartPolicy {}, not {found}", choices.join(" or "));
        let mark = given.map_or_else(|| spec.entries().first().map_or(spec.mark, |entry| entry.key.mark), |given| given.mark);
        rules.broken(message, mark, "here", &path.field("restartPolicy"));
    }
}

/// The selector finds the pods that the template makes.
fn selects(selector: &Yaml<'_>, template: &Yaml<'_>, rules: &mut Rules<'_>) {
    let object = rules.object;
    let spec = object.path.field("spec");
    let path = spec.field("selector");
    let wanted = selector.get("matchLabels").map_or(&[][..], Yaml::entries);
    let expressions = items(selector, "matchExpressions");
    if wanted.is_empty() && expressions.is_empty() {
        rules.broken("the selector selects every pod".to_owned(), selector.mark, "it must not be empty", &path);
        return;
    }
    asks(wanted, template, &path.field("matchLabels"), rules);
    for (at, expression) in expressions.iter().enumerate() {
        let values: Vec<&str> = items(expression, "values").iter().filter_map(Yaml::as_str).collect();
        let found = label(template, text(expression, "key").unwrap_or_default());
        let holds = match text(expression, "operator").unwrap_or_default() {
            "In" => found.is_some_and(|found| values.contains(&found)),
            "NotIn" => found.is_none_or(|found| !values.contains(&found)),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => true,
        };
        if !holds {
            let message = "the selector asks for what the pods of the template do not have".to_owned();
            rules.broken(message, expression.mark, "asked for here", &path.field("matchExpressions").item(at));
        }
    }
}

/// The labels that a selector asks for, and those that the pods have.
fn asks(wanted: &[Entry<'_>], template: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    for wanted in wanted {
        let value = wanted.value.as_str().unwrap_or_default();
        let (name, found) = (&wanted.key.name, label(template, &wanted.key.name));
        if found != Some(value) {
            let message = match found {
                Some(other) => format!("the selector asks for {name}: {value}, and the pods have {name}: {other}"),
                None => format!("the selector asks for {name}: {value}, and the pods have no label {name}"),
            };
            let diagnostic = rules.broken(message, wanted.value.mark, "asked for here", &path.field(name));
            diagnostic.help("give the pods in the template the labels that the selector asks for");
        }
    }
}

/// A label of the pods.
fn label<'y>(template: &'y Yaml<'_>, name: &str) -> Option<&'y str> {
    let value = template.get("metadata")?.get("labels")?.get(name)?;
    Some(value.as_str().unwrap_or_default())
}

/// An update that may neither make a pod more nor take one away would never move.
fn update(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(strategy) = object.root.get("spec").and_then(|spec| spec.get("strategy").or_else(|| spec.get("updateStrategy")))
    else {
        return;
    };
    let (spec, kind) = (object.path.field("spec"), text(strategy, "type").unwrap_or("RollingUpdate"));
    let path = spec.field(if object.root.pointer("/spec/strategy").is_some() { "strategy" } else { "updateStrategy" });
    let Some(rolling) = strategy.get("rollingUpdate").filter(|rolling| !matches!(rolling.data, Data::Null)) else { return };
    if kind != "RollingUpdate" {
        let message = format!("a strategy of type {kind} takes no rollingUpdate");
        rules.broken(message, head(rolling), "in here", &path.field("rollingUpdate"));
        return;
    }
    let is_none = |name: &str| match rolling.get(name).map(|value| &value.data) {
        Some(Data::Number(number)) => number.to_int() == Some(0),
        Some(Data::Str(text)) => text.strip_suffix('%').is_some_and(|digits| digits.bytes().all(|digit| digit == b'0')),
        _ => false,
    };
    // What is left out is a quarter for a Deployment, and one pod more or less for a DaemonSet.
    let (surge, unavailable) = (is_none("maxSurge"), is_none("maxUnavailable"));
    let surges = rolling.get("maxSurge").is_some() || object.subject.kind == "Deployment";
    if unavailable && (surge || !surges) && matches!(object.subject.kind.as_str(), "Deployment" | "DaemonSet") {
        let message = "an update may neither add a pod nor take one away, so it never moves".to_owned();
        let inner = path.field("rollingUpdate");
        rules
            .broken(message, head(rolling), "both are 0", &inner.field("maxUnavailable"))
            .help("give maxSurge or maxUnavailable 1");
    }
}
