//! Objects in, what the network depends on out: namespaces and their labels, pods and their ports, policies.

use std::collections::BTreeMap;

use super::addresses::Range;
use super::policy::{self, Policy};
use super::ports::Protocol;
use super::selector::Labels;
use crate::node::Node;
use crate::structural::Path;
use crate::yaml::{Data, Yaml};

#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub namespaces: BTreeMap<String, Labels>,
    pub pods: Vec<Pod>,
    pub policies: Vec<Policy>,
}

/// The pods of one object, which are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub namespace: String,
    pub name: String,
    pub kind: String,
    pub labels: Labels,
    pub ports: Vec<Port>,
    /// It has the address of its machine: no policy chooses it, and no selector finds it.
    pub is_on_host: bool,
    /// There may be several, which talk to each other: whatever makes pods makes a second one when the first is renewed.
    pub is_many: bool,
    /// Where it is known.
    pub addresses: Vec<Range>,
    /// Of a pod that somebody else made: what it is called itself.
    pub own_name: Option<String>,
    pub home: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub name: String,
    pub number: u16,
    pub protocol: Protocol,
}

/// An object with what is known of its place and kind.
pub struct Seen<'s> {
    pub root: &'s Yaml<'s>,
    pub path: &'s Path<'s>,
    /// What the marks of its file count from.
    pub start: u32,
    pub namespace: Option<&'s str>,
    /// The row of schemas/pods.toml of a kind that has pods.
    pub row: Option<&'s Node>,
    pub home: usize,
}

/// Labels that tell replicas apart, which no policy means.
const OF_REPLICAS: &[&str] =
    &["pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"];

impl Facts {
    pub fn add(&mut self, seen: &Seen<'_>) {
        if seen.text("kind") == "Namespace" && seen.text("apiVersion") == "v1" {
            self.namespaces.insert(seen.name().to_owned(), labels(seen.metadata("labels")));
        } else if let Some(row) = seen.row {
            self.pods.extend(pod(seen, row));
        } else {
            self.policies.extend(policy::read(seen.root, seen.namespace, seen.path, seen.start, seen.home));
        }
    }

    /// `offset` is what homes of the other count from.
    pub fn append(&mut self, mut other: Facts, offset: usize) {
        other.pods.iter_mut().for_each(|pod| pod.home += offset);
        other.policies.iter_mut().for_each(|policy| policy.home += offset);
        self.namespaces.append(&mut other.namespaces);
        self.pods.append(&mut other.pods);
        self.policies.append(&mut other.policies);
    }

    /// One for each owner: its pods are alike, or go by their own names.
    pub fn workloads(&self) -> Vec<Pod> {
        let mut known: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        let mut workloads: Vec<Pod> = Vec::new();
        for pod in &self.pods {
            let key = (pod.namespace.clone(), pod.name.clone(), pod.kind.clone());
            match (known.get(&key), &pod.own_name) {
                (Some(first), Some(_)) if workloads[*first].is_like(pod) => workloads[*first].addresses.clear(),
                (Some(_), Some(own)) => {
                    workloads.push(Pod { name: own.clone(), kind: "Pod".to_owned(), is_many: false, ..pod.clone() });
                }
                // The same object twice is told elsewhere; the later one replaces the first.
                (Some(first), None) => workloads[*first] = pod.clone(),
                (None, _) => {
                    known.insert(key, workloads.len());
                    workloads.push(pod.clone());
                }
            }
        }
        workloads
    }
}

impl Pod {
    fn is_like(&self, other: &Pod) -> bool {
        (&self.labels, &self.ports, self.is_on_host) == (&other.labels, &other.ports, other.is_on_host)
    }

    /// What all that matters to a policy is, beside its name.
    pub(super) fn kin(&self) -> impl Ord + '_ {
        (&self.namespace, &self.labels, &self.ports, self.is_on_host, &self.addresses)
    }

    pub fn title(&self) -> String {
        format!("{}/{}[{}]", self.namespace, self.name, self.kind)
    }
}

impl<'s> Seen<'s> {
    fn text(&self, name: &str) -> &'s str {
        self.root.get(name).and_then(Yaml::as_str).unwrap_or_default()
    }

    fn metadata(&self, name: &str) -> Option<&'s Yaml<'s>> {
        self.root.get("metadata")?.get(name)
    }

    fn name(&self) -> &'s str {
        self.metadata("name").or_else(|| self.metadata("generateName")).and_then(Yaml::as_str).unwrap_or_default()
    }
}

