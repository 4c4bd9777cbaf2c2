//! Asks each component what it runs, and writes the finished graph down as the tree that templates read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::wire::{Matches, flag, reads};
use super::{Connection, Graph, Interface, Offer, Secret, Workload};
use crate::catalog::Mode;
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::lakehouse::Lakehouse;
use crate::layers;
use crate::node::{Data, Entry, Node, Number};
use crate::render::Failure;
use crate::schema::{self, Check, Schema};

/// Renders the workloads of every component, in parallel, and checks them against schemas/workload.json.
pub(super) fn workloads(
    lakehouse: &Lakehouse<'_>,
    mode: &Mode,
    interfaces: &[Interface<'_>],
    matches: &Matches,
    diags: &mut Diagnostics,
) -> Result<Vec<Workload>, Reported> {
    use rayon::prelude::*;
    let catalog = lakehouse.catalog;
    let shape = Schema::compile(schema::expand(&catalog.workload, &catalog.types));
    let asker = Asker { lakehouse, mode, interfaces, matches, shape };
    let found: Vec<Result<Vec<Workload>, Trouble>> =
        (0..interfaces.len()).into_par_iter().map(|index| asker.ask(index)).collect();
    let mut workloads = Vec::new();
    for result in found {
        match result {
            Ok(found) => workloads.extend(found),
            Err(Trouble::Failed(failure)) => failure.report(diags),
            Err(Trouble::Wrong(found)) => diags.append(found),
        }
    }
    diags.checkpoint()?;
    Ok(workloads)
}

enum Trouble {
    Failed(Box<Failure>),
    Wrong(Diagnostics),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Failed(Box::new(failure))
    }
}

struct Asker<'a> {
    lakehouse: &'a Lakehouse<'a>,
    mode: &'a Mode,
    interfaces: &'a [Interface<'a>],
    matches: &'a Matches,
    shape: Schema,
}

impl Asker<'_> {
    fn ask(&self, index: usize) -> Result<Vec<Workload>, Trouble> {
        let interface = &self.interfaces[index];
        let mut needs = Vec::new();
        for need in &interface.needs {
            let answer = self.answer(need, &self.matches[index][&need.key])?;
            let chosen = interface.instance.options.get("uses").and_then(|uses| uses.get(&need.key));
            needs.push(Entry {
                key: need.key.clone(),
                node: chosen.map_or(answer.clone(), |chosen| with_choice(&answer, chosen)),
            });
        }
        let needs = Node::derived("what its needs are met by", Data::Map(needs), []);
        let scope = interface.scope.with("needs", &needs);
        let catalog = self.lakehouse.catalog;
        let said = catalog.engine.document(&interface.instance.component.workloads, scope)?;
        let mut diags = Diagnostics::default();
        self.shape.check(&said, Check::Layer(Code::UnknownKey), &mut diags);
        self.shape.check(&said, Check::Whole, &mut diags);
        if !diags.is_empty() {
            return Err(Trouble::Wrong(diags));
        }
        let whole = schema::with_defaults(&catalog.workload, &said);
        whole.items().iter().map(|node| self.workload(index, node)).collect()
    }

    fn workload(&self, index: usize, node: &Arc<Node>) -> Result<Workload, Trouble> {
        let interface = &self.interfaces[index];
        let role = node.text("role").to_owned();
        let (name, address) = self.address(interface, &role)?;
        let from: Vec<Arc<Node>> = [&interface.instance.name].into_iter().chain(node.get("role")).cloned().collect();
        let there: Vec<Arc<Node>> =
            std::iter::once(node.head()).chain(interface.instance.options.get("enabled").cloned()).collect();
        Ok(Workload {
            instance: index,
            named_by: from.into(),
            name,
            component: interface.instance.name.clone(),
            namespace: interface.namespace.clone(),
            address,
            role,
            node: Node::derived("a workload", node.data.clone(), there),
            makes: Vec::new(),
            takes: Vec::new(),
            offers: Vec::new(),
            wave: 0,
        })
    }

    /// A workload's name, and the host under which this mode reaches it.
    fn address(&self, interface: &Interface<'_>, role: &str) -> Result<(String, Arc<Node>), Failure> {
        let component = interface.instance.name.as_str().unwrap_or_default();
        let name = if role.is_empty() { component.to_owned() } else { format!("{component}-{role}") };
        let node = Node::derived("the workload's name", name.as_str().into(), [interface.instance.name.clone()]);
        let address = match self.mode.names.get("address") {
            Some(template) => self.lakehouse.catalog.engine.fill(template, &interface.scope.with("workload", &node))?,
            None => node,
        };
        Ok((name, address))
    }

    /// What a template sees of a need: one table, or a list of them where every offer is taken.
    fn answer(&self, need: &Entry, offers: &[Offer]) -> Result<Arc<Node>, Failure> {
        let told: Vec<Arc<Node>> = offers.iter().map(|offer| self.told(offer)).collect::<Result<_, _>>()?;
        match told.into_iter().next() {
            Some(first) if !flag(&need.node, "many") => Ok(first),
            _ => {
                let all = offers.iter().map(|offer| self.told(offer)).collect::<Result<_, _>>()?;
                Ok(Node::derived("all offers", Data::Seq(all), [need.node.clone()]))
            }
        }
    }

    fn told(&self, offer: &Offer) -> Result<Arc<Node>, Failure> {
        let interface = &self.interfaces[offer.instance];
        let (name, host) = self.address(interface, &offer.role)?;
        let mut entries = vec![
            entry("host", host),
            entry("workload", made("the workload that offers it", name, offer)),
            entry("component", interface.instance.name.clone()),
        ];
        entries.extend(offer.port.iter().map(|port| entry("port", port.clone())));
        let said = offer.node.get("tell").map_or(&[][..], |tell| tell.entries());
        entries.extend(said.iter().cloned());
        Ok(Node::derived("what an offer tells", Data::Map(entries), [offer.node.head()]))
    }
}

