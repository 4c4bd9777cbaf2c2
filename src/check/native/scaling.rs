//! What holds for what scales others.

use super::{Rules, head, items, text};
use crate::yaml::Yaml;

pub(super) fn scaler(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(spec) = object.root.get("spec") else { return };
    let path = object.path.field("spec");
    let number = |name: &str| spec.get(name)?.to_int();
    let least = number("minReplicas").unwrap_or(1);
    if number("maxReplicas").is_some_and(|most| most < least) {
        let mark = spec.get("maxReplicas").map_or_else(|| head(spec), |value| value.mark);
        rules.broken(format!("maxReplicas is below minReplicas, which is {least}"), mark, "here", &path.field("maxReplicas"));
    }
    let metrics = items(spec, "metrics");
    let is_idle_told = metrics.iter().any(|metric| matches!(text(metric, "type"), Some("External" | "Object")));
    if least == 0 && !is_idle_told {
        let mark = spec.get("minReplicas").map_or_else(|| head(spec), |value| value.mark);
        let message = "only a metric of type Object or External can tell when nothing should run".to_owned();
        rules.broken(message, mark, "here", &path.field("minReplicas"));
    }
    let target = path.field("scaleTargetRef");
    let lacks_group = |reference: &&Yaml<'_>| {
        text(reference, "apiVersion").is_none() && text(reference, "kind") != Some("ReplicationController")
    };
    if let Some(reference) = spec.get("scaleTargetRef").filter(lacks_group) {
        let message = "the target says its apiVersion".to_owned();
        rules.broken(message, head(reference), "in here", &target.field("apiVersion"));
    }
}
