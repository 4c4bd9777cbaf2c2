//! Where routes lead: the host is there and seen, with the port and the subset that are asked for.

use super::hosts::{Found, Host, Hosts};
use super::{Mesh, Thing};
use crate::check::pod::{field, number};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::yaml::Yaml;

pub(super) fn check(mesh: &Mesh<'_>, hosts: &Hosts<'_>, found: &mut Diagnostics) {
    let table = mesh.table().get("destinations").expect("the table says where routes lead");
    for route in mesh.of(table.text("of")) {
        for way in table.texts("ways") {
            for (destination, pointer) in route.at(way) {
                Asked { mesh, hosts, route, destination, pointer }.check(found);
            }
        }
    }
    for rule in mesh.of("rule") {
        self::rule(mesh, hosts, rule, found);
    }
}

/// Marks of what a program fills in before it is applied.
pub(super) const FILLED: [char; 3] = ['$', '{', '<'];

struct Asked<'a> {
    mesh: &'a Mesh<'a>,
    hosts: &'a Hosts<'a>,
    route: &'a Thing<'a>,
    destination: &'a Yaml<'a>,
    pointer: String,
}

impl Asked<'_> {
    fn check(&self, found: &mut Diagnostics) {
        let Some(host) = field(self.destination, "host") else { return };
        let Some(name) = host.as_str().filter(|name| !name.is_empty() && !name.contains(FILLED)) else { return };
        let full = self.hosts.full(name, self.route.namespace());
        let from: Vec<&str> =
            self.route.exports().into_iter().map(|to| if to == "*" { self.route.namespace() } else { to }).collect();
        let place = (host, format!("{}/host", self.pointer));
        match self.hosts.find(&full, &from) {
            Found::Seen(seen) => self.port(&full, &seen, found),
            Found::Hidden(hidden) => hide(self.mesh, self.route, place, &full, hidden, found),
            Found::Missing => miss((self.mesh, self.hosts), self.route, place, (name, &full), found),
        }
        self.subset(&full, found);
    }

    fn port(&self, full: &str, seen: &[&Host<'_>], found: &mut Diagnostics) {
        let Some(wanted) = number(self.destination, "port.number") else { return self.no_port(full, seen, found) };
        if seen.iter().any(|host| host.ports.as_ref().is_none_or(|ports| ports.contains(&wanted))) {
            return;
        }
        let port = field(self.destination, "port.number").expect("it was read");
        let place = (port.mark, format!("{}/port/number", self.pointer));
        let message = format!("{full} has no port {wanted}");
        let kind = (self.mesh.between(), Code::MeshPort);
        let diagnostic = self.mesh.tell(found, kind, message, self.route, place, "asked for here");
        let ports = seen[0].ports.iter().flatten().map(i128::to_string).collect::<Vec<_>>().join(", ");
        self.mesh.beside(diagnostic, seen[0].entry, "this one");
        diagnostic.help(format!("it has {ports}"));
    }

    /// The port that was asked for is taken: on the way to another host it may not be there.
    fn no_port(&self, full: &str, seen: &[&Host<'_>], found: &mut Diagnostics) {
        let is_one = seen.iter().any(|host| host.ports.as_ref().is_none_or(|ports| ports.len() == 1));
        let is_own = |name: &&str| self.hosts.full(name, self.route.namespace()) == full;
        if is_one || self.route.texts("spec/hosts/*").iter().any(is_own) {
            return;
        }
        let mark = field(self.destination, "host").map_or(self.destination.mark, |host| host.mark);
        let message = format!("{full} has several ports, and this route names none");
        let kind = (Severity::Warning, Code::MeshPort);
        let place = (mark, format!("{}/host", self.pointer));
        self.mesh.tell(found, kind, message, self.route, place, "to this host").help("port: { number: … }");
    }

    /// Without any rule of the host among the inputs nobody knows.
    fn subset(&self, full: &str, found: &mut Diagnostics) {
        let Some(subset) = field(self.destination, "subset") else { return };
        let Some(name) = subset.as_str().filter(|name| !name.is_empty() && !name.contains(FILLED)) else { return };
        let is_of = |rule: &&Thing<'_>| {
            let host = self.hosts.full(rule.text("spec.host").unwrap_or_default(), rule.namespace());
            super::hosts::covers(&host, full) && self.mesh.is_near(rule.entry, self.route.entry)
        };
        let rules: Vec<&Thing<'_>> = self.mesh.of("rule").iter().filter(is_of).collect();
        let subsets: Vec<&str> = rules.iter().flat_map(|rule| rule.texts("spec/subsets/*/name")).collect();
        if subsets.contains(&name) || rules.is_empty() && !self.mesh.is_complete {
            return;
        }
        let place = (subset.mark, format!("{}/subset", self.pointer));
        let message = format!("no DestinationRule has a subset {name} of {full}");
        let kind = (self.mesh.between(), Code::MeshSubset);
        let diagnostic = self.mesh.tell(found, kind, message, self.route, place, "asked for here");
        diagnostic.suggest(name, subsets);
        if let Some(rule) = rules.first() {
            self.mesh.beside(diagnostic, rule.entry, "the rule of this host");
        }
    }
}

fn rule(mesh: &Mesh<'_>, hosts: &Hosts<'_>, rule: &Thing<'_>, found: &mut Diagnostics) {
    let Some(host) = field(&rule.root, "spec.host") else { return };
    let Some(name) = host.as_str().filter(|name| !name.is_empty() && !name.contains(FILLED) && !name.starts_with('*')) else {
        return;
    };
    let full = hosts.full(name, rule.namespace());
    if matches!(hosts.find(&full, &[]), Found::Missing) {
        miss((mesh, hosts), rule, (host, format!("{}/spec/host", rule.entry.pointer)), (name, &full), found);
    }
}

fn hide(
    mesh: &Mesh<'_>,
    thing: &Thing<'_>,
    (host, pointer): (&Yaml<'_>, String),
    full: &str,
    hidden: &Host<'_>,
    found: &mut Diagnostics,
) {
    let message = format!("{full} is not exported to all that read this route");
    let diagnostic = mesh.tell(found, (mesh.between(), Code::MeshHost), message, thing, (host.mark, pointer), "this host");
    mesh.beside(diagnostic, hidden.entry, "exported to others alone");
}

/// A host of which the inputs tell nothing may be anywhere.
fn miss(
    (mesh, hosts): (&Mesh<'_>, &Hosts<'_>),
    thing: &Thing<'_>,
    (host, pointer): (&Yaml<'_>, String),
    (name, full): (&str, &str),
    found: &mut Diagnostics,
) {
    let meant = hosts.meant(name);
    if meant.is_none() && !mesh.is_complete && !hosts.knows(full) {
        return;
    }
    let severity = if meant.is_some() { mesh.between() } else { mesh.missing(true) };
    let message = format!("the mesh knows no host {full}");
    let diagnostic = mesh.tell(found, (severity, Code::MeshHost), message, thing, (host.mark, pointer), "asked for here");
    match meant {
        Some(meant) => drop(diagnostic.help(format!("write {meant}"))),
        None => drop(diagnostic.suggest(full, hosts.names())),
    }
}