/// What the one that a user chose tells: another choice would tell other things.
fn with_choice(answer: &Node, chosen: &Arc<Node>) -> Arc<Node> {
    let told = |entry: &Entry| {
        let from = [entry.node.clone(), chosen.clone()];
        Entry { key: entry.key.clone(), node: Node::derived("the one chosen", entry.node.data.clone(), from) }
    };
    Node::derived("what the one chosen tells", Data::Map(answer.entries().iter().map(told).collect()), [chosen.clone()])
}

fn entry(key: &str, node: Arc<Node>) -> Entry {
    Entry { key: key.into(), node }
}

fn made(rule: &'static str, text: String, offer: &Offer) -> Arc<Node> {
    Node::derived(rule, text.into(), [offer.node.head()])
}

impl Graph {
    /// Everything a template of a mode may ask of the whole platform, and of each workload, namespace and secret.
    pub fn describe(&self) -> Description {
        let workloads: Vec<Arc<Node>> = self.workloads.iter().map(|workload| self.workload(workload)).collect();
        let namespaces = self.namespaces(&workloads);
        let readers = self.readers();
        let secrets: Vec<Arc<Node>> = self.secrets.iter().map(|secret| secret_node(secret, &readers)).collect();
        let files = files(&workloads);
        let connections: Vec<Arc<Node>> = self.connections.iter().map(|connection| self.connection(connection)).collect();
        // How many there are follows from what made each of them, and from who is not there.
        let list = |items: &[Arc<Node>]| {
            let heads = items.iter().map(|item| item.head());
            let from: Vec<Arc<Node>> = heads.chain(self.switches.iter().cloned()).collect();
            Node::derived("the graph", Data::Seq(items.to_vec()), from)
        };
        let platform = table(vec![
            entry("workloads", list(&workloads)),
            entry("namespaces", list(&namespaces)),
            entry("secrets", list(&secrets)),
            entry("connections", list(&connections)),
            entry("networks", list(&self.networks())),
            entry("volumes", list(&volumes(&workloads))),
            entry("files", list(&files)),
        ]);
        Description { platform, workloads, namespaces, secrets, files }
    }

