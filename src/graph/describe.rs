//! Writes the finished graph down as the tree that templates read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::order::waits;
use super::wire::reads;
use super::{Connection, Graph, JOINED, Offer, Provided, Secret, Workload};
use crate::layers;
use crate::node::{Data, Entry, Node, Number};
use crate::types::Types;

impl Graph {
    /// Everything a template of a mode may ask of the whole platform, and of each workload, namespace and secret.
    pub fn describe(&self) -> &Description {
        self.description.get_or_init(|| self.written())
    }

    fn written(&self) -> Description {
        let own = self.workloads.iter().zip(self.waves()).filter(|(workload, _)| workload.is_own());
        let workloads: Vec<Arc<Node>> = own.map(|(workload, wave)| self.workload(workload, wave)).collect();
        let namespaces = self.namespaces(&workloads);
        let readers = self.readers();
        let secrets: Vec<Arc<Node>> = self.secrets.iter().map(|secret| secret_node(secret, &readers)).collect();
        let files = parts(&workloads, "files", |file| vec![entry("name", flat_name(file))]);
        let copies = secrets.iter().flat_map(copies).collect();
        let objects = parts(&workloads, "objects", |_| Vec::new());
        let connections: Vec<Arc<Node>> = self.connections.iter().map(|connection| self.connection(connection)).collect();
        // How many there are follows from what made each of them, and from who is not there.
        let list_of = |items: &[Arc<Node>], more: &[Arc<Node>]| {
            let heads = items.iter().map(|item| item.head());
            let from: Vec<Arc<Node>> = heads.chain([self.switches.clone()]).chain(more.iter().cloned()).collect();
            Node::derived("the graph", Data::Seq(items.to_vec()), from)
        };
        let list = |items: &[Arc<Node>]| list_of(items, &[]);
        let platform = table(vec![
            entry("workloads", list(&workloads)),
            entry("namespaces", list(&namespaces)),
            entry("secrets", list_of(&secrets, &self.kept)),
            entry("connections", list(&connections)),
            entry("networks", list(&self.networks())),
            entry("volumes", list(&volumes(&workloads))),
            entry("files", list(&files)),
            entry("elsewhere", list(&self.elsewhere())),
        ]);
        Description { platform, workloads, namespaces, secrets, copies, files, objects }
    }

    /// The wave of each workload, made of the waves of those that it waits for.
    fn waves(&self) -> Vec<Arc<Node>> {
        let mut waves = vec![layers::nothing(); self.workloads.len()];
        let mut order: Vec<usize> = (0..self.workloads.len()).collect();
        order.sort_by_key(|index| self.workloads[*index].wave);
        for index in order {
            let workload = &self.workloads[index];
            let waited = waits(workload, &self.connections).map(|connection| waves[connection.to].clone());
            let from: Vec<Arc<Node>> = [workload.node.head(), workload.near.clone()].into_iter().chain(waited).collect();
            waves[index] = Node::derived("the graph", (workload.wave as i64).into(), from);
        }
        waves
    }

    fn workload(&self, workload: &Workload, wave: Arc<Node>) -> Arc<Node> {
        let from: Arc<[Arc<Node>]> = Arc::from([workload.node.head()]);
        let derived = |data: Data| Node::derived("the graph", data, from.clone());
        // Who else is there decides who the others are.
        let peers = workload.makes.iter().chain(&workload.takes).map(|index| &self.connections[*index]);
        let peers = peers.flat_map(|connection| [connection.from, connection.to]).map(|end| self.workloads[end].node.head());
        let there: Arc<[Arc<Node>]> = from.iter().chain([&workload.near]).cloned().chain(peers).collect();
        let others = |others: Vec<Arc<Node>>| Node::derived("the graph", Data::Seq(others), there.clone());
        let mut entries = vec![
            entry("name", name_of(workload)),
            entry("component", workload.component.clone()),
            entry("namespace", workload.namespace.clone()),
            entry("address", workload.address.clone()),
            entry("hosts", derived(Data::Seq(workload.hosts.clone()))),
            entry("wave", wave),
            entry("ports", derived(Data::Seq(self.ports(workload)))),
            entry("uses", others(self.uses(workload))),
            entry("used_by", others(self.used_by(workload))),
            entry("scrape", derived(Data::Seq(scrapes(workload)))),
            entry("networks", others(self.networks_of(workload))),
            entry("reads", derived(Data::Seq(secret_reads(workload)))),
        ];
        let own = workload.node.entries().iter().filter(|own| !matches!(&*own.key, "needs" | "knows" | "secrets"));
        entries.extend(own.cloned());
        Arc::new(Node { data: Data::Map(entries), origin: workload.node.origin.clone() })
    }

