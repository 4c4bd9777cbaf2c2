//! Routes of the Gateway API: a listener of their Gateway takes them, and who they lead to in other namespaces lets them.

use super::hosts::covers;
use super::subsets::{labels, takes};
use super::{Mesh, Thing};
use crate::check::pod::{field, number, text};
use crate::diagnostic::{Code, Diagnostics};
use crate::node::Node;
use crate::yaml::Yaml;

pub(super) fn check(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    for kind in mesh.table().texts("attached") {
        for route in mesh.of(kind) {
            for (parent, pointer) in route.at("spec/parentRefs/*") {
                attach(mesh, route, (parent, pointer), found);
            }
        }
    }
    for row in mesh.rows("granted") {
        for kind in row.texts("of") {
            mesh.of(kind).iter().for_each(|thing| granted(mesh, thing, row, found));
        }
    }
}

fn attach(mesh: &Mesh<'_>, route: &Thing<'_>, (parent, pointer): (&Yaml<'_>, String), found: &mut Diagnostics) {
    let Some(name) = text(parent, "name").filter(|_| text(parent, "kind").is_none_or(|kind| kind == "Gateway")) else { return };
    let namespace = text(parent, "namespace").unwrap_or(route.namespace());
    let is_it = |gateway: &&Thing<'_>| {
        (gateway.name(), gateway.namespace()) == (name, namespace) && mesh.is_near(gateway.entry, route.entry)
    };
    let Some(gateway) = mesh.of("listener").iter().find(is_it) else { return };
    let Err(wrong) = listener(mesh, gateway, route, parent) else { return };
    let place = (field(parent, "name").map_or(parent.mark, |name| name.mark), pointer);
    let kind = (mesh.between(), Code::MeshGateway);
    let diagnostic = mesh.tell(found, kind, wrong, route, place, "bound here");
    mesh.beside(diagnostic, gateway.entry, "this Gateway");
}

/// Why no listener of a Gateway takes a route: of those that are left, each question leaves fewer.
fn listener(mesh: &Mesh<'_>, gateway: &Thing<'_>, route: &Thing<'_>, parent: &Yaml<'_>) -> Result<(), String> {
    let title = gateway.title();
    let mut left: Vec<&Yaml<'_>> = gateway.at("spec/listeners/*").into_iter().map(|(listener, _)| listener).collect();
    if let Some(section) = text(parent, "sectionName") {
        left.retain(|listener| text(listener, "name") == Some(section));
        some(&left, || format!("the Gateway {title} has no listener {section}"))?;
    }
    if let Some(port) = number(parent, "port") {
        left.retain(|listener| number(listener, "port") == Some(port));
        some(&left, || format!("the Gateway {title} has no such listener on port {port}"))?;
    }
    left.retain(|listener| lets_in(mesh, gateway, route, listener));
    some(&left, || format!("no listener of the Gateway {title} takes routes of the namespace {}", route.namespace()))?;
    let hosts = route.texts("spec/hostnames/*");
    left.retain(|listener| {
        let own = text(listener, "hostname").filter(|own| !own.is_empty());
        own.is_none_or(|own| hosts.is_empty() || hosts.iter().any(|host| covers(own, host) || covers(host, own)))
    });
    some(&left, || format!("no listener of the Gateway {title} is for {}", hosts.join(" or ")))
}

fn some(left: &[&Yaml<'_>], wrong: impl Fn() -> String) -> Result<(), String> {
    if left.is_empty() { Err(wrong()) } else { Ok(()) }
}

/// Whether a listener takes routes of a namespace; what is not known of its labels may be so.
fn lets_in(mesh: &Mesh<'_>, gateway: &Thing<'_>, route: &Thing<'_>, listener: &Yaml<'_>) -> bool {
    let namespaces = field(listener, "allowedRoutes.namespaces");
    match namespaces.and_then(|namespaces| text(namespaces, "from")).unwrap_or("Same") {
        "Same" => gateway.namespace() == route.namespace(),
        "Selector" => {
            let wanted = labels(namespaces.and_then(|namespaces| field(namespaces, "selector.matchLabels")));
            let known = mesh.index.network.namespaces.get(route.namespace());
            known.is_none_or(|known| {
                let mut known = known.clone();
                known.insert(mesh.says("namespace_label").to_owned(), route.namespace().to_owned());
                takes(&wanted, &known)
            })
        }
        "None" => false,
        _ => true,
    }
}

/// What lies in another namespace wants a grant there.
fn granted(mesh: &Mesh<'_>, thing: &Thing<'_>, row: &Node, found: &mut Diagnostics) {
    for (reference, pointer) in thing.at(row.text("at")) {
        let Some(namespace) = text(reference, "namespace").filter(|namespace| *namespace != thing.namespace()) else { continue };
        let to = row.text("to");
        if text(reference, "kind").is_some_and(|kind| kind != to)
            || mesh.of("grant").iter().any(|grant| grants(grant, thing, namespace, to))
        {
            continue;
        }
        let among = mesh.among();
        let kind = &thing.entry.subject.kind;
        let message = format!("no ReferenceGrant of {namespace}{among} lets {kind} of {} name a {to} there", thing.namespace());
        let knows = mesh.of("grant").iter().any(|grant| grant.namespace() == namespace);
        let place = (field(reference, "namespace").map_or(reference.mark, |yaml| yaml.mark), pointer);
        mesh.tell(found, (mesh.missing(knows), Code::MeshHost), message, thing, place, "this namespace");
    }
}

fn grants(grant: &Thing<'_>, thing: &Thing<'_>, namespace: &str, to: &str) -> bool {
    let says = |way: &str, wanted: &[(&str, &str)]| {
        grant.at(way).iter().any(|(yaml, _)| wanted.iter().all(|(key, value)| text(yaml, key) == Some(value)))
    };
    let from = [("kind", thing.entry.subject.kind.as_str()), ("namespace", thing.namespace())];
    grant.namespace() == namespace && says("spec/from/*", &from) && says("spec/to/*", &[("kind", to)])
}