    fn workload(&self, workload: &Workload) -> Arc<Node> {
        let from: Arc<[Arc<Node>]> = Arc::from([workload.node.head()]);
        let derived = |data: Data| Node::derived("the graph", data, from.clone());
        // Who else is there decides who the others are.
        let peers = workload.makes.iter().chain(&workload.takes).map(|index| &self.connections[*index]);
        let peers = peers.flat_map(|connection| [connection.from, connection.to]).map(|end| self.workloads[end].node.head());
        let there: Vec<Arc<Node>> = from.iter().chain(&self.switches).cloned().chain(peers).collect();
        let others = |others: Vec<Arc<Node>>| Node::derived("the graph", Data::Seq(others), there.clone());
        let mut entries = vec![
            entry("name", name_of(workload)),
            entry("component", workload.component.clone()),
            entry("namespace", workload.namespace.clone()),
            entry("address", workload.address.clone()),
            entry("wave", derived((workload.wave as i64).into())),
            entry("ports", derived(Data::Seq(self.ports(workload)))),
            entry("uses", others(self.uses(workload))),
            entry("used_by", others(self.used_by(workload))),
            entry("scrape", derived(Data::Seq(scrapes(workload)))),
            entry("networks", others(self.networks_of(workload))),
            entry("reads", derived(Data::Seq(secret_reads(workload)))),
        ];
        let own = workload.node.entries().iter().filter(|own| !matches!(&*own.key, "needs" | "secrets"));
        entries.extend(own.cloned());
        Arc::new(Node { data: Data::Map(entries), origin: workload.node.origin.clone() })
    }

    /// The ports it listens on: one for each number, named for the first offer on it.
    fn ports(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut seen = BTreeSet::new();
        let mut ports = Vec::new();
        for offer in &workload.offers {
            let Some(port) = offer.port.as_ref().filter(|port| seen.insert(port.as_int())) else { continue };
            let edge = workload.offers.iter().filter(|other| other.port.as_ref().and_then(|p| p.as_int()) == port.as_int());
            let edge = edge.filter_map(|other| other.node.get("edge")).find(|edge| edge.as_str() != Some(""));
            let mut entries = vec![entry("name", offer.name.clone()), entry("port", port.clone())];
            entries.extend(offer.node.get("protocol").map(|protocol| entry("protocol", protocol.clone())));
            entries.push(entry(
                "edge",
                edge.cloned().unwrap_or_else(|| offer.node.get("edge").cloned().unwrap_or_else(layers::nothing)),
            ));
            ports.push(table(entries));
        }
        ports
    }

    fn uses(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut seen = BTreeSet::new();
        let mut uses = Vec::new();
        for connection in workload.makes.iter().map(|index| &self.connections[*index]) {
            let port = connection.offer.port.as_ref().and_then(|port| port.as_int());
            if seen.insert((connection.to, port)) {
                uses.push(self.end(connection, connection.to));
            }
        }
        uses
    }

    fn used_by(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut seen = BTreeSet::new();
        let mut used = Vec::new();
        for connection in workload.takes.iter().map(|index| &self.connections[*index]) {
            let port = connection.offer.port.as_ref().and_then(|port| port.as_int());
            if port.is_some() && seen.insert((connection.from, port)) {
                used.push(self.end(connection, connection.from));
            }
        }
        used
    }

    /// One end of a connection, as the other end sees it.
    fn end(&self, connection: &Connection, end: usize) -> Arc<Node> {
        let workload = &self.workloads[end];
        let from: Arc<[Arc<Node>]> = Arc::from([connection.need.clone(), connection.offer.node.head()]);
        let derived = |data: Data| Node::derived("a connection", data, from.clone());
        let ends = workload.node.text("kind") == "job";
        let mut entries = vec![
            entry("workload", name_of(workload)),
            entry("component", workload.component.clone()),
            entry("namespace", workload.namespace.clone()),
            entry("address", workload.address.clone()),
            entry("need", derived(connection.need_name.as_str().into())),
            entry("interface", connection.offer.interface.clone()),
            entry("waits", derived((connection.waits && connection.from != connection.to).into())),
            entry("ends", derived(ends.into())),
            entry("has_port", derived(connection.offer.port.is_some().into())),
        ];
        entries.extend(connection.offer.port.iter().map(|port| entry("port", port.clone())));
        entries.extend(connection.offer.node.get("protocol").map(|protocol| entry("protocol", protocol.clone())));
        entries.extend(connection.need.get("purpose").map(|purpose| entry("purpose", purpose.clone())));
        table(entries)
    }

