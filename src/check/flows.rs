//! The graph and the policies that a mode made of it in: what is needed and blocked, what is open and needed by nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Tables, mesh};
use crate::diagnostic::{Code, Diagnostics, group_of};
use crate::document::Document;
use crate::graph::{Connection, Graph, Workload};
use crate::network::{ContainerPort, Facts, Labels, Network, Pod, Policy, Protocol, Seen, Traffic, Why};
use crate::node::Node;
use crate::source::{Source, Span};
use crate::structural::Path;
use crate::yaml::{self, Limits, Yaml};

/// A document that the network depends on, printed.
pub struct Printed {
    path: String,
    text: String,
}

/// Keeps what the network depends on of a document.
pub fn keep(document: &Document, tables: &Tables) -> Option<Printed> {
    let (kind, group) = (document.node.text("kind"), group_of(document.node.text("apiVersion")));
    let is_wanted = kind == "Namespace" || kind.ends_with("NetworkPolicy") || tables.with_pods(kind, group).is_some();
    is_wanted.then(|| Printed { path: document.path.clone(), text: document.print() })
}

/// Holds the policies against the graph. Without a policy the mode leaves the network open, and says so itself.
pub fn flows(graph: &Graph, mut documents: Vec<Printed>, tables: &Tables, diags: &mut Diagnostics) {
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    let mut facts = read(&documents, tables);
    if facts.policies.is_empty() {
        return;
    }
    let mut there: BTreeSet<Place> = facts.pods.iter().map(|pod| (pod.namespace.clone(), pod.name.clone())).collect();
    for workload in graph.workloads.iter().filter(|workload| workload.kind() != "outside") {
        if there.insert(place(workload)) {
            facts.pods.push(stand_in(workload));
        }
    }
    let network = Network::of(&facts);
    let (pods, groups) = placed(&network, graph);
    let injection = tables.mesh.get("injection").expect("mesh.toml tells of it");
    let view = View { graph, documents: &documents, network: &network, pods, groups, injection };
    view.inside(diags);
    view.outside(diags);
}

/// The pods of each place, as indices of the network's workloads, and the group of each workload of the graph.
fn placed(network: &Network<'_>, graph: &Graph) -> (BTreeMap<Place, Vec<usize>>, Vec<Option<usize>>) {
    let mut group_of = vec![0; network.workloads.len()];
    for (number, group) in network.groups.iter().enumerate() {
        group.iter().for_each(|pod| group_of[*pod] = number);
    }
    let mut pods: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (number, pod) in network.workloads.iter().enumerate() {
        pods.entry((pod.namespace.clone(), pod.name.clone())).or_default().push(number);
    }
    let groups = graph.workloads.iter().map(|workload| Some(group_of[*pods.get(&place(workload))?.first()?]));
    let groups = groups.collect();
    (pods, groups)
}

fn read(documents: &[Printed], tables: &Tables) -> Facts {
    let mut facts = Facts::default();
    for (home, document) in documents.iter().enumerate() {
        for document in &yaml::read(&document.text, &Limits::default()).documents {
            let root = &document.root;
            let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
            let row = tables.with_pods(text("kind"), group_of(text("apiVersion")));
            let namespace = root.get("metadata").and_then(|metadata| metadata.get("namespace")?.as_str());
            facts.add(&Seen { root, path: &Path::ROOT, start: 0, namespace, row, home });
        }
    }
    facts
}

/// A namespace, and the name of the pods of a workload in it.
type Place = (String, String);

fn place(workload: &Workload) -> Place {
    (workload.namespace.as_str().unwrap_or_default().to_owned(), workload.name.clone())
}

