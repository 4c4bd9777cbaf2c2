//! What somebody says of the machines in: pools of a mode's settings or of a file, Nodes of a cluster; machines out.

use std::sync::Arc;

use super::amount::{amount, amounts};
use super::kept::{Shape, known, left, names};
use super::pod::labels;
use super::{Amounts, HOSTNAME, Labels, Machine, Taint, ZONE};
use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostics};
use crate::node::{Data, Node};
use crate::source::{self, Source, Span};
use crate::yaml::{self, Data as YamlData, Limits, Yaml};

/// Machines that are alike.
#[derive(Clone, Debug)]
pub struct Pool {
    pub name: String,
    pub nodes: usize,
    /// How many there can be, where something adds some.
    pub most: usize,
    zones: Vec<String>,
    machine: Machine,
    /// Where it is told.
    pub span: Option<Span>,
}

const EVERYTHING: i64 = i64::MAX / 4;

/// The rules of schemas/machines.toml.
pub(super) fn rules() -> Node {
    let text = include_str!("../../schemas/machines.toml");
    source::parse(&Source::new("schemas/machines.toml", text), &Arc::from("built in"), &mut Diagnostics::default())
}

/// What a file tells of machines: tables of pools, held against the settings of the modes that have such, or Nodes.
pub fn pools_in(source: &Arc<Source>, catalog: &Catalog, diags: &mut Diagnostics) -> Vec<Pool> {
    if !source.name.ends_with(".toml") {
        let stream = yaml::read(&source.text, &Limits::default());
        stream.errors.iter().for_each(|error| error.report(source, diags));
        let roots = stream
            .documents
            .iter()
            .flat_map(|document| std::iter::once(&document.root).chain(document.root.get("items").map_or(&[][..], Yaml::items)));
        return roots.filter_map(|root| of_node(root, root.mark.span(source))).collect();
    }
    let said = source::parse(source, &Arc::from("the pools"), diags);
    let shape = catalog.modes.values().find_map(|mode| mode.options.pointer("/properties/pools"));
    if let (Some(pools), Some(shape)) = (said.get("pools"), shape) {
        catalog.check_part(shape, pools, diags);
    }
    pools_of(&said, diags)
}

/// The pools of a table `pools`; `nodes` and `zones` beside it hold where a pool says nothing else.
pub fn pools_of(settings: &Node, diags: &mut Diagnostics) -> Vec<Pool> {
    let rules = rules();
    let pools = settings.get("pools").map_or(&[][..], |pools| pools.entries()).iter();
    pools.filter_map(|entry| pool(&entry.key, &entry.node, settings, &rules, diags)).collect()
}

fn pool(name: &str, node: &Node, settings: &Node, rules: &Node, diags: &mut Diagnostics) -> Option<Pool> {
    let number =
        |key: &str| node.get(key).or_else(|| settings.get(key)).and_then(|number| usize::try_from(number.as_int()?).ok());
    let nodes = number("nodes").unwrap_or(1);
    let shape = shape(node, diags)?;
    let kept = match node.text("keeps") {
        "" if node.get("machine").is_some() => "ec2",
        "" => "nothing",
        named => named,
    };
    let mut room = left(shape, rules.get("kept")?.get(kept)?);
    room.insert("ephemeral-storage".to_owned(), said(node, "storage", "ephemeral-storage").unwrap_or(EVERYTHING));
    for (key, resource) in [("spare_cpu", "cpu"), ("spare_memory", "memory")] {
        *room.entry(resource.to_owned()).or_default() -= said(node, key, resource).unwrap_or_default();
    }
    room.extend(
        node.get("devices")
            .map_or(&[][..], |devices| devices.entries())
            .iter()
            .filter_map(|device| Some((device.key.to_string(), i64::try_from(device.node.as_int()?).ok()?))),
    );
    let machine = Machine { labels: own_labels(name, node, shape.arch), taints: taints(node), room, ..Machine::default() };
    let most = number("most").unwrap_or(nodes).max(nodes);
    Some(Pool {
        name: name.to_owned(),
        nodes,
        most,
        zones: zones(node, settings),
        machine,
        span: node.key_span().or_else(|| node.span()),
    })
}

/// What a machine is: one of a type that is known, or with what is said of it.
fn shape<'n>(node: &'n Node, diags: &mut Diagnostics) -> Option<Shape<'n>> {
    let arch = node.text("arch");
    if let Some(machine) = node.get("machine") {
        let name = machine.as_str().unwrap_or_default();
        let shape = known(name);
        if shape.is_none() {
            let diagnostic = diags.error(Code::BadValue, format!("no type of machines is called {name}"));
            diagnostic.at_some(machine.span(), "this type").suggest(name, names());
        }
        return shape;
    }
    let (cpu_m, memory) = (said(node, "cpu", "cpu"), said(node, "memory", "memory"));
    let Some((cpu_m, memory)) = cpu_m.zip(memory) else {
        let diagnostic = diags.error(Code::MissingKey, "a pool says which `machine` it has, or its `cpu` and `memory`");
        diagnostic.at_some(node.key_span().or_else(|| node.span()), "this pool");
        return None;
    };
    let pods = node.get("pods").and_then(|pods| i64::try_from(pods.as_int()?).ok()).unwrap_or(110);
    Some(Shape { arch: if arch.is_empty() { "amd64" } else { arch }, cpu_m, memory_mib: memory >> 20, pods })
}