    fn connection(&self, connection: &Connection) -> Arc<Node> {
        table(vec![entry("from", self.end(connection, connection.from)), entry("to", self.end(connection, connection.to))])
    }

    /// For each secret, the namespaces of the workloads that read it.
    fn readers(&self) -> Readers<'_> {
        let mut readers: Readers<'_> = BTreeMap::new();
        for workload in &self.workloads {
            for (secret, _) in reads(workload) {
                let namespaces = readers.entry(secret.as_str().unwrap_or_default().to_owned()).or_default();
                namespaces.entry(workload.namespace.as_str().unwrap_or_default()).or_insert_with(|| workload.namespace.clone());
            }
        }
        readers
    }

    fn namespaces(&self, workloads: &[Arc<Node>]) -> Vec<Arc<Node>> {
        let mut by_name: BTreeMap<&str, Vec<Arc<Node>>> = BTreeMap::new();
        for workload in workloads {
            by_name.entry(workload.text("namespace")).or_default().push(workload.clone());
        }
        let namespace = |(name, workloads): (&str, Vec<Arc<Node>>)| {
            let from: Vec<Arc<Node>> =
                workloads.iter().filter_map(|workload| workload.get("namespace").cloned()).take(1).collect();
            let name = Node::derived("a namespace", name.into(), from);
            let there: Vec<Arc<Node>> = workloads.iter().map(|workload| workload.head()).collect();
            let workloads = Node::derived("who lives there", Data::Seq(workloads), there.clone());
            Node::derived("a namespace", Data::Map(vec![entry("name", name), entry("workloads", workloads)]), there)
        };
        by_name.into_iter().map(namespace).collect()
    }

    /// One network for each workload that others use: it and they are on it, and nobody else.
    fn networks(&self) -> Vec<Arc<Node>> {
        let used = self.workloads.iter().filter(|workload| self.is_used(workload));
        used.map(network).collect()
    }

    fn networks_of(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut names = BTreeMap::new();
        if self.is_used(workload) {
            names.insert(workload.name.as_str(), workload);
        }
        let ported =
            workload.makes.iter().map(|index| &self.connections[*index]).filter(|connection| connection.offer.port.is_some());
        names.extend(ported.map(|connection| &self.workloads[connection.to]).map(|other| (other.name.as_str(), other)));
        names.into_values().map(network).collect()
    }

    fn is_used(&self, workload: &Workload) -> bool {
        workload.takes.iter().any(|index| self.connections[*index].offer.port.is_some())
    }
}

fn network(workload: &Workload) -> Arc<Node> {
    Node::derived("a network", workload.name.as_str().into(), [name_of(workload)])
}

fn name_of(workload: &Workload) -> Arc<Node> {
    Node::derived("the workload's name", workload.name.as_str().into(), workload.named_by.clone())
}

/// The graph as nodes: the whole, and what emit rules are unrolled over.
pub struct Description {
    pub platform: Arc<Node>,
    pub workloads: Vec<Arc<Node>>,
    pub namespaces: Vec<Arc<Node>>,
    pub secrets: Vec<Arc<Node>>,
    pub files: Vec<Arc<Node>>,
}

type Readers<'g> = BTreeMap<String, BTreeMap<&'g str, Arc<Node>>>;