fn labels(yaml: Option<&Yaml<'_>>) -> Labels {
    let entries = yaml.map_or(&[][..], Yaml::entries).iter();
    entries.map(|entry| (entry.key.name.clone().into_owned(), entry.value.as_str().unwrap_or_default().to_owned())).collect()
}

/// The pods of an object; none of one that is only a template, or that has come to its end.
fn pod(seen: &Seen<'_>, row: &Node) -> Option<Pod> {
    let is_template = row.get("runs").is_some_and(|runs| runs.as_bool() == Some(false));
    let phase = seen.root.get("status").and_then(|status| status.get("phase")?.as_str());
    if is_template || matches!(phase, Some("Succeeded" | "Failed")) {
        return None;
    }
    let template = row.text("template");
    let labels_at = row.get("pod_labels").and_then(|at| at.as_str().map(str::to_owned));
    let labels_at = labels_at.unwrap_or_else(|| format!("{template}/metadata/labels"));
    let mut labels = self::labels(seen.root.pointer(&labels_at));
    for entry in row.get("adds").map_or(&[][..], |adds| adds.entries()) {
        let value = entry.node.as_str().unwrap_or_default().replace("{name}", seen.name());
        labels.entry(entry.key.to_string()).or_insert(value);
    }
    let spec = row.get("template").and_then(|_| seen.root.pointer(&format!("{template}/spec")));
    let is_itself = row.get("template").is_some() && template.is_empty();
    let owner = if is_itself { seen.metadata("ownerReferences").and_then(owner) } else { None };
    if owner.is_some() {
        labels.retain(|key, _| !OF_REPLICAS.contains(&key.as_str()));
    }
    let (kind, name) = owner.unwrap_or_else(|| (seen.text("kind").to_owned(), seen.name().to_owned()));
    let own_name = (kind != seen.text("kind")).then(|| seen.name().to_owned());
    Some(Pod {
        namespace: seen.namespace.unwrap_or_default().to_owned(),
        is_many: own_name.is_some() || !is_itself,
        name,
        kind,
        labels,
        ports: spec.map_or_else(|| known_ports(row), ports),
        is_on_host: spec.and_then(|spec| spec.get("hostNetwork")).is_some_and(|on| on.data == Data::Bool(true)),
        addresses: addresses(seen.root),
        own_name,
        home: seen.home,
    })
}

fn owner(owners: &Yaml<'_>) -> Option<(String, String)> {
    let owner = owners.items().iter().find(|owner| owner.get("controller").is_some_and(|is| is.data == Data::Bool(true)))?;
    Some((owner.get("kind")?.as_str()?.to_owned(), owner.get("name")?.as_str()?.to_owned()))
}

/// The ports of all containers: those that run beside them begin as initContainers.
fn ports(spec: &Yaml<'_>) -> Vec<Port> {
    let is_beside = |c: &&Yaml<'_>| c.get("restartPolicy").and_then(Yaml::as_str) == Some("Always");
    let containers = spec.get("containers").map_or(&[][..], Yaml::items).iter();
    let beside = spec.get("initContainers").map_or(&[][..], Yaml::items).iter().filter(is_beside);
    let all = containers.chain(beside).flat_map(|container| container.get("ports").map_or(&[][..], Yaml::items));
    let mut ports: Vec<Port> = all.filter_map(port).collect();
    ports.sort();
    ports
}

/// Those that an operator gives the pods it makes.
fn known_ports(row: &Node) -> Vec<Port> {
    let entries = row.get("ports").map_or(&[][..], |ports| ports.entries()).iter();
    let known = entries.filter_map(|entry| {
        let number = u16::try_from(entry.node.as_int()?).ok()?;
        Some(Port { name: entry.key.to_string(), number, protocol: Protocol::Tcp })
    });
    let mut ports: Vec<Port> = known.collect();
    ports.sort();
    ports
}

fn port(yaml: &Yaml<'_>) -> Option<Port> {
    let number = yaml.get("containerPort")?.to_int()?;
    let protocol = Protocol::parse(yaml.get("protocol").and_then(Yaml::as_str).unwrap_or("TCP"))?;
    let name = yaml.get("name").and_then(Yaml::as_str).unwrap_or_default().to_owned();
    Some(Port { name, number: u16::try_from(number).ok()?, protocol })
}

fn addresses(root: &Yaml<'_>) -> Vec<Range> {
    let Some(status) = root.get("status") else { return Vec::new() };
    let all = status.get("podIPs").map_or(&[][..], Yaml::items).iter().filter_map(|address| address.get("ip"));
    let mut all: Vec<Range> = all.chain(status.get("podIP")).filter_map(|ip| Range::one(ip.as_str()?)).collect();
    all.sort();
    all.dedup();
    all
}
