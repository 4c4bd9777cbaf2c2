//! What holds within a pod: volumes and their mounts, ports, requests and limits, environment variables.

use super::{Rules, head, items, text};
use crate::structural::Path;
use crate::yaml::{Data, Yaml};

/// The lists of a pod that hold containers.
const CONTAINERS: [&str; 2] = ["initContainers", "containers"];

/// `claims` are the volumes that a StatefulSet makes for each pod.
pub(super) fn check(spec: &Yaml<'_>, claims: &[&str], path: &Path<'_>, rules: &mut Rules<'_>) {
    let volumes: Vec<&str> =
        items(spec, "volumes").iter().filter_map(|volume| text(volume, "name")).chain(claims.iter().copied()).collect();
    if items(spec, "containers").is_empty() {
        rules.broken("a pod needs a container".to_owned(), head(spec), "in here", &path.field("containers"));
    }
    for (at, volume) in items(spec, "volumes").iter().enumerate() {
        let list = path.field("volumes");
        sources(volume, &list.item(at), rules);
    }
    let mut names: Vec<&str> = Vec::new();
    let mut ports: Vec<(&str, &str)> = Vec::new();
    for list in CONTAINERS {
        let list_path = path.field(list);
        for (at, container) in items(spec, list).iter().enumerate() {
            let path = list_path.item(at);
            let name = text(container, "name").unwrap_or_default();
            if names.contains(&name) {
                rules.broken(
                    format!("two containers of the pod are called {name}"),
                    head(container),
                    "again here",
                    &path.field("name"),
                );
            }
            names.push(name);
            one(container, &volumes, &path, rules);
            for (at, port) in items(container, "ports").iter().enumerate() {
                let Some(name) = text(port, "name") else { continue };
                if ports.contains(&(list, name))
                    && items(container, "ports")[..at].iter().any(|other| text(other, "name") == Some(name))
                {
                    let path = path.field("ports");
                    rules.broken(
                        format!("two ports of the container are called {name}"),
                        head(port),
                        "again here",
                        &path.item(at),
                    );
                }
                ports.push((list, name));
            }
        }
    }
}

/// What a volume is of has a name.
fn sources(volume: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    for (source, key) in [("secret", "secretName"), ("configMap", "name")] {
        if let Some(inner) = volume.get(source).filter(|inner| text(inner, key).is_none() && matches!(inner.data, Data::Map(_))) {
            let path = path.field(source);
            rules.broken(format!("the volume does not say which {source} it is of"), head(inner), "in here", &path.field(key));
        }
    }
}

fn one(container: &Yaml<'_>, volumes: &[&str], path: &Path<'_>, rules: &mut Rules<'_>) {
    let name = text(container, "name").unwrap_or_default();
    if text(container, "image").is_none() {
        rules.broken(format!("the container {name} has no image"), head(container), "in here", &path.field("image"));
    }
    for (list, key) in [("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")] {
        mounts(container, (list, key), volumes, path, rules);
    }
    environment(container, path, rules);
    if let Some(resources) = container.get("resources") {
        resources_fit(resources, &path.field("resources"), rules);
    }
}

fn mounts(container: &Yaml<'_>, (list, key): (&str, &str), volumes: &[&str], path: &Path<'_>, rules: &mut Rules<'_>) {
    let list_path = path.field(list);
    let mut paths: Vec<&str> = Vec::new();
    for (at, mount) in items(container, list).iter().enumerate() {
        let path = list_path.item(at);
        let name = text(mount, "name").unwrap_or_default();
        if !name.is_empty() && !volumes.contains(&name) {
            let mark = mount.get("name").map_or(mount.mark, |name| name.mark);
            let diagnostic =
                rules.broken(format!("the pod has no volume called {name}"), mark, "mounted here", &path.field("name"));
            diagnostic.suggest(name, volumes.iter().copied());
        }
        let place = text(mount, key).unwrap_or_default();
        if paths.contains(&place) {
            rules.broken(format!("two volumes are mounted at {place}"), head(mount), "the second", &path.field(key));
        }
        paths.push(place);
    }
}

fn environment(container: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let list = path.field("env");
    for (at, variable) in items(container, "env").iter().enumerate() {
        if text(variable, "value").is_some() && variable.get("valueFrom").is_some() {
            let name = text(variable, "name").unwrap_or_default();
            let message = format!("the variable {name} has both a value and a source of one");
            rules.broken(message, head(variable), "this variable", &list.item(at));
        }
    }
}

/// No request is above its limit.
fn resources_fit(resources: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let Some(limits) = resources.get("limits") else { return };
    let requests_path = path.field("requests");
    for request in resources.get("requests").map_or(&[][..], Yaml::entries) {
        let Some(limit) = limits.get(&request.key.name) else { continue };
        if quantity(&request.value).zip(quantity(limit)).is_some_and(|(asked, most)| asked > most) {
            let message = format!("the request of {} is above its limit", request.key.name);
            let diagnostic = rules.broken(message, request.value.mark, "asked for", &requests_path.field(&request.key.name));
            diagnostic.help("a limit is the most that a container gets: raise it, or lower the request");
        }
    }
}

/// A quantity as a number, exact enough to tell which of two is more.
pub(super) fn quantity(yaml: &Yaml<'_>) -> Option<f64> {
    let text = match &yaml.data {
        Data::Number(number) => return Some(number.to_f64()),
        Data::Null => return Some(0.0),
        _ => yaml.as_str()?.trim(),
    };
    let at = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        _ => return text.parse().ok(),
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}