/// Pods that others make, as the graph knows them.
fn stand_in(workload: &Workload) -> Pod {
    let said = workload.node.get("labels").map_or(&[][..], |labels| labels.entries()).iter();
    let mut labels: Labels =
        said.map(|entry| (entry.key.to_string(), entry.node.as_str().unwrap_or_default().to_owned())).collect();
    if labels.is_empty() {
        labels.insert("app.kubernetes.io/instance".to_owned(), workload.name.clone());
    }
    let ports = workload.offers.iter().filter_map(|offer| {
        let number = u16::try_from(offer.port.as_ref()?.as_int()?).ok()?;
        Some(ContainerPort { name: String::new(), number, protocol: protocol(offer.node.text("protocol")) })
    });
    Pod {
        namespace: workload.namespace.as_str().unwrap_or_default().to_owned(),
        name: workload.name.clone(),
        kind: workload.kind().to_owned(),
        labels,
        ports: ports.collect(),
        is_on_host: false,
        is_many: true,
        addresses: Vec::new(),
        own_name: None,
        home: 0,
    }
}

fn protocol(name: &str) -> Protocol {
    if name == "udp" { Protocol::Udp } else { Protocol::Tcp }
}

/// What a connection of the graph needs; nothing where it is only about order.
fn needed(connection: &Connection) -> Traffic {
    let port = connection.offer.port.as_ref().and_then(|port| u16::try_from(port.as_int()?).ok());
    port.map_or_else(Traffic::default, |port| Traffic::of(protocol(connection.offer.node.text("protocol")), port, port))
}

struct View<'v> {
    graph: &'v Graph,
    documents: &'v [Printed],
    network: &'v Network<'v>,
    /// By place, indices of the network's workloads.
    pods: BTreeMap<Place, Vec<usize>>,
    /// The group of each workload of the graph; none for what lies outside.
    groups: Vec<Option<usize>>,
    /// How pods come into a mesh.
    injection: &'v Node,
}

