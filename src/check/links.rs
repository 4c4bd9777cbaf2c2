//! The family `links`: what objects refer to is there, with the ports and keys that they ask for.
//!
//! In an open world what is not among the inputs may still be in the cluster: a note. What is there and lacks the part is wrong.

mod gather;
mod hosts;
mod known;
mod labelled;
mod select;
mod serve;
mod table;
mod tell;
pub(super) mod walk;

use std::collections::BTreeMap;

pub use table::Table;

pub(super) use gather::keep;

use super::{Entry, Index, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use known::{Known, Target};
use tell::Place;

pub type Label = (String, String);

/// What is kept of an object: what it wants of others, and what others may want of it.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pointer: String,
    links: Vec<Link>,
    selects: Vec<Select>,
    hosts: Vec<HostName>,
    made: Vec<Made>,
    /// None where nobody can know them.
    keys: Option<Vec<String>>,
    /// Of a Service, or of the containers of pods.
    ports: Option<Vec<Port>>,
    /// Of a Service, or of pods.
    labels: Vec<Label>,
    is_headless: bool,
    replicas: Option<i128>,
}

#[derive(Clone, Debug)]
struct Link {
    /// With its group: `Deployment.apps`.
    kind: String,
    namespace: Option<String>,
    name: String,
    is_optional: bool,
    parts: Vec<Part>,
    serves: Option<Serves>,
    spot: Spot,
}

/// What a Service has to be for who names it: one that finds its pods, and one without an address of its own.
#[derive(Clone, Debug)]
struct Serves {
    finds: Option<Severity>,
    is_headless: Option<Severity>,
    /// What the pods have besides the labels of their template.
    besides: Vec<Label>,
}

/// What of an object is meant.
#[derive(Clone, Debug)]
struct Part {
    what: What,
    name: String,
    spot: Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Key,
    Port,
}

/// A place in the file of its object.
#[derive(Clone, Debug)]
struct Spot {
    start: u32,
    end: u32,
    pointer: String,
}

#[derive(Clone, Debug)]
struct Port {
    name: Option<String>,
    number: Option<i128>,
}

/// Objects found by their labels.
#[derive(Clone, Debug)]
struct Select {
    /// A kind with its group, or `pod`.
    finds: String,
    selector: Selector,
    /// None for all.
    namespaces: Option<Vec<String>>,
    ports: Vec<Part>,
    spot: Spot,
}

#[derive(Clone, Debug, Default)]
struct Selector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// The name of a Service in DNS, perhaps of a pod of it.
#[derive(Clone, Debug)]
struct HostName {
    pod: Option<String>,
    service: String,
    namespace: String,
    port: Option<i128>,
    spot: Spot,
}

/// What a controller makes of an object.
#[derive(Clone, Debug)]
struct Made {
    kind: String,
    name: String,
    keys: Option<Vec<String>>,
    ports: Option<Vec<Port>>,
    labels: Vec<Label>,
}

impl Kept {
    /// The Services that will be made of it, with their ports where they are known.
    pub(super) fn services(&self) -> Vec<(&str, Option<Vec<i128>>)> {
        let numbers = |made: &Made| Some(made.ports.as_ref()?.iter().filter_map(|port| port.number).collect());
        let services = self.made.iter().filter(|made| made.kind == "Service.");
        services.map(|made| (made.name.as_str(), numbers(made))).collect()
    }

    /// Whether something of a kind and name will be made of it.
    pub(super) fn makes(&self, kind: &str, name: &str) -> bool {
        self.made.iter().any(|made| made.kind == kind && made.name == name)
    }

    fn is_empty(&self) -> bool {
        let has_parts = self.keys.is_some() || self.ports.is_some() || self.replicas.is_some();
        let wants = self.links.is_empty() && self.selects.is_empty() && self.hosts.is_empty();
        wants && self.made.is_empty() && self.labels.is_empty() && !has_parts
    }
}

impl HostName {
    /// Whether both say the same; each is told once for an object.
    fn is_as(&self, other: &HostName) -> bool {
        (&self.pod, &self.service, &self.namespace, self.port) == (&other.pod, &other.service, &other.namespace, other.port)
    }
}

pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let known = Known::of(index, world);
    let mut missing: BTreeMap<(&str, Option<&str>, &str), Vec<Place<'_>>> = BTreeMap::new();
    for entry in &index.objects {
        let Some(kept) = &entry.links else { continue };
        for link in &kept.links {
            let namespace = known.namespace(&link.kind, link.namespace.as_deref());
            let targets = known.find(&link.kind, namespace, &link.name, entry.file);
            match targets {
                Some(targets) => {
                    parts(entry, link, &targets, &known, found);
                    serve::check(entry, link, &targets, &known, found);
                }
                None if link.is_optional || known.is_given(link) => {}
                None if let Some(provided) = known.provided(link) => {
                    let lacks = |part: &&Part| part.what == What::Key && !provided.keys.contains(&part.name);
                    link.parts
                        .iter()
                        .filter(lacks)
                        .for_each(|part| tell::lacks_provided(entry, link, part, provided, &known, found));
                }
                None => {
                    let key = (&*link.kind, namespace, &*link.name);
                    missing.entry(key).or_default().push(Place { entry, spot: &link.spot });
                }
            }
        }
        for host in &kept.hosts {
            self::host(entry, host, &known, &mut missing, found);
        }
        for select in &kept.selects {
            select::check(entry, select, &known, found);
        }
    }
    for ((kind, namespace, name), mut places) in missing {
        places.sort_by_key(|place| (place.entry.file, place.spot.start));
        tell::missing((kind, namespace, name), &places, &known, found);
    }
}

/// The keys and ports that are asked for; one of the objects of a name must have them all.
fn parts(entry: &Entry, link: &Link, targets: &[Target<'_>], known: &Known<'_>, found: &mut Diagnostics) {
    for part in &link.parts {
        if link.is_optional && part.what == What::Key || targets.iter().any(|target| known.has(target, part)) {
            continue;
        }
        tell::lacks(entry, link, part, targets, known, found);
    }
}

/// A host leads to a Service, and the pod it may name is one of a StatefulSet behind it.
fn host<'i>(
    entry: &'i Entry,
    host: &'i HostName,
    known: &Known<'i>,
    missing: &mut BTreeMap<(&'i str, Option<&'i str>, &'i str), Vec<Place<'i>>>,
    found: &mut Diagnostics,
) {
    let namespace = Some(host.namespace.as_str());
    let Some(services) = known.find("Service.", namespace, &host.service, entry.file) else {
        if !known.table.is_given("Service.", namespace, &host.service) {
            missing.entry(("Service.", namespace, &host.service)).or_default().push(Place { entry, spot: &host.spot });
        }
        return;
    };
    if let Some(pod) = &host.pod {
        if let Some(message) = known.no_pod(host, pod, entry.file) {
            let severity = if known.is_complete { Severity::Error } else { Severity::Warning };
            tell::host(entry, host, (severity, Code::HostLeadsNowhere), message, known, found);
        }
        return;
    }
    let has_port = |target: &Target<'_>| target.is_headless || host.port.is_none_or(|port| target.listens(port));
    if !services.iter().any(has_port) {
        let port = host.port.unwrap_or_default();
        let message = format!("the Service {}/{} has no port {port}", host.namespace, host.service);
        tell::host(entry, host, (Severity::Warning, Code::HostLeadsNowhere), message, known, found);
    }
}
