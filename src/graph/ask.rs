//! Asks each component what it runs, in the light of what its needs are met by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::describe::entry;
use super::known::{self, Documents};
use super::wire::{Asked, Matches, flag};
use super::{Interface, Offer, Workload, files, words};
use crate::catalog::Mode;
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::lakehouse::Lakehouse;
use crate::layers;
use crate::node::{Data, Entry, Node};
use crate::render::Failure;
use crate::schema::{self, Check, Schema};

/// Renders the workloads of every component, in parallel, and checks them against schemas/workload.json.
pub(super) fn workloads(asker: &Asker<'_>, diags: &mut Diagnostics) -> Result<Vec<Workload>, Reported> {
    use rayon::prelude::*;
    let catalog = asker.lakehouse.catalog;
    let shape = catalog.workload_shape.get_or_init(|| Schema::compile(schema::expand(&catalog.workload, &catalog.types)));
    let found: Vec<Result<Vec<Workload>, Trouble>> =
        (0..asker.interfaces.len()).into_par_iter().map(|index| asker.ask(index, shape)).collect();
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

/// Everything that is known before the components are asked.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub lakehouse: &'a Lakehouse<'a>,
    pub mode: &'a Mode,
    pub interfaces: &'a [Interface<'a>],
    pub matches: &'a Matches,
    pub asked: &'a Asked,
    /// For each component, what decides whom it meets.
    pub near: &'a [Arc<Node>],
    pub offered: &'a Offered<'a>,
    pub documents: &'a Documents,
}

/// For each interface what decides whether anybody offers it, as one node, since many may need it.
pub(super) type Offered<'a> = BTreeMap<&'a str, Arc<Node>>;

