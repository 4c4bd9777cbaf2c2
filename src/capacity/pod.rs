//! A pod's metadata and spec in, what it asks of a machine and of the pods there out.

use std::collections::BTreeMap;

use super::affinity::{Affinity, Selector};
use super::amount::{Amounts, add, amounts, integer, raise};
use super::select::{Toleration, Wanted, terms, text, texts};
use super::{HOSTNAME, Labels};
use crate::yaml::{Data, Yaml};

/// Pods that are alike.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    pub namespace: String,
    pub labels: Labels,
    pub requests: Amounts,
    /// What it may take at most; of a resource without a limit nothing is said.
    pub limits: Amounts,
    pub wanted: Wanted,
    pub tolerations: Vec<Toleration>,
    /// The machine that it is on already, or must be.
    pub machine: Option<String>,
    pub ports: Vec<HostPort>,
    pub near: Vec<Affinity>,
    pub apart: Vec<Affinity>,
    pub spread: Vec<Spread>,
    pub priority: i64,
    /// The claims it mounts, by name.
    pub claims: Vec<String>,
}

/// A port of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    pub protocol: String,
    pub address: String,
    pub port: i128,
}

/// A constraint that must hold.
#[derive(Clone, Debug)]
pub struct Spread {
    pub key: String,
    pub most: i64,
    pub least_domains: usize,
    pub selector: Selector,
    pub honors_affinity: bool,
    pub honors_taints: bool,
    pub is_hard: bool,
}

/// What other objects say about pods.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub priorities: BTreeMap<String, i64>,
    pub default_priority: i64,
    /// What a class of runtimes takes for itself.
    pub overheads: BTreeMap<String, Amounts>,
    /// The requests and limits that a namespace gives to containers without.
    pub defaults: BTreeMap<String, (Amounts, Amounts)>,
    pub namespaces: BTreeMap<String, Labels>,
}