    /// What others run, with what must be there before it is used.
    fn elsewhere(&self) -> Vec<Arc<Node>> {
        let expecting = self.workloads.iter().filter(|workload| !workload.expects.is_empty());
        let told = |workload: &Workload| {
            let expects = Node::derived("what it must have", Data::Seq(workload.expects.clone()), workload.expects.clone());
            let host = workload.takes.iter().find_map(|index| self.connections[*index].offer.host.as_ref());
            table(vec![
                entry("name", name_of(workload)),
                entry("host", host.unwrap_or(&workload.address).clone()),
                entry("expects", expects),
            ])
        };
        expecting.map(told).collect()
    }

    /// The ports it listens on: one for each number, named for the first offer on it.
    fn ports(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut seen = BTreeSet::new();
        let mut ports = Vec::new();
        for offer in &workload.offers {
            let Some(port) = offer.port.as_ref().filter(|_| seen.insert(offer.door())) else { continue };
            let edge = workload.offers.iter().filter(|other| other.port.as_ref().and_then(|p| p.as_int()) == port.as_int());
            let edge = edge.filter_map(|other| other.node.get("edge")).find(|edge| edge.as_str() != Some(""));
            let mut entries = vec![entry("name", offer.name.clone()), entry("port", port.clone())];
            entries.extend(offer.node.get("protocol").map(|protocol| entry("protocol", protocol.clone())));
            // Whether it is here that people reach it follows from who stands before it.
            let place = |edge: &Arc<Node>| Node::derived("a page", edge.data.clone(), [edge.clone(), workload.near.clone()]);
            entries.push(entry("edge", edge.or(offer.node.get("edge")).map_or_else(layers::nothing, place)));
            ports.push(table(entries));
        }
        ports
    }

    fn uses(&self, workload: &Workload) -> Vec<Arc<Node>> {
        self.ends(workload.makes.iter().map(|index| &self.connections[*index]), |connection| connection.to)
    }

    fn used_by(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let ported = workload.takes.iter().map(|index| &self.connections[*index]);
        self.ends(ported.filter(|connection| connection.offer.port.is_some()), |connection| connection.from)
    }

