//! What holds for services, the ways in, and policies of the network.

use super::{Rules, head, items, text};
use crate::structural::{Format, Path};
use crate::yaml::{Data, Yaml};

pub(super) fn service(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(spec) = object.root.get("spec") else {
        rules.broken("a service needs a port".to_owned(), object.head(), "in here", &object.path.field("spec"));
        return;
    };
    let path = object.path.field("spec");
    let (ports, ports_path) = (items(spec, "ports"), path.field("ports"));
    let is_external = text(spec, "type") == Some("ExternalName");
    let is_headless = text(spec, "clusterIP") == Some("None");
    if is_external && text(spec, "externalName").is_none() {
        rules.broken(
            "an ExternalName service needs an externalName".to_owned(),
            spec.mark,
            "in here",
            &path.field("externalName"),
        );
    }
    if ports.is_empty() && !is_external && !is_headless {
        rules.broken("a service needs a port".to_owned(), head(spec), "in here", &ports_path);
    }
    let mut names: Vec<&str> = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        let item = ports_path.item(at);
        match text(port, "name") {
            None if ports.len() > 1 => {
                let message = "each of several ports of a service needs a name".to_owned();
                rules.broken(message, head(port), "this one has none", &item.field("name"));
            }
            Some(name) if names.contains(&name) => {
                rules.broken(format!("two ports of the service are called {name}"), port.mark, "again here", &item.field("name"));
            }
            name => names.extend(name),
        }
        let has_node_port =
            matches!(port.get("nodePort").map(|port| &port.data), Some(Data::Number(number)) if number.to_int() != Some(0));
        if has_node_port && !matches!(text(spec, "type"), Some("NodePort" | "LoadBalancer")) {
            let message = "a nodePort needs a service of type NodePort or LoadBalancer".to_owned();
            rules.broken(message, head(port), "in here", &item.field("nodePort"));
        }
    }
}

pub(super) fn ingress(rules: &mut Rules<'_>) {
    let object = rules.object;
    let path = object.path.field("spec");
    let spec = object.root.get("spec");
    let rows = spec.map_or(&[][..], |spec| items(spec, "rules"));
    if rows.is_empty() && spec.and_then(|spec| spec.get("defaultBackend")).is_none() {
        let mark = spec.map_or_else(|| object.head(), head);
        rules.broken("an ingress needs rules or a defaultBackend".to_owned(), mark, "in here", &path);
    }
    let rows_path = path.field("rules");
    for (at, row) in rows.iter().enumerate() {
        let Some(http) = row.get("http") else { continue };
        let row_path = rows_path.item(at);
        let http_path = row_path.field("http");
        let paths_path = http_path.field("paths");
        for (at, way) in items(http, "paths").iter().enumerate() {
            one_way(way, &paths_path.item(at), rules);
        }
    }
}

fn one_way(way: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let (kind, route) = (text(way, "pathType").unwrap_or_default(), text(way, "path").unwrap_or_default());
    if kind != "ImplementationSpecific" && !route.starts_with('/') {
        let message = format!("a path of type {kind} begins with /");
        rules.broken(message, way.get("path").map_or_else(|| head(way), |path| path.mark), "here", &path.field("path"));
    }
    let forbidden = ["//", "/./", "/../", "%2f", "%2F"];
    if let Some(part) = forbidden.iter().find(|part| kind != "ImplementationSpecific" && route.contains(**part)) {
        rules.broken(format!("a path may not hold {part}"), way.mark, "here", &path.field("path"));
    }
}

/// Addresses are of the type that the slice says.
pub(super) fn slice(rules: &mut Rules<'_>) {
    let object = rules.object;
    let form = match text(object.root, "addressType").unwrap_or_default() {
        "IPv4" => "ipv4",
        "IPv6" => "ipv6",
        _ => "dns-subdomain",
    };
    let form = Format::parse(form).expect("a row of the table");
    let list = object.path.field("endpoints");
    for (at, endpoint) in items(object.root, "endpoints").iter().enumerate() {
        let path = list.item(at);
        let addresses = path.field("addresses");
        for (at, address) in items(endpoint, "addresses").iter().enumerate() {
            let given = address.as_str().unwrap_or_default();
            if !form.holds(given) {
                let message = format!("addresses[{at}]: expected {}, found {given:?}", form.words());
                rules.broken(message, address.mark, "here", &addresses.item(at));
            }
        }
    }
    let (ports, list) = (items(object.root, "ports"), object.path.field("ports"));
    for (at, port) in ports.iter().enumerate() {
        let name = text(port, "name");
        if ports[..at].iter().any(|other| text(other, "name") == name) {
            let message = format!("two ports are called {}", name.unwrap_or("nothing"));
            rules.broken(message, head(port), "again here", &list.item(at));
        }
    }
}