pub(super) fn offered<'a>(lakehouse: &'a Lakehouse<'_>, interfaces: &'a [Interface<'_>]) -> Offered<'a> {
    let mut decided: BTreeMap<&str, Vec<Arc<Node>>> = BTreeMap::new();
    for (wanted, node) in interfaces.iter().flat_map(|interface| &interface.decided) {
        decided.entry(wanted).or_default().push(node.clone());
    }
    for instance in &lakehouse.instances {
        let Some(switch) = instance.options.get("enabled") else { continue };
        let offers = super::section(&instance.component.manifest, "offers").iter();
        for interface in offers.map(|offer| offer.node.text("interface")).collect::<BTreeSet<_>>() {
            decided.entry(interface).or_default().push(switch.clone());
        }
    }
    let one = |(interface, decided)| (interface, Node::derived("whether anybody offers it", Data::Seq(Vec::new()), decided));
    decided.into_iter().map(one).collect()
}

impl Asker<'_> {
    fn ask(&self, index: usize, shape: &Schema) -> Result<Vec<Workload>, Trouble> {
        let interface = &self.interfaces[index];
        if interface.instance.options.get("external").is_some() {
            let mut seen = BTreeSet::new();
            let served = interface.offers.iter().filter(|offer| !offer.is_document());
            let roles = served.filter(|offer| seen.insert(&offer.role));
            return roles.map(|offer| self.workload(index, &self.elsewhere(offer))).collect();
        }
        let needs = self.needs(index)?;
        let scope = interface.scope.with("needs", &needs).with("asked", &self.asked(index));
        let catalog = self.lakehouse.catalog;
        let said = catalog.engine.document(&interface.instance.component.workloads, scope)?;
        let mut diags = Diagnostics::default();
        shape.check(&said, Check::All(Code::UnknownKey), &mut diags);
        if !diags.is_empty() {
            return Err(Trouble::Wrong(diags));
        }
        let whole = schema::with_defaults(&catalog.workload, &said);
        for workload in whole.items() {
            let own = name(interface, workload.text("role"));
            words::check(workload, &own, &needs, &mut diags);
        }
        if !diags.is_empty() {
            return Err(Trouble::Wrong(diags));
        }
        whole.items().iter().map(|node| self.workload(index, &files::written(node))).collect()
    }

    /// What the needs of a component are met by, as its templates see it.
    pub(super) fn needs(&self, index: usize) -> Result<Arc<Node>, Failure> {
        let interface = &self.interfaces[index];
        let mut needs = Vec::new();
        for need in &interface.needs {
            let offers = &self.matches[index][&need.key];
            if offers.is_empty() && flag(&need.node, "optional") {
                continue;
            }
            let answer = self.answer(index, need, offers)?;
            let answer = because(&answer, self.presence(index, need.node.text("interface")));
            let chosen = interface.instance.options.get("uses").and_then(|uses| uses.get(&need.key));
            needs.push(Entry {
                key: need.key.clone(),
                node: chosen.map_or(answer.clone(), |chosen| with_choice(&answer, chosen)),
            });
        }
        let declared = super::section(&interface.instance.component.manifest, "needs").iter();
        let interfaces: BTreeSet<&str> = declared.map(|need| need.node.text("interface")).collect();
        let all: Vec<Arc<Node>> = interfaces.into_iter().flat_map(|wanted| self.presence(index, wanted)).collect();
        Ok(Node::derived("what its needs are met by", Data::Map(needs), all))
    }

    /// What decides whether a component has a need for an interface, and whether anybody meets it.
    fn presence(&self, index: usize, interface: &str) -> impl Iterator<Item = Arc<Node>> {
        let own =
            self.interfaces[index].asked.iter().filter(move |(wanted, _)| wanted == interface).map(|(_, node)| node.clone());
        own.chain(self.offered.get(interface).cloned())
    }

    /// What others ask of it; who they are decides what is asked.
    fn asked(&self, index: usize) -> Arc<Node> {
        let asks = self.asked[index].clone();
        let from: Vec<Arc<Node>> = asks.iter().map(|asks| asks.head()).chain([self.near[index].clone()]).collect();
        Node::derived("what others ask for", Data::Seq(asks), from)
    }

    /// What stands for a service of somebody else's.
    fn elsewhere(&self, offer: &Offer) -> Arc<Node> {
        let from: Arc<[Arc<Node>]> = offer.host.iter().cloned().collect();
        let said = |text: &str| Node::derived("somebody else's service", text.into(), from.clone());
        let mut entries = vec![entry("kind", said("outside")), entry("role", said(&offer.role))];
        let domains = offer.host.iter().cloned().collect();
        entries.push(entry("domains", Node::derived("somebody else's service", Data::Seq(domains), from.clone())));
        let schema = self.lakehouse.catalog.workload.get("items").cloned().unwrap_or_else(layers::nothing);
        schema::with_defaults(&schema, &Node::derived("somebody else's service", Data::Map(entries), from.clone()))
    }

    fn workload(&self, index: usize, node: &Arc<Node>) -> Result<Workload, Trouble> {
        let interface = &self.interfaces[index];
        let role = node.text("role").to_owned();
        let (name, address) = self.address(interface, &role, None)?;
        let from: Vec<Arc<Node>> = [&interface.instance.name].into_iter().chain(node.get("role")).cloned().collect();
        // Of a list of a user's, such as pools, the role says which of them it is for.
        let switch = [node.get("role"), interface.instance.options.get("enabled")];
        let there: Vec<Arc<Node>> = std::iter::once(node.head()).chain(switch.into_iter().flatten().cloned()).collect();
        Ok(Workload {
            instance: index,
            hosts: hosts(interface, &name, &address, node),
            named_by: from.into(),
            near: self.near[index].clone(),
            name,
            component: interface.instance.name.clone(),
            namespace: node.get("namespace").unwrap_or(&interface.namespace).clone(),
            address,
            role,
            node: Node::derived("a workload", node.data.clone(), there),
            makes: Vec::new(),
            takes: Vec::new(),
            offers: Vec::new(),
            wave: 0,
            expects: Vec::new(),
        })
    }

    /// A workload's name, and the host under which this mode reaches it, or what it offers.
    fn address(&self, interface: &Interface<'_>, role: &str, offer: Option<&Offer>) -> Result<(String, Arc<Node>), Failure> {
        let name = name(interface, role);
        let node = Node::derived("the workload's name", name.as_str().into(), [interface.instance.name.clone()]);
        let host = offer.and_then(|offer| offer.host.as_ref()).filter(|host| host.as_str() != Some("")).unwrap_or(&node);
        let is_whole = host.as_str().is_some_and(|host| host.contains('.'));
        let address = match self.mode.names.get("address").filter(|_| !is_whole) {
            Some(template) => self.lakehouse.catalog.engine.fill(template, &interface.scope.with("workload", host))?,
            None => host.clone(),
        };
        Ok((name, address))
    }

    /// Where each offer that has a port is reached, by its component's place.
    pub(super) fn addresses(&self) -> Result<Vec<(usize, Arc<Node>)>, Failure> {
        let mut all = Vec::new();
        for (index, interface) in self.interfaces.iter().enumerate() {
            for offer in interface.offers.iter().filter(|offer| offer.port.is_some()) {
                all.push((index, self.address(interface, &offer.role, Some(offer))?.1));
            }
        }
        Ok(all)
    }

    /// What a template sees of a need: one table, or a list of them where every offer is taken.
    fn answer(&self, index: usize, need: &Entry, offers: &[Offer]) -> Result<Arc<Node>, Failure> {
        let told: Vec<Arc<Node>> = offers.iter().map(|offer| self.told(offer)).collect::<Result<_, _>>()?;
        match told.first() {
            Some(first) if !flag(&need.node, "many") => Ok(first.clone()),
            _ => Ok(Node::derived("all offers", Data::Seq(told), [need.node.clone(), self.near[index].clone()])),
        }
    }

    fn told(&self, offer: &Offer) -> Result<Arc<Node>, Failure> {
        let interface = &self.interfaces[offer.instance];
        let (name, host) = self.address(interface, &offer.role, Some(offer))?;
        let workload = made("the workload that offers it", name, offer);
        let is_own = offer.host.as_ref().is_none_or(|host| host.as_str() == Some(""));
        let every = match self.mode.names.get("every").filter(|_| is_own) {
            Some(template) => {
                let scope = interface.scope.with("workload", &workload);
                self.lakehouse.catalog.engine.fill(template, &scope)?
            }
            None => host.clone(),
        };
        let mut entries = vec![
            entry("host", host),
            entry("every", every),
            entry("workload", workload),
            entry("component", interface.instance.name.clone()),
            entry("namespace", interface.namespace.clone()),
            entry("job", offer.job(&interface.instance.name)),
        ];
        entries.extend(self.documents.get(&known::key(offer)).map(|known| entry("document", known.node.clone())));
        entries.extend(offer.port.iter().map(|port| entry("port", port.clone())));
        let urls = interface.scope.node("urls").filter(|_| !offer.node.text("edge").is_empty());
        let url = urls.and_then(|urls| urls.get(offer.name.as_str().unwrap_or_default()));
        entries.extend(url.map(|url| entry("url", url.clone())));
        entries.extend(offer.node.get("edge").filter(|edge| edge.as_str() != Some("")).map(|edge| entry("edge", edge.clone())));
        let said = offer.node.get("tell").map_or(&[][..], |tell| tell.entries());
        entries.extend(said.iter().cloned());
        Ok(Node::derived("what an offer tells", Data::Map(entries), [offer.node.head()]))
    }
}