    /// The other ends of some connections, each door of a workload once, whatever it is needed for.
    fn ends<'g>(&'g self, all: impl Iterator<Item = &'g Connection>, end: fn(&Connection) -> usize) -> Vec<Arc<Node>> {
        let mut places: BTreeMap<(usize, (Option<i128>, bool)), usize> = BTreeMap::new();
        let mut doors: Vec<Vec<&Connection>> = Vec::new();
        for connection in all {
            let place = *places.entry((end(connection), connection.offer.door())).or_insert(doors.len());
            match doors.get_mut(place) {
                Some(several) => several.push(connection),
                None => doors.push(vec![connection]),
            }
        }
        doors.iter().map(|several| self.end(several, end(several[0]))).collect()
    }

    /// One end of connections through one door, as the other end sees it.
    fn end(&self, several: &[&Connection], end: usize) -> Arc<Node> {
        let connection = several[0];
        let workload = &self.workloads[end];
        let from: Arc<[Arc<Node>]> = Arc::from([connection.need.clone(), connection.offer.node.head()]);
        let derived = |data: Data| Node::derived("a connection", data, from.clone());
        let (ends, is_outside) = (workload.kind() == "job", workload.kind() == "outside");
        let mut entries = vec![
            entry("workload", joined(workload, several)),
            entry("component", workload.component.clone()),
            entry("namespace", workload.namespace.clone()),
            entry("address", workload.address.clone()),
            entry("hosts", derived(Data::Seq(workload.hosts.clone()))),
            entry("need", derived(connection.need_name.as_str().into())),
            entry("interface", connection.offer.interface.clone()),
            entry("waits", derived((connection.waits && connection.from != connection.to).into())),
            entry("ends", derived(ends.into())),
            entry("has_port", derived(connection.offer.port.is_some().into())),
            entry("outside", if is_outside { tied(true.into(), name_of(workload), several) } else { derived(false.into()) }),
        ];
        entries.extend(
            ["kind", "labels", "ranges", "domains"].iter().filter_map(|key| Some(entry(key, workload.node.get(key)?.clone()))),
        );
        // Whom others run is not always told by a name of ours: the port then tells of the connection.
        let port = |port: &Arc<Node>| match workload.is_own() {
            true => port.clone(),
            false => tied(port.data.clone(), port.clone(), several),
        };
        entries.extend(connection.offer.port.iter().map(|own| entry("port", port(own))));
        entries.extend(connection.offer.node.get("protocol").map(|protocol| entry("protocol", protocol.clone())));
        entries.extend(connection.need.get("purpose").map(|purpose| entry("purpose", purpose.clone())));
        table(entries)
    }

    fn connection(&self, connection: &Connection) -> Arc<Node> {
        table(vec![entry("from", self.end(&[connection], connection.from)), entry("to", self.end(&[connection], connection.to))])
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
        for workload in workloads.iter().filter(|workload| workload.text("kind") != "objects") {
            by_name.entry(workload.text("namespace")).or_default().push(workload.clone());
        }
        let namespace = |(name, workloads): (&str, Vec<Arc<Node>>)| {
            let from: Vec<Arc<Node>> =
                workloads.iter().filter_map(|workload| workload.get("namespace").cloned()).take(1).collect();
            let name = Node::derived("a namespace", name.into(), from);
            let there: Vec<Arc<Node>> = workloads.iter().map(|workload| workload.head()).collect();
            let (agents, others): (Vec<_>, Vec<_>) = workloads.iter().cloned().partition(|one| one.text("kind") == "agent");
            let (totals, per_machine) = (self.totals(&others), self.totals(&agents));
            let workloads = Node::derived("who lives there", Data::Seq(workloads), there.clone());
            let entries = vec![
                entry("name", name),
                entry("workloads", workloads),
                entry("totals", totals),
                entry("per_machine", per_machine),
            ];
            Node::derived("a namespace", Data::Map(entries), there)
        };
        by_name.into_iter().map(namespace).collect()
    }

    /// What all pods of some workloads ask for together, scaled to the most: processors in thousandths, memory in MiB, how
    /// many they are, and how many of them an operator makes.
    fn totals(&self, workloads: &[Arc<Node>]) -> Arc<Node> {
        let counted = workloads
            .iter()
            .flat_map(|workload| [Some(workload.head()), workload.get("replicas").cloned(), most(workload).cloned()]);
        let there: Vec<Arc<Node>> = counted.flatten().chain([self.switches.clone()]).collect();
        let sum = |amount: i128, from: Vec<Arc<Node>>| {
            let from: Vec<Arc<Node>> = from.into_iter().chain(there.iter().cloned()).collect();
            Node::derived("the sum of what runs there", Data::Number(Number::Int(amount)), from)
        };
        let asked = |key: &str, unit: &str| {
            let one = |workload: &Arc<Node>| workload.get("resources").and_then(|resources| resources.get(key)).cloned();
            let all = workloads.iter().filter_map(|workload| Some(amount(&*one(workload)?, unit, &self.types)? * pods(workload)));
            sum(all.sum(), workloads.iter().filter_map(one).collect())
        };
        let operated = workloads.iter().filter(|workload| workload.text("kind") == "operated");
        table(vec![
            entry("cpu", asked("cpu", "m")),
            entry("memory", asked("memory", "MiB")),
            entry("pods", sum(workloads.iter().map(pods).sum(), Vec::new())),
            entry("operated", sum(operated.map(pods).sum(), Vec::new())),
        ])
    }

    /// One network for each workload that others use: it and they are on it, and nobody else.
    fn networks(&self) -> Vec<Arc<Node>> {
        let used = self.workloads.iter().filter(|workload| workload.is_own() && self.is_used(workload));
        used.map(network).collect()
    }

    fn networks_of(&self, workload: &Workload) -> Vec<Arc<Node>> {
        let mut names: BTreeMap<&str, Vec<Arc<Node>>> = BTreeMap::new();
        if self.is_used(workload) {
            names.entry(&workload.name).or_default().push(name_of(workload));
        }
        for connection in workload.makes.iter().map(|index| &self.connections[*index]) {
            let other = &self.workloads[connection.to];
            if connection.offer.port.is_some() && other.is_own() {
                names.entry(&other.name).or_default().push(joined(other, &[connection]));
            }
        }
        names.into_iter().map(|(name, from)| Node::derived("a network", name.into(), from)).collect()
    }

    fn is_used(&self, workload: &Workload) -> bool {
        workload.takes.iter().any(|index| self.connections[*index].offer.port.is_some())
    }
}

