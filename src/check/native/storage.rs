//! What holds for claims on storage, and for the room that a namespace gives.

use super::pods::quantity;
use super::{Rules, head, items, text};
use crate::structural::Path;
use crate::yaml::Yaml;

/// A PersistentVolumeClaim, or the template of one.
pub(super) fn claim(claim: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let path = path.field("spec");
    let Some(spec) = claim.get("spec") else {
        rules.broken("a claim says what it wants".to_owned(), head(claim), "in here", &path);
        return;
    };
    if items(spec, "accessModes").is_empty() {
        let message = "a claim needs an access mode".to_owned();
        rules.broken(message, head(spec), "in here", &path.field("accessModes")).help("ReadWriteOnce is what most want");
    }
    let modes = items(spec, "accessModes");
    if modes.len() > 1 && modes.iter().any(|mode| mode.as_str() == Some("ReadWriteOncePod")) {
        rules.broken("ReadWriteOncePod stands alone".to_owned(), head(spec), "in here", &path.field("accessModes"));
    }
    let asked = spec.get("resources").and_then(|resources| resources.get("requests")?.get("storage"));
    let resources = path.field("resources");
    if asked.is_none_or(|asked| quantity(asked).is_some_and(|size| size <= 0.0)) {
        rules.broken("a claim says how much it wants".to_owned(), head(spec), "in here", &resources.field("requests"));
    }
}

pub(super) fn limits(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(spec) = object.root.get("spec") else { return };
    let path = object.path.field("spec");
    let list = path.field("limits");
    for (at, limit) in items(spec, "limits").iter().enumerate() {
        let path = list.item(at);
        // Each must not be above the next.
        let order = ["min", "defaultRequest", "default", "max"];
        for (less, more) in order.iter().enumerate().flat_map(|(i, less)| order[i + 1..].iter().map(move |more| (less, more))) {
            let more_of = limit.get(more);
            for small in limit.get(less).map_or(&[][..], Yaml::entries) {
                let large = more_of.and_then(|large| large.get(&small.key.name)).and_then(quantity);
                if quantity(&small.value).zip(large).is_some_and(|(small, large)| small > large) {
                    let message = format!("the {less} of {} is above the {more}", small.key.name);
                    let inner = path.field(less);
                    rules.broken(message, small.value.mark, "here", &inner.field(&small.key.name));
                }
            }
        }
        let is_pod = text(limit, "type") == Some("Pod");
        for name in ["default", "defaultRequest"] {
            if let Some(value) = limit.get(name).filter(|value| is_pod && !value.entries().is_empty()) {
                rules.broken(format!("a limit of type Pod takes no {name}"), head(value), "here", &path.field(name));
            }
        }
    }
}