fn secret_node(secret: &Secret, readers: &Readers<'_>) -> Arc<Node> {
    let mut namespaces = readers.get(secret.name.as_str().unwrap_or_default()).cloned().unwrap_or_default();
    namespaces.insert(secret.namespace.as_str().unwrap_or_default(), secret.namespace.clone());
    let keys = secret.node.get("keys").map_or(&[][..], |keys| keys.entries());
    table(vec![
        entry("name", secret.name.clone()),
        entry("component", secret.component.clone()),
        entry("summary", secret.node.get("summary").cloned().unwrap_or_else(layers::nothing)),
        entry("keys", Node::derived("its keys", Data::Seq(keys.iter().map(key_node).collect()), [secret.node.head()])),
        entry("namespaces", Node::derived("who reads it", Data::Seq(namespaces.into_values().collect()), [])),
    ])
}

/// A number is how many random bytes the key's value has; anything else is a value that is no secret.
fn key_node(key: &Entry) -> Arc<Node> {
    let is_random = matches!(key.node.data, Data::Number(Number::Int(_)));
    table(vec![
        entry("name", Node::derived("a key", (&*key.key).into(), [key.node.clone()])),
        entry("random", Node::derived("what a key holds", is_random.into(), [key.node.clone()])),
        entry("value", key.node.clone()),
    ])
}

fn table(entries: Vec<Entry>) -> Arc<Node> {
    // What is in it knows where it comes from.
    Node::derived("the graph", Data::Map(entries), [])
}

/// Where metrics are read: the offers of the interface `metrics`.
fn scrapes(workload: &Workload) -> Vec<Arc<Node>> {
    let metrics = workload.offers.iter().filter(|offer| offer.interface.as_str() == Some("metrics"));
    let scrape = |offer: &Offer| {
        let mut entries: Vec<Entry> = offer.port.iter().map(|port| entry("port", port.clone())).collect();
        entries.extend(offer.node.get("tell").map_or(&[][..], |tell| tell.entries()).iter().cloned());
        table(entries)
    };
    metrics.map(scrape).collect()
}

fn secret_reads(workload: &Workload) -> Vec<Arc<Node>> {
    let env = workload.node.get("env").map_or(&[][..], |env| env.entries());
    let is_variable = |secret: &Node, key: &Node| {
        env.iter().any(|entry| {
            entry.node.get("secret").is_some_and(|read| read.as_str() == secret.as_str())
                && entry.node.get("key").is_some_and(|read| read.as_str() == key.as_str())
        })
    };
    let read = |(secret, key): (&Arc<Node>, &Arc<Node>)| {
        let variable = Node::derived("how it is read", is_variable(secret, key).into(), [secret.clone()]);
        table(vec![entry("secret", secret.clone()), entry("key", key.clone()), entry("variable", variable)])
    };
    reads(workload).into_iter().map(read).collect()
}

/// Every volume of every workload, for modes that name them in one place.
fn volumes(workloads: &[Arc<Node>]) -> Vec<Arc<Node>> {
    let mut all = Vec::new();
    for workload in workloads {
        for volume in workload.get("volumes").map_or(&[][..], |volumes| volumes.items()) {
            let name = format!("{}-{}", workload.text("name"), volume.text("name"));
            let from: Vec<Arc<Node>> = [workload.get("name"), volume.get("name")].into_iter().flatten().cloned().collect();
            all.push(Node::derived("the volume's name", name.into(), from));
        }
    }
    all
}

/// Every text file of every workload, for modes that write them beside their documents.
fn files(workloads: &[Arc<Node>]) -> Vec<Arc<Node>> {
    let mut all = Vec::new();
    for workload in workloads {
        for file in workload.get("files").map_or(&[][..], |files| files.items()) {
            let mut entries = vec![entry("workload", workload.clone()), entry("name", flat_name(file))];
            entries.extend(file.entries().iter().cloned());
            all.push(Node::derived("a file", Data::Map(entries), [workload.head(), file.head()]));
        }
    }
    all
}

/// `/etc/valkey/start.sh` as one name: `etc-valkey-start.sh`.
fn flat_name(file: &Arc<Node>) -> Arc<Node> {
    let name = file.text("path").trim_start_matches('/').replace('/', "-");
    let from: Vec<Arc<Node>> = file.get("path").into_iter().cloned().collect();
    Node::derived("the file's name", name.into(), from)
}