/// How many of it there are at most.
fn pods(workload: &Arc<Node>) -> i128 {
    let count = |node: Option<&Arc<Node>>| node.and_then(|count| count.as_int());
    count(workload.get("replicas")).unwrap_or(1).max(count(most(workload)).unwrap_or_default())
}

fn most(workload: &Node) -> Option<&Arc<Node>> {
    workload.get("scale").and_then(|scale| scale.get("most"))
}

fn amount(node: &Node, unit: &str, types: &Types) -> Option<i128> {
    let json = node.to_json();
    match types.convert(&json.as_str().map_or_else(|| json.to_string(), str::to_owned), unit)? {
        Number::Int(amount) => Some(amount),
        Number::Float(amount) => Some(amount.ceil() as i128),
    }
}

fn network(workload: &Workload) -> Arc<Node> {
    Node::derived("a network", workload.name.as_str().into(), [name_of(workload)])
}

/// The name of one end of connections, which is there because somebody needs what it offers.
fn joined(workload: &Workload, several: &[&Connection]) -> Arc<Node> {
    tied(workload.name.as_str().into(), name_of(workload), several)
}

/// A value that tells of connections, wherever it comes through.
fn tied(data: Data, from: Arc<Node>, several: &[&Connection]) -> Arc<Node> {
    let declared = several.iter().flat_map(|connection| [connection.need.clone(), connection.offer.node.head()]);
    Node::derived(JOINED, data, std::iter::once(from).chain(declared).collect::<Vec<_>>())
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
    /// Each secret once for each namespace that reads it.
    pub copies: Vec<Arc<Node>>,
    pub files: Vec<Arc<Node>>,
    pub objects: Vec<Arc<Node>>,
}

impl Graph {
    /// The secrets that somebody makes beside the output; `everywhere` are those that each namespace has.
    pub fn provided(&self, everywhere: &[&str]) -> Vec<Provided> {
        let readers = self.readers();
        let text = |node: &Arc<Node>| node.as_str().unwrap_or_default().to_owned();
        let mut provided = Vec::new();
        for secret in &self.secrets {
            let (name, keys) = (text(&secret.name), secret.node.get("keys").map_or(&[][..], |keys| keys.entries()));
            let keys: Vec<String> = keys.iter().map(|key| key.key.to_string()).collect();
            let others = readers.get(&name).into_iter().flat_map(|namespaces| namespaces.keys());
            let namespaces: BTreeSet<String> = others.map(|of| (*of).to_owned()).chain([text(&secret.namespace)]).collect();
            provided.extend(namespaces.into_iter().map(|namespace| Provided {
                namespace,
                name: name.clone(),
                keys: keys.clone(),
            }));
        }
        let own = self.workloads.iter().filter(|workload| workload.is_own()).map(|workload| text(&workload.namespace));
        for namespace in own.collect::<BTreeSet<String>>() {
            let made = |name: &&str| Provided { namespace: namespace.clone(), name: (*name).to_owned(), keys: Vec::new() };
            provided.extend(everywhere.iter().map(made));
        }
        provided
    }
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
        entry(
            "keys",
            Node::derived(
                "its keys",
                Data::Seq(keys.iter().map(|key| key_node(key, &secret.files)).collect()),
                [secret.node.head()],
            ),
        ),
        entry(
            "external",
            Node::derived(
                "whose it is",
                secret.external.is_some().into(),
                Vec::from_iter(secret.external.iter().chain([&secret.component]).cloned()),
            ),
        ),
        entry("certificate", Node::derived("what it is", secret.is_certificate().into(), [secret.node.head()])),
        entry("names", Node::derived("who shows it", Data::Seq(secret.names.clone()), [secret.node.head()])),
        entry("home", secret.namespace.clone()),
        entry("namespaces", Node::derived("who reads it", Data::Seq(namespaces.into_values().collect()), [])),
    ])
}