/// Each of several that keep something has a host of its own, by the mode's pattern; others are all alike.
fn hosts(interface: &Interface<'_>, name: &str, address: &Arc<Node>, node: &Node) -> Vec<Arc<Node>> {
    let count = node.get("replicas").and_then(|replicas| replicas.as_int()).unwrap_or(1);
    let pattern = interface.scope.node("replica").filter(|_| node.text("kind") == "stateful" && count > 1);
    let Some(pattern) = pattern else {
        // Its name is made of its role too, which what it offers may not have to know.
        let from: Vec<Arc<Node>> = [Some(address), node.get("role")].into_iter().flatten().cloned().collect();
        return vec![Node::derived("its own host", address.data.clone(), from)];
    };
    let from: Vec<Arc<Node>> = [Some(address), node.get("replicas")].into_iter().flatten().cloned().collect();
    let host = |ordinal: i128| {
        let host = pattern.as_str().unwrap_or_default().replace("{workload}", name).replace("{ordinal}", &ordinal.to_string());
        Node::derived("the host of a replica", host.into(), from.clone())
    };
    (0..count).map(host).collect()
}

/// A workload's name: its component's, and its role where it has one.
fn name(interface: &Interface<'_>, role: &str) -> String {
    let component = interface.instance.name.as_str().unwrap_or_default();
    if role.is_empty() { component.to_owned() } else { format!("{component}-{role}") }
}

/// What a need is met by, if it is: that others tell it decides that it is there.
fn because(answer: &Arc<Node>, presence: impl Iterator<Item = Arc<Node>>) -> Arc<Node> {
    let from: Vec<Arc<Node>> = std::iter::once(answer.head()).chain(presence).collect();
    Node::derived("whether a need is met", answer.data.clone(), from)
}

/// What the one that a user chose tells, down to the last value: another choice would tell other things.
fn with_choice(told: &Arc<Node>, chosen: &Arc<Node>) -> Arc<Node> {
    let data = match &told.data {
        Data::Seq(items) => Data::Seq(items.iter().map(|item| with_choice(item, chosen)).collect()),
        Data::Map(entries) => {
            let entry = |entry: &Entry| Entry { key: entry.key.clone(), node: with_choice(&entry.node, chosen) };
            Data::Map(entries.iter().map(entry).collect())
        }
        leaf => leaf.clone(),
    };
    Node::derived("the one chosen", data, [told.head(), chosen.clone()])
}

fn made(rule: &'static str, text: String, offer: &Offer) -> Arc<Node> {
    Node::derived(rule, text.into(), [offer.node.head()])
}
