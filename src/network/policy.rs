//! Policies of the network as objects in, as rules of one form out: those of a namespace and those of the cluster.

use super::addresses::Range;
use super::ports::{Protocol, Traffic};
use super::selector::Selector;
use crate::structural::Path;
use crate::yaml::{Data, Mark, Yaml};

/// Which way a connection goes, seen from who is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Ingress,
    Egress,
}

/// When a policy is asked; the first that answers decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Admin,
    Namespace,
    Baseline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Accept,
    Deny,
    /// The tiers below decide.
    Pass,
}

#[derive(Clone, Debug)]
pub struct Policy {
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
    pub tier: Tier,
    pub priority: i128,
    pub subject: Pods,
    /// What it says of each way; nothing where it leaves one alone.
    pub rules: [Option<Vec<Rule>>; 2],
    pub home: usize,
    /// Where it says who is chosen.
    pub at: At,
}

/// Where something stands in the file of its object.
#[derive(Clone, Debug, Default)]
pub struct At {
    pub mark: Mark,
    pub pointer: String,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub action: Action,
    /// Nobody in particular: everybody.
    pub peers: Option<Vec<Peer>>,
    /// No port in particular: every one.
    pub ports: Option<Vec<Port>>,
    pub at: At,
}

#[derive(Clone, Debug)]
pub enum Peer {
    Pods(Pods),
    Block {
        within: Range,
        except: Vec<Range>,
    },
    /// Nodes, names of hosts: nothing that a pod or an address could be held against.
    Unknown,
}

/// Pods by their labels and those of their namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pods {
    pub namespaces: Namespaces,
    pub pods: Selector,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespaces {
    Named(String),
    Matching(Selector),
}

#[derive(Clone, Debug)]
pub enum Port {
    Numbers(Traffic),
    /// What the pods that are reached call it, of one protocol or of any.
    Name {
        name: String,
        protocol: Option<Protocol>,
        at: At,
    },
}

impl Way {
    pub const BOTH: [Way; 2] = [Way::Ingress, Way::Egress];

    pub fn name(self) -> &'static str {
        match self {
            Way::Ingress => "ingress",
            Way::Egress => "egress",
        }
    }

    fn peers(self) -> &'static str {
        match self {
            Way::Ingress => "from",
            Way::Egress => "to",
        }
    }
}

/// What reads a policy: how its words are spelt.
struct Reader<'r> {
    namespace: Option<&'r str>,
    path: &'r Path<'r>,
    /// What the marks of the reader count from.
    start: u32,
}

/// The policy that an object is; none where it is of another kind.
pub(super) fn read(root: &Yaml<'_>, namespace: Option<&str>, path: &Path<'_>, start: u32, home: usize) -> Option<Policy> {
    let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
    let (group, kind) = (text("apiVersion").split('/').next().unwrap_or_default(), text("kind"));
    let spec = root.get("spec")?;
    let reader = Reader { namespace, path, start };
    let tier = match (group, kind) {
        ("networking.k8s.io", "NetworkPolicy") => Tier::Namespace,
        ("policy.networking.k8s.io", "AdminNetworkPolicy") => Tier::Admin,
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy") => Tier::Baseline,
        ("policy.networking.k8s.io", "ClusterNetworkPolicy") => match spec.get("tier").and_then(Yaml::as_str) {
            Some("Baseline") => Tier::Baseline,
            _ => Tier::Admin,
        },
        _ => return None,
    };
    let is_own = tier == Tier::Namespace;
    let chosen = spec.get(if is_own { "podSelector" } else { "subject" });
    let subject = match is_own {
        true => Pods { namespaces: reader.own(), pods: Selector::read(chosen) },
        false => reader.cluster_pods(chosen?)?,
    };
    let way = |way: Way| match is_own {
        true => is_meant(spec, way).then(|| reader.rules(spec, way, true)),
        false => Some(reader.rules(spec, way, false)),
    };
    Some(Policy {
        kind: kind.to_owned(),
        namespace: namespace.filter(|_| is_own).map(str::to_owned),
        name: root.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).unwrap_or_default().to_owned(),
        tier,
        priority: spec.get("priority").and_then(Yaml::to_int).unwrap_or_default(),
        subject,
        rules: Way::BOTH.map(way),
        home,
        at: reader.at(chosen.unwrap_or(spec), if is_own { "/spec/podSelector" } else { "/spec/subject" }),
    })
}

/// Without a word about it, a policy is about what comes in, and about what goes out where it says something of it.
fn is_meant(spec: &Yaml<'_>, way: Way) -> bool {
    let types = spec.get("policyTypes").map_or(&[][..], Yaml::items);
    match (types.is_empty(), way) {
        (true, Way::Ingress) => true,
        (true, Way::Egress) => spec.get("egress").is_some_and(|rules| !rules.items().is_empty()),
        (false, _) => types.iter().any(|given| given.as_str().is_some_and(|given| given.eq_ignore_ascii_case(way.name()))),
    }
}