pub fn labels(yaml: Option<&Yaml<'_>>) -> Labels {
    let entries = yaml.map_or(&[][..], Yaml::entries).iter();
    entries.map(|entry| (entry.key.name.to_string(), entry.value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Reads a pod, or what pods are made of.
pub fn read(root: &Yaml<'_>, namespace: &str, context: &Context) -> Pod {
    // What has no spec asks for nothing; that it needs one is told elsewhere.
    let spec = root.get("spec").filter(|spec| matches!(spec.data, Data::Map(_))).unwrap_or(root);
    let labels = labels(root.get("metadata").and_then(|metadata| metadata.get("labels")));
    let affinity = |name: &str| spec.get("affinity").and_then(|affinity| affinity.get(name)?.get(REQUIRED));
    let of_pods = |name: &str| {
        let rows = affinity(name).map_or(&[][..], Yaml::items).iter();
        rows.map(|row| Affinity::read(row, namespace, &labels)).collect()
    };
    let machine = affinity("nodeAffinity").and_then(|required| required.get("nodeSelectorTerms"));
    let selector = self::labels(spec.get("nodeSelector"));
    let (requests, limits) = sums(spec, namespace, context);
    let items = |name: &str| spec.get(name).map_or(&[][..], Yaml::items).iter();
    Pod {
        namespace: namespace.to_owned(),
        requests,
        limits,
        wanted: Wanted { labels: selector, terms: machine.map(|rows| terms(Some(rows))), of_volumes: Vec::new() },
        tolerations: items("tolerations").map(Toleration::read).collect(),
        machine: spec.get("nodeName").and_then(Yaml::as_str).map(str::to_owned),
        ports: ports(spec),
        near: of_pods("podAffinity"),
        apart: of_pods("podAntiAffinity"),
        spread: items("topologySpreadConstraints").map(|row| Spread::read(row, &labels)).collect(),
        priority: priority(spec, context),
        claims: items("volumes").filter_map(|volume| Some(text(volume.get("persistentVolumeClaim")?, "claimName"))).collect(),
        labels,
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn priority(spec: &Yaml<'_>, context: &Context) -> i64 {
    if let Some(number) = spec.get("priority").filter(|number| matches!(number.data, Data::Number(_))) {
        return integer(number).unwrap_or_default();
    }
    match spec.get("priorityClassName").and_then(Yaml::as_str).unwrap_or_default() {
        "" => context.default_priority,
        "system-node-critical" => 2_000_001_000,
        "system-cluster-critical" => 2_000_000_000,
        name => context.priorities.get(name).copied().unwrap_or_default(),
    }
}

/// What the pod asks for as a whole: its containers together, or what one of those before them asks for beside those that stay.
fn sums(spec: &Yaml<'_>, namespace: &str, context: &Context) -> (Amounts, Amounts) {
    let [mut requests, mut limits] = [0, 1].map(|which| summed(spec, which, context.defaults.get(namespace)));
    let of_pod = |name: &str| amounts(spec.get("resources").and_then(|resources| resources.get(name)));
    let (asked, most) = (of_pod("requests"), of_pod("limits"));
    limits.extend(most.clone());
    // A limit of the pod is its request, where its containers do not tell one themselves.
    let is_told = |resource: &String| items(spec, "containers").all(|one| self::one(one, None).0.contains_key(resource));
    requests.extend(most.into_iter().filter(|(resource, _)| !is_told(resource)));
    requests.extend(asked);
    let class = spec.get("runtimeClassName").and_then(Yaml::as_str).and_then(|class| context.overheads.get(class));
    let overhead = spec.get("overhead").map(|overhead| amounts(Some(overhead))).or_else(|| class.cloned()).unwrap_or_default();
    add(&mut requests, &overhead);
    let limited = overhead.into_iter().filter(|(resource, _)| limits.contains_key(resource)).collect();
    add(&mut limits, &limited);
    (requests, limits)
}

fn items<'y>(spec: &'y Yaml<'y>, list: &str) -> impl Iterator<Item = &'y Yaml<'y>> {
    spec.get(list).map_or(&[][..], Yaml::items).iter()
}

fn summed(spec: &Yaml<'_>, which: usize, defaults: Option<&(Amounts, Amounts)>) -> Amounts {
    let of = |container: &Yaml<'_>| {
        let (requests, limits) = one(container, defaults);
        if which == 0 { requests } else { limits }
    };
    let (mut all, mut beside, mut before) = (Amounts::new(), Amounts::new(), Amounts::new());
    for container in items(spec, "initContainers") {
        let own = of(container);
        if text(container, "restartPolicy") == "Always" {
            add(&mut all, &own);
            add(&mut beside, &own);
            raise(&mut before, &beside);
        } else {
            let mut here = beside.clone();
            add(&mut here, &own);
            raise(&mut before, &here);
        }
    }
    items(spec, "containers").for_each(|container| add(&mut all, &of(container)));
    raise(&mut all, &before);
    all
}

/// Requests and limits of a container, as the API server fills them in.
fn one(container: &Yaml<'_>, defaults: Option<&(Amounts, Amounts)>) -> (Amounts, Amounts) {
    let of = |name: &str| amounts(container.get("resources").and_then(|resources| resources.get(name)));
    let (mut requests, mut limits) = (of("requests"), of("limits"));
    let fill = |to: &mut Amounts, from: &Amounts| {
        for (key, value) in from {
            to.entry(key.clone()).or_insert(*value);
        }
    };
    fill(&mut requests, &limits);
    if let Some((asked, most)) = defaults {
        fill(&mut requests, asked);
        fill(&mut limits, most);
    }
    (requests, limits)
}

/// Ports of the machine; all of a pod that has the machine's network.
fn ports(spec: &Yaml<'_>) -> Vec<HostPort> {
    let on_host = spec.get("hostNetwork").is_some_and(|on| on.data == Data::Bool(true));
    let stays = |container: &&Yaml<'_>| text(container, "restartPolicy") == "Always";
    let containers = items(spec, "containers").chain(items(spec, "initContainers").filter(stays));
    let all = containers.flat_map(|container| container.get("ports").map_or(&[][..], Yaml::items));
    let number = |port: &Yaml<'_>, name: &str| port.get(name)?.to_int().filter(|port| *port > 0);
    let port = |yaml: &Yaml<'_>| {
        let port = number(yaml, "hostPort").or_else(|| number(yaml, "containerPort").filter(|_| on_host))?;
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        Some(HostPort { protocol: or(text(yaml, "protocol"), "TCP"), address: or(text(yaml, "hostIP"), "0.0.0.0"), port })
    };
    all.filter_map(port).collect()
}

impl HostPort {
    pub fn meets(&self, other: &HostPort) -> bool {
        let all = "0.0.0.0";
        let is_one = self.address == other.address || self.address == all || other.address == all;
        self.port == other.port && self.protocol == other.protocol && is_one
    }
}

impl Spread {
    fn read(yaml: &Yaml<'_>, labels: &Labels) -> Spread {
        let number = |name: &str| integer(yaml.get(name)?);
        let selector = Selector::read(yaml.get("labelSelector"));
        Spread {
            key: text(yaml, "topologyKey"),
            most: number("maxSkew").unwrap_or(1),
            least_domains: number("minDomains").and_then(|number| usize::try_from(number).ok()).unwrap_or(1),
            selector: selector.and(&texts(yaml.get("matchLabelKeys")), labels, true),
            honors_affinity: text(yaml, "nodeAffinityPolicy") != "Ignore",
            honors_taints: text(yaml, "nodeTaintsPolicy") == "Honor",
            is_hard: text(yaml, "whenUnsatisfiable") != "ScheduleAnyway",
        }
    }
}

impl Pod {
    /// Whether two of it can never share a machine.
    pub fn is_alone(&self, of_namespace: &Labels) -> bool {
        let own = |affinity: &Affinity| affinity.key == HOSTNAME && affinity.fits(&self.namespace, of_namespace, &self.labels);
        !self.ports.is_empty() || self.apart.iter().any(own)
    }

    /// As the controller makes them that puts one on each machine: it stays where others must leave.
    pub fn of_each(mut self) -> Pod {
        let bears = [("not-ready", "NoExecute"), ("unreachable", "NoExecute")];
        let pressure = ["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable", "network-unavailable"];
        let bears = bears.into_iter().chain(pressure.map(|key| (key, "NoSchedule")));
        self.tolerations.extend(bears.map(|(key, effect)| Toleration::of(&format!("node.kubernetes.io/{key}"), effect)));
        self
    }
}
