//! The hosts that the mesh knows: those of Services, of what operators make, and of ServiceEntries; who sees them, and their ports.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mesh, Thing};
use crate::check::Entry;
use crate::check::pod::{items, number, text};
use crate::yaml::Yaml;

pub(super) struct Hosts<'m> {
    domain: &'m str,
    by_name: BTreeMap<String, Vec<Host<'m>>>,
    /// Hosts with a star.
    wild: Vec<(String, Host<'m>)>,
    /// Namespaces with a Service among the inputs.
    namespaces: BTreeSet<&'m str>,
}

pub(super) struct Host<'m> {
    pub entry: &'m Entry,
    /// The Service, where it is one.
    pub service: Option<&'m Thing<'m>>,
    exports: Vec<&'m str>,
    namespace: &'m str,
    /// None where nobody knows them.
    pub ports: Option<Vec<i128>>,
}

pub(super) enum Found<'h, 'm> {
    Seen(Vec<&'h Host<'m>>),
    /// It is there, and not for who asks.
    Hidden(&'h Host<'m>),
    Missing,
}

impl<'m> Hosts<'m> {
    pub fn of(mesh: &'m Mesh<'m>) -> Hosts<'m> {
        let (by_name, wild, namespaces) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        let mut hosts = Hosts { domain: mesh.says("domain"), by_name, wild, namespaces };
        mesh.of("service").iter().for_each(|service| hosts.service(mesh, service));
        mesh.of("entry").iter().for_each(|entry| hosts.entry(entry));
        for entry in &mesh.index.objects {
            hosts.made(entry);
        }
        hosts
    }

    fn service(&mut self, mesh: &Mesh<'m>, service: &'m Thing<'m>) {
        let said =
            service.root.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(mesh.says("exported"))?.as_str());
        let own = |name: &'m str| if name.trim() == "." { service.namespace() } else { name.trim() };
        let exports = said.map_or_else(|| vec!["*"], |said| said.split(',').map(own).collect());
        let (namespace, ports) = (service.namespace(), ports(&service.root, "port"));
        self.namespaces.insert(namespace);
        let host = Host { entry: service.entry, service: Some(service), exports, namespace, ports };
        self.by_name.entry(self.full(service.name(), namespace)).or_default().push(host);
    }

    fn entry(&mut self, entry: &'m Thing<'m>) {
        for name in entry.texts("spec/hosts/*") {
            let (namespace, ports) = (entry.namespace(), ports(&entry.root, "number"));
            let host = Host { entry: entry.entry, service: None, exports: entry.exports(), namespace, ports };
            match name.starts_with('*') {
                true => self.wild.push((name.to_owned(), host)),
                false => self.by_name.entry(self.full(name, namespace)).or_default().push(host),
            }
        }
    }

    /// Services that an operator will make.
    fn made(&mut self, entry: &'m Entry) {
        let namespace = entry.subject.namespace.as_deref().unwrap_or_default();
        for (name, ports) in entry.links.as_deref().map_or_else(Vec::new, |kept| kept.services()) {
            let host = Host { entry, service: None, exports: vec!["*"], namespace, ports };
            self.by_name.entry(self.full(name, namespace)).or_default().push(host);
        }
    }

    /// The whole name of a host as somebody in a namespace says it.
    pub fn full(&self, name: &str, namespace: &str) -> String {
        match name.contains(['.', '*']) || name.is_empty() {
            true => name.to_ascii_lowercase(),
            false => format!("{name}.{namespace}.{}", self.domain),
        }
    }

    /// Who answers to a whole name, for all of some namespaces.
    pub fn find(&self, full: &str, from: &[&str]) -> Found<'_, 'm> {
        let wild = self.wild.iter().filter(|(name, _)| covers(name, full)).map(|(_, host)| host);
        let all: Vec<&Host<'m>> = self.by_name.get(full).into_iter().flatten().chain(wild).collect();
        let is_seen = |host: &&Host<'m>| from.iter().all(|from| host.is_seen(from));
        let seen: Vec<&Host<'m>> = all.iter().copied().filter(is_seen).collect();
        match all.iter().find(|host| !host.exports.is_empty() && host.is_exact(self, full)) {
            _ if !seen.is_empty() => Found::Seen(seen),
            Some(hidden) => Found::Hidden(hidden),
            None => Found::Missing,
        }
    }

    /// The Service that a rule is about.
    pub fn service_of(&self, mesh: &Mesh<'_>, rule: &Thing<'_>) -> Option<&'m Thing<'m>> {
        let full = self.full(rule.text("spec.host").unwrap_or_default(), rule.namespace());
        let Found::Seen(seen) = self.find(&full, &[]) else { return None };
        seen.iter().filter_map(|host| host.service).find(|service| mesh.is_near(service.entry, rule.entry))
    }

    /// Whether something is known of the namespace that a whole name is of.
    pub fn knows(&self, full: &str) -> bool {
        self.namespace(full).is_some_and(|namespace| self.namespaces.contains(namespace))
    }

    fn namespace<'f>(&self, full: &'f str) -> Option<&'f str> {
        let (_, namespace) = full.strip_suffix(self.domain)?.strip_suffix('.')?.split_once('.')?;
        Some(namespace)
    }

    /// `name.namespace` where a Service of that name is there: what was meant.
    pub fn meant(&self, name: &str) -> Option<String> {
        let (service, namespace) = name.split_once('.')?;
        let full = format!("{service}.{}.{}", namespace.trim_end_matches(".svc"), self.domain);
        self.by_name.contains_key(&full).then_some(full)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

impl Host<'_> {
    fn is_seen(&self, from: &str) -> bool {
        self.exports.iter().any(|to| matches!(*to, "*") || *to == from)
    }

    fn is_exact(&self, hosts: &Hosts<'_>, full: &str) -> bool {
        hosts.by_name.get(full).is_some_and(|known| known.iter().any(|host| host.namespace == self.namespace))
    }
}

/// Whether a name with a star is for another, which may have one too.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    wide == narrow || wide.strip_prefix('*').is_some_and(|end| narrow.ends_with(end))
}

fn ports(root: &Yaml<'_>, field: &str) -> Option<Vec<i128>> {
    let is_external = text(root, "spec.type") == Some("ExternalName");
    let ports: Vec<i128> = items(root, "spec.ports").iter().filter_map(|port| number(port, field)).collect();
    (!ports.is_empty() && !is_external).then_some(ports)
}
