//! Two objects for one host: routes in all proxies, servers of gateways, protocols of a port, webhooks that add a proxy.

use super::gateways::selector;
use super::hosts::Hosts;
use super::subsets::{pods, takes};
use super::{Mesh, Thing};
use crate::check::pod::{field, number, text};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::yaml::{Mark, Yaml};

pub(super) fn check(mesh: &Mesh<'_>, hosts: &Hosts<'_>, found: &mut Diagnostics) {
    routes(mesh, hosts, found);
    servers(mesh, found);
    protocols(mesh, found);
    webhooks(mesh, found);
}

/// One claim of an object on something.
struct Claim<'m> {
    thing: &'m Thing<'m>,
    place: (Mark, String),
    exports: Vec<&'m str>,
}

impl Claim<'_> {
    /// Whether a namespace sees both.
    fn meets(&self, other: &Claim<'_>) -> bool {
        let all = |claim: &Claim<'_>| claim.exports.contains(&"*");
        all(self) || all(other) || self.exports.iter().any(|to| other.exports.contains(to))
    }
}

/// Tells each claim that meets another.
fn tell<'m, C>(
    mesh: &Mesh<'_>,
    claims: &[(C, Claim<'m>)],
    excludes: &dyn Fn(&C, &C) -> bool,
    words: &dyn Fn(&C, &Claim<'m>) -> (Severity, String),
    found: &mut Diagnostics,
) {
    for (key, one) in claims {
        let other = claims.iter().find(|(other_key, other)| {
            !one.thing.is(other.thing)
                && excludes(key, other_key)
                && one.meets(other)
                && mesh.is_near(one.thing.entry, other.thing.entry)
        });
        if let Some((_, other)) = other {
            let (severity, message) = words(key, other);
            let diagnostic = mesh.tell(found, (severity, Code::MeshTwice), message, one.thing, one.place.clone(), "here");
            mesh.beside(diagnostic, other.thing.entry, "and this one");
        }
    }
}

/// In all proxies one route holds for a host; gateways merge those of one host.
fn routes(mesh: &Mesh<'_>, hosts: &Hosts<'_>, found: &mut Diagnostics) {
    let mut claims: Vec<(String, Claim<'_>)> = Vec::new();
    for route in mesh.of("route") {
        let gateways = route.texts("spec/gateways/*");
        if gateways.is_empty() || gateways.contains(&mesh.says("everywhere")) {
            for (host, pointer) in route.at("spec/hosts/*") {
                let claim = Claim { thing: route, place: (host.mark, pointer), exports: route.exports() };
                claims.push((hosts.full(host.as_str().unwrap_or_default(), route.namespace()), claim));
            }
        }
    }
    let words = |host: &String, other: &Claim<'_>| {
        (
            mesh.between(),
            format!("{} has routes for {host} too, and in the proxies one of the two is left out", other.thing.title()),
        )
    };
    tell(mesh, &claims, &|one, other| one == other, &words, found);
}

/// A host of a server, the port, the protocol and the namespace of routes.
struct Server<'m> {
    gateway: &'m Thing<'m>,
    port: i128,
    host: &'m str,
    space: &'m str,
    protocol: String,
}

fn servers(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    let mut claims: Vec<(Server<'_>, Claim<'_>)> = Vec::new();
    for gateway in mesh.of("gateway") {
        for (server, pointer) in gateway.at("spec/servers/*") {
            let Some(port) = number(server, "port.number") else { continue };
            let protocol = text(server, "port.protocol").unwrap_or_default().to_ascii_uppercase();
            for offered in server.get("hosts").map_or(&[][..], Yaml::items) {
                let (space, host) =
                    offered.as_str().and_then(|host| host.split_once('/')).unwrap_or(("*", offered.as_str().unwrap_or_default()));
                let claim = Claim { thing: gateway, place: (offered.mark, format!("{pointer}/hosts")), exports: vec!["*"] };
                claims.push((Server { gateway, port, host, space, protocol: protocol.clone() }, claim));
            }
        }
    }
    let merges = |server: &Server<'_>| mesh.table().texts("merging").any(|one| one == server.protocol);
    let excludes = |one: &Server<'_>, other: &Server<'_>| {
        let spaces = one.space == "*" || other.space == "*" || one.space == other.space;
        (one.port, one.host) == (other.port, other.host)
            && spaces
            && !(merges(one) && merges(other))
            && is_one(mesh, one.gateway, other.gateway)
    };
    let words = |server: &Server<'_>, other: &Claim<'_>| {
        (
            mesh.between(),
            format!("the Gateway {} takes {} on port {} of the same pods too", other.thing.title(), server.host, server.port),
        )
    };
    tell(mesh, &claims, &excludes, &words, found);
}

/// Whether two gateways are for a pod in common, as far as the inputs tell.
fn is_one(mesh: &Mesh<'_>, one: &Thing<'_>, other: &Thing<'_>) -> bool {
    let (one, other) = (selector(one), selector(other));
    one == other || pods(mesh, None, &one).any(|pod| takes(&other, &pod.labels))
}

/// Two protocols on one port of a host.
fn protocols(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    let mut claims: Vec<((&str, i128, String), Claim<'_>)> = Vec::new();
    for entry in mesh.of("entry") {
        for (port, pointer) in entry.at("spec/ports/*") {
            let Some(wanted) = number(port, "number") else { continue };
            let protocol = text(port, "protocol").unwrap_or("TCP").to_ascii_uppercase();
            for host in entry.texts("spec/hosts/*") {
                let place = (field(port, "protocol").map_or(port.mark, |yaml| yaml.mark), pointer.clone());
                claims.push(((host, wanted, protocol.clone()), Claim { thing: entry, place, exports: entry.exports() }));
            }
        }
    }
    let excludes =
        |one: &(&str, i128, String), other: &(&str, i128, String)| (one.0, one.1) == (other.0, other.1) && one.2 != other.2;
    let words = |key: &(&str, i128, String), other: &Claim<'_>| {
        (Severity::Warning, format!("{} says another protocol of port {} of {}", other.thing.title(), key.1, key.0))
    };
    tell(mesh, &claims, &excludes, &words, found);
}

/// The selectors of namespaces and of objects.
type Selects<'y> = (Option<&'y Yaml<'y>>, Option<&'y Yaml<'y>>);

/// What two webhooks of the mesh ask for when one pod is made.
fn webhooks(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    let mut claims: Vec<(Selects<'_>, Claim<'_>)> = Vec::new();
    for configuration in mesh.of("webhook") {
        for (hook, pointer) in configuration.at("webhooks/*") {
            let name = text(hook, "name").unwrap_or_default();
            if name.ends_with(mesh.says("webhooks")) {
                let mark = field(hook, "name").map_or(hook.mark, |name| name.mark);
                let claim = Claim { thing: configuration, place: (mark, pointer), exports: vec!["*"] };
                claims.push(((hook.get("namespaceSelector"), hook.get("objectSelector")), claim));
            }
        }
    }
    let words = |_: &Selects<'_>, other: &Claim<'_>| {
        (Severity::Warning, format!("{} asks for a proxy in the same pods, so they get two", other.thing.name()))
    };
    tell(mesh, &claims, &|one, other| one == other, &words, found);
}