/// An amount with the units of lakehouse.toml: GiB is what Kubernetes writes as Gi.
fn said(node: &Node, key: &str, resource: &str) -> Option<i64> {
    let node = node.get(key)?;
    let text = match &node.data {
        Data::Number(number) => number.to_f64().to_string(),
        _ => node.as_str()?.trim_end_matches('B').replace("cores", "").trim().to_owned(),
    };
    amount(resource, &text)
}

fn own_labels(pool: &str, node: &Node, arch: &str) -> Labels {
    let mut labels = Labels::from([
        ("kubernetes.io/os".to_owned(), "linux".to_owned()),
        ("kubernetes.io/arch".to_owned(), arch.to_owned()),
        ("lakegen.dev/pool".to_owned(), pool.to_owned()),
    ]);
    if let Some(machine) = node.get("machine").and_then(|machine| machine.as_str()) {
        labels.insert("node.kubernetes.io/instance-type".to_owned(), machine.to_owned());
    }
    let said = node.get("labels").map_or(&[][..], |labels| labels.entries()).iter();
    labels.extend(said.map(|entry| (entry.key.to_string(), entry.node.as_str().unwrap_or_default().to_owned())));
    labels
}

/// `key=value:effect`, as kubectl writes them; a taint may have no value.
fn taints(node: &Node) -> Vec<Taint> {
    let one = |text: &str| {
        let (left, effect) = text.rsplit_once(':')?;
        let (key, value) = left.split_once('=').unwrap_or((left, ""));
        Some(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
    };
    node.get("taints").map_or(&[][..], |taints| taints.items()).iter().filter_map(|taint| one(taint.as_str()?)).collect()
}

fn zones(node: &Node, settings: &Node) -> Vec<String> {
    let Some(zones) = node.get("zones").or_else(|| settings.get("zones")) else { return Vec::new() };
    match zones.as_int() {
        Some(number) => (0..number).map(|zone| format!("zone-{zone}")).collect(),
        None => zones.items().iter().filter_map(|zone| zone.as_str().map(str::to_owned)).collect(),
    }
}

/// The machines of pools, so many of each, one zone after another.
pub fn machines(pools: &[Pool], counts: &[usize]) -> Vec<Machine> {
    let each = pools.iter().zip(counts).enumerate();
    each.flat_map(|(at, (pool, count))| (0..*count).map(move |number| pool.machine(at, number))).collect()
}

impl Pool {
    fn machine(&self, pool: usize, number: usize) -> Machine {
        let mut machine = Machine { pool, ..self.machine.clone() };
        if machine.name.is_empty() {
            machine.name = format!("{}-{number}", self.name);
            machine.labels.entry(HOSTNAME.to_owned()).or_insert_with(|| machine.name.clone());
        }
        if let Some(zone) = self.zones.get(number % self.zones.len().max(1)) {
            machine.labels.entry(ZONE.to_owned()).or_insert_with(|| zone.clone());
        }
        machine
    }
}

/// A Node of a cluster: a pool of one.
fn of_node(root: &Yaml<'_>, span: Span) -> Option<Pool> {
    let is_node = root.get("kind").and_then(Yaml::as_str) == Some("Node");
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).filter(|_| is_node)?;
    let spec = root.get("spec");
    let text = |yaml: &Yaml<'_>, key: &str| yaml.get(key).and_then(Yaml::as_str).unwrap_or_default().to_owned();
    let taints = spec.and_then(|spec| spec.get("taints")).map_or(&[][..], Yaml::items).iter();
    let taints =
        taints.map(|taint| Taint { key: text(taint, "key"), value: text(taint, "value"), effect: text(taint, "effect") });
    let status = |name: &str| root.get("status").and_then(|status| status.get(name));
    let room: Amounts = amounts(status("allocatable").or_else(|| status("capacity")));
    let machine = Machine {
        name: name.to_owned(),
        labels: labels(root.get("metadata").and_then(|metadata| metadata.get("labels"))),
        taints: taints.collect(),
        is_closed: spec.and_then(|spec| spec.get("unschedulable")).is_some_and(|closed| closed.data == YamlData::Bool(true)),
        room,
        pool: 0,
    };
    Some(Pool { name: name.to_owned(), nodes: 1, most: 1, zones: Vec::new(), machine, span: Some(span) })
}