fn copies(secret: &Arc<Node>) -> Vec<Arc<Node>> {
    let copy = |namespace: &Arc<Node>| {
        let entries = secret.entries().iter().cloned().chain([entry("namespace", namespace.clone())]);
        Node::derived("a secret in a namespace", Data::Map(entries.collect()), [secret.head(), namespace.clone()])
    };
    secret.get("namespaces").map_or(&[][..], |namespaces| namespaces.items()).iter().map(copy).collect()
}

/// A number is how many random bytes the key's value has; anything else is a value that is no secret.
fn key_node(key: &Entry, files: &[Entry]) -> Arc<Node> {
    let is_random = matches!(key.node.data, Data::Number(Number::Int(_)));
    let mut entries = vec![
        entry("name", Node::derived("a key", (&*key.key).into(), [key.node.clone()])),
        entry("random", Node::derived("what a key holds", is_random.into(), [key.node.clone()])),
        entry("value", key.node.clone()),
    ];
    entries.extend(files.iter().find(|file| file.key == key.key).map(|file| entry("file", file.node.clone())));
    table(entries)
}

fn table(entries: Vec<Entry>) -> Arc<Node> {
    // What is in it knows where it comes from.
    Node::derived("the graph", Data::Map(entries), [])
}

/// Where metrics are read: the offers of the interface `metrics`.
fn scrapes(workload: &Workload) -> Vec<Arc<Node>> {
    let metrics = workload.offers.iter().filter(|offer| offer.interface.as_str() == Some("metrics"));
    let scrape = |offer: &Offer| {
        let mut entries = vec![entry("job", offer.job(&workload.component))];
        entries.extend(offer.port.iter().map(|port| entry("port", port.clone())));
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
        let path = path_of(workload, secret, key);
        table(vec![entry("secret", secret.clone()), entry("key", key.clone()), entry("variable", variable), entry("path", path)])
    };
    reads(workload).into_iter().map(read).collect()
}

/// Where a key lies below its secret's folder: under its own name, where the workload does not say another.
fn path_of(workload: &Workload, secret: &Node, key: &Arc<Node>) -> Arc<Node> {
    let said = workload.node.get("secrets").map_or(&[][..], |secrets| secrets.items()).iter();
    let own = said.filter(|read| read.get("secret").is_some_and(|name| name.as_str() == secret.as_str()));
    let mut paths = own.filter_map(|read| read.get("paths")?.get(key.as_str()?));
    paths.next().unwrap_or(key).clone()
}

/// Every volume of every host of every workload, for modes that name them in one place.
fn volumes(workloads: &[Arc<Node>]) -> Vec<Arc<Node>> {
    let mut all = Vec::new();
    for workload in workloads {
        for volume in workload.get("volumes").map_or(&[][..], |volumes| volumes.items()) {
            for host in workload.get("hosts").map_or(&[][..], |hosts| hosts.items()) {
                let name = format!("{}-{}", host.as_str().unwrap_or_default(), volume.text("name"));
                let from: Vec<Arc<Node>> = std::iter::once(host).chain(volume.get("name")).cloned().collect();
                all.push(Node::derived("the volume's name", name.into(), from));
            }
        }
    }
    all
}

/// Every item of a list that workloads have, such as their files, each with its workload and what else is `known` of it.
fn parts(workloads: &[Arc<Node>], list: &str, known: impl Fn(&Arc<Node>) -> Vec<Entry>) -> Vec<Arc<Node>> {
    let mut all = Vec::new();
    for workload in workloads {
        for part in workload.get(list).map_or(&[][..], |parts| parts.items()) {
            let mut entries = vec![entry("workload", workload.clone())];
            entries.extend(known(part));
            entries.extend(part.entries().iter().cloned());
            all.push(Node::derived("a part of a workload", Data::Map(entries), [workload.head(), part.head()]));
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

pub(super) fn entry(key: &str, node: Arc<Node>) -> Entry {
    Entry { key: key.into(), node }
}