impl Reader<'_> {
    fn at(&self, yaml: &Yaml<'_>, pointer: &str) -> At {
        let mark = yaml.entries().first().map_or(yaml.mark, |entry| entry.key.mark);
        let mark = Mark { start: mark.start + self.start, end: mark.end + self.start };
        At { mark, pointer: format!("{}{pointer}", self.path.pointer()) }
    }

    fn own(&self) -> Namespaces {
        Namespaces::Named(self.namespace.unwrap_or_default().to_owned())
    }

    fn rules(&self, spec: &Yaml<'_>, way: Way, is_own: bool) -> Vec<Rule> {
        let rules = spec.get(way.name()).map_or(&[][..], Yaml::items).iter().enumerate();
        rules.map(|(number, rule)| self.rule(rule, way, is_own, &format!("/spec/{}/{number}", way.name()))).collect()
    }

    fn rule(&self, rule: &Yaml<'_>, way: Way, is_own: bool, pointer: &str) -> Rule {
        let some = |name: &str| rule.get(name).map(Yaml::items).filter(|items| !items.is_empty());
        let action = match rule.get("action").and_then(Yaml::as_str) {
            Some("Deny") => Action::Deny,
            Some("Pass") => Action::Pass,
            _ => Action::Accept,
        };
        let peers = some(way.peers()).map(|peers| match is_own {
            true => peers.iter().filter_map(|peer| self.own_peer(peer)).collect(),
            false => peers.iter().flat_map(|peer| self.cluster_peer(peer)).collect(),
        });
        let word = if some("protocols").is_some() { "protocols" } else { "ports" };
        let ports = some(word).map(|ports| {
            let at = |number: usize, port: &Yaml<'_>| self.at(port, &format!("{pointer}/{word}/{number}"));
            ports.iter().enumerate().filter_map(|(number, port)| self::port(port, is_own, || at(number, port))).collect()
        });
        Rule { action, peers, ports, at: self.at(rule, pointer) }
    }

    fn own_peer(&self, peer: &Yaml<'_>) -> Option<Peer> {
        if let Some(block) = peer.get("ipBlock") {
            let within = Range::parse(block.get("cidr")?.as_str()?)?;
            let except = block.get("except").map_or(&[][..], Yaml::items).iter();
            return Some(Peer::Block { within, except: except.filter_map(|cidr| Range::parse(cidr.as_str()?)).collect() });
        }
        let namespaces = match peer.get("namespaceSelector").filter(|selector| selector.data != Data::Null) {
            Some(selector) => Namespaces::Matching(Selector::read(Some(selector))),
            None => self.own(),
        };
        Some(Peer::Pods(Pods { namespaces, pods: Selector::read(peer.get("podSelector")) }))
    }

    fn cluster_peer(&self, peer: &Yaml<'_>) -> Vec<Peer> {
        if let Some(networks) = peer.get("networks") {
            let blocks = networks.items().iter().filter_map(|cidr| Range::parse(cidr.as_str()?));
            return blocks.map(|within| Peer::Block { within, except: Vec::new() }).collect();
        }
        vec![self.cluster_pods(peer).map_or(Peer::Unknown, Peer::Pods)]
    }

    fn cluster_pods(&self, yaml: &Yaml<'_>) -> Option<Pods> {
        if let Some(namespaces) = yaml.get("namespaces") {
            let namespaces = Namespaces::Matching(Selector::read(Some(namespaces)));
            return Some(Pods { namespaces, pods: Selector::default() });
        }
        let pods = yaml.get("pods")?;
        let namespaces = Namespaces::Matching(Selector::read(pods.get("namespaceSelector")));
        Some(Pods { namespaces, pods: Selector::read(pods.get("podSelector")) })
    }
}

fn number(yaml: Option<&Yaml<'_>>) -> Option<u16> {
    u16::try_from(yaml?.to_int()?).ok()
}

fn port(port: &Yaml<'_>, is_own: bool, at: impl FnOnce() -> At) -> Option<Port> {
    if is_own { own_port(port, at) } else { cluster_port(port, at) }
}

fn own_port(yaml: &Yaml<'_>, at: impl FnOnce() -> At) -> Option<Port> {
    let protocol = Protocol::parse(yaml.get("protocol").and_then(Yaml::as_str).unwrap_or("TCP"))?;
    let given = yaml.get("port").filter(|port| port.data != Data::Null);
    let Some(given) = given else { return Some(Port::Numbers(Traffic::of(protocol, 1, u16::MAX))) };
    if let Some(name) = given.as_str() {
        return Some(Port::Name { name: name.to_owned(), protocol: Some(protocol), at: at() });
    }
    let first = number(Some(given))?;
    Some(Port::Numbers(Traffic::of(protocol, first, number(yaml.get("endPort")).unwrap_or(first))))
}

/// Both spellings: the protocol around the port, and a word of its own for each form of port.
fn cluster_port(yaml: &Yaml<'_>, at: impl FnOnce() -> At) -> Option<Port> {
    let entry = yaml.entries().first()?;
    let word = &*entry.key.name;
    if let "destinationNamedPort" | "namedPort" = word {
        return Some(Port::Name { name: entry.value.as_str()?.to_owned(), protocol: None, at: at() });
    }
    let given = |name: &str| entry.value.get(name);
    let elder = || Protocol::parse(given("protocol").and_then(Yaml::as_str).unwrap_or("TCP"));
    let (protocol, first, last) = match word {
        "portNumber" => (elder()?, number(given("port"))?, number(given("port"))?),
        "portRange" => (elder()?, number(given("start"))?, number(given("end"))?),
        _ => {
            let protocol = Protocol::parse(&word.to_ascii_uppercase())?;
            match given("destinationPort") {
                None => (protocol, 1, u16::MAX),
                Some(port) => match (number(port.get("number")), port.get("range")) {
                    (Some(number), _) => (protocol, number, number),
                    (None, range) => (protocol, number(range?.get("start"))?, number(range?.get("end"))?),
                },
            }
        }
    };
    Some(Port::Numbers(Traffic::of(protocol, first, last)))
}