impl View<'_> {
    fn inside(&self, diags: &mut Diagnostics) {
        let mut wanted: BTreeMap<(usize, usize), Vec<&Connection>> = BTreeMap::new();
        for connection in &self.graph.connections {
            wanted.entry((self.first(connection.from), self.first(connection.to))).or_default().push(connection);
        }
        // Others are neither needed nor open.
        let mut pairs: BTreeSet<(usize, usize)> = wanted.keys().copied().collect();
        let mut of_groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (workload, group) in self.groups.iter().enumerate() {
            group.iter().for_each(|group| of_groups.entry(*group).or_default().push(workload));
        }
        for [out, into] in self.network.may_meet().into_iter().map(|(from, to)| [from, to].map(|end| of_groups.get(&end))) {
            let froms = out.into_iter().flatten();
            pairs.extend(froms.flat_map(|from| into.into_iter().flatten().map(|to| (self.first(*from), self.first(*to)))));
        }
        for (from, to) in pairs {
            let (Some(out), Some(into)) = (self.groups[from], self.groups[to]) else { continue };
            // What others say to each other is theirs.
            if self.is_own(from) || self.is_own(to) {
                self.pair((from, out), (to, into), wanted.get(&(from, to)).map_or(&[][..], Vec::as_slice), diags);
            }
        }
    }

    fn is_own(&self, workload: usize) -> bool {
        self.graph.workloads[workload].is_own()
    }

    /// Two components may know the same pods of somebody else, as those of one operator: one stands for both.
    fn first(&self, workload: usize) -> usize {
        let is_same = |other: &usize| !self.is_own(*other) && self.groups[*other] == self.groups[workload];
        let same = if self.is_own(workload) || self.groups[workload].is_none() { None } else { (0..workload).find(is_same) };
        same.unwrap_or(workload)
    }

    fn pair(&self, from: (usize, usize), to: (usize, usize), wanted: &[&Connection], diags: &mut Diagnostics) {
        let mut because = Vec::new();
        let mut open = self.network.explained(from.1, to.1, &mut |why| because.push(why));
        self.hold(wanted, &self.carrier([from.1, to.1]), &mut open, &because, diags);
        let own = || self.pods.get(&place(&self.graph.workloads[from.0])).into_iter().flatten();
        let is_alone = from.0 == to.0 && !own().any(|pod| self.network.workloads[*pod].is_many);
        if !open.is_empty() && !is_alone {
            let [from, to] = [from.0, to.0].map(|end| self.graph.workloads[end].name.as_str());
            self.open(from, to, &open, &because, diags);
        }
    }

    /// Tells what is blocked of what connections need, with what carries them, and leaves in `open` what none of them needs: several
    /// may need one port.
    fn hold(&self, wanted: &[&Connection], carrier: &Traffic, open: &mut Traffic, because: &[Why], diags: &mut Diagnostics) {
        let needs = wanted.iter().map(|connection| (*connection, needed(connection))).filter(|(_, needed)| !needed.is_empty());
        let mut all = Traffic::default();
        for (connection, mut needed) in needs {
            needed.join(carrier);
            all.join(&needed);
            needed.take(open);
            if !needed.is_empty() {
                self.blocked(connection, &needed, because, diags);
            }
        }
        open.take(&all);
    }

    /// The port that machines carry connections through, where both ends came into a mesh by them.
    fn carrier(&self, ends: [usize; 2]) -> Traffic {
        let is_in = |group: usize| {
            let labels = &self.network.workloads[self.network.groups[group][0]].labels;
            mesh::says(self.injection, labels, "machine", "machine_on")
        };
        let port = self.injection.get("carrier").and_then(|port| u16::try_from(port.as_int()?).ok());
        let port = port.filter(|_| ends.into_iter().all(is_in));
        port.map_or_else(Traffic::default, |port| Traffic::of(Protocol::Tcp, port, port))
    }

    /// Who needs something outside must get there, and nobody else.
    fn outside(&self, diags: &mut Diagnostics) {
        let ranges = self.groups_end()..self.network.ends();
        for (number, group) in self.groups.iter().enumerate().filter(|(number, _)| self.is_own(*number)) {
            let Some(group) = *group else { continue };
            let made = self.graph.workloads[number].makes.iter().map(|index| &self.graph.connections[*index]);
            let wanted: Vec<&Connection> = made.filter(|connection| self.groups[connection.to].is_none()).collect();
            let (mut open, mut because) = (Traffic::default(), Vec::new());
            ranges.clone().for_each(|range| open.join(&self.network.explained(group, range, &mut |why| because.push(why))));
            self.hold(&wanted, &Traffic::default(), &mut open, &because, diags);
            if !open.is_empty() {
                self.open(&self.graph.workloads[number].name, "the outside", &open, &because, diags);
            }
        }
    }

    fn groups_end(&self) -> usize {
        self.network.groups.len()
    }

    fn blocked(&self, connection: &Connection, blocked: &Traffic, because: &[Why], diags: &mut Diagnostics) {
        let [from, to] = [connection.from, connection.to].map(|end| self.graph.workloads[end].name.as_str());
        let message = format!("{from} needs {blocked} of {to}, and the policies block it");
        let diagnostic = diags.error(Code::BlockedFlow, message).at_some(connection.need.key_span(), "the need");
        for why in because.iter().filter(|why| !why.passes && !why.traffic.meet(blocked).is_empty()) {
            let who: Vec<&str> = why.policies.iter().map(|policy| self.path(*policy)).collect();
            diagnostic.note(format!("{} is closed by {}", why.way.name(), who.join(", ")));
        }
        diagnostic.help("a template of the mode makes the policies: let it through what the graph says");
    }

    fn open(&self, from: &str, to: &str, open: &Traffic, because: &[Why], diags: &mut Diagnostics) {
        let message = format!("the policies let {from} reach {to} with {open}, and nothing says that it must");
        let diagnostic = diags.warning(Code::OpenFlow, message);
        let lets = |why: &&Why| why.passes && !why.traffic.meet(open).is_empty();
        if let Some(policy) = because.iter().filter(lets).find_map(|why| why.policies.first()) {
            diagnostic.at(&self.span(&self.network.facts.policies[*policy]), "lets it through");
        }
        diagnostic.help("say the need in the component, or close it in the mode's template");
    }

    fn path(&self, policy: usize) -> &str {
        &self.documents[self.network.facts.policies[policy].home].path
    }

    fn span(&self, policy: &Policy) -> Span {
        let document = &self.documents[policy.home];
        let source: Arc<Source> = Source::new(document.path.clone(), document.text.clone());
        policy.at.mark.span(&source)
    }
}
