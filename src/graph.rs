//! The checked lakehouse and a mode in, the platform as a graph out: the one source of everything that follows from
//! who talks to whom.
//!
//! Each component says what it offers and needs; here needs meet offers, workloads get their ports, neighbours,
//! networks and waves, and all of it becomes one tree that templates read.

mod ask;
mod describe;
mod elsewhere;
mod files;
mod front;
mod known;
mod operators;
mod order;
pub mod picture;
mod sound;
mod stated;
mod switches;
mod wire;
mod words;

pub use describe::Description;
pub use known::Document;
pub use operators::operators;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::catalog::Mode;
use crate::diagnostic::{Diagnostics, Reported};
use crate::lakehouse::{Instance, Lakehouse};
use crate::layers;
use crate::node::{Data, Entry, Node};
use crate::render::{Failure, Scope};
use crate::types::Types;
use stated::Stated;

pub struct Graph {
    pub workloads: Vec<Workload>,
    pub connections: Vec<Connection>,
    pub secrets: Vec<Secret>,
    /// What decided which secrets there are.
    kept: Vec<Arc<Node>>,
    /// What components tell as documents, where somebody wants to know it.
    pub documents: Vec<Document>,
    /// What says of each component whether it runs and whom it uses: every list of the platform follows from it. One node
    /// for all of them, since each workload holds it.
    pub switches: Arc<Node>,
    types: Arc<Types>,
    /// What every template sees: `lakehouse`, `profile`, `mode`.
    pub scope: Scope,
    /// Written down when it is first asked for.
    description: OnceLock<Description>,
}

pub struct Workload {
    /// Which of the enabled components it belongs to.
    instance: usize,
    pub name: String,
    /// What the name was made of.
    named_by: Arc<[Arc<Node>]>,
    /// What decides whom it meets.
    near: Arc<Node>,
    pub component: Arc<Node>,
    pub namespace: Arc<Node>,
    pub address: Arc<Node>,
    /// Where each of its replicas is reached, when they differ; else its address alone.
    pub hosts: Vec<Arc<Node>>,
    pub role: String,
    /// The component's own words, checked and with their defaults.
    pub node: Arc<Node>,
    /// Indices into `Graph::connections`, of those it makes and those it takes.
    pub makes: Vec<usize>,
    pub takes: Vec<usize>,
    pub offers: Vec<Offer>,
    pub wave: usize,
    /// Of what runs elsewhere: what must be there before it is used.
    pub expects: Vec<Arc<Node>>,
}

impl Workload {
    /// Whether it is part of the platform; others it only names, so that it is known who may talk to whom.
    pub fn is_own(&self) -> bool {
        !matches!(self.kind(), "resident" | "outside")
    }

    pub fn kind(&self) -> &str {
        self.node.text("kind")
    }
}

#[derive(Clone)]
pub struct Offer {
    pub instance: usize,
    /// Whose it is, where another stands before it; else the same.
    pub page: usize,
    pub name: Arc<Node>,
    pub interface: Arc<Node>,
    pub role: String,
    pub port: Option<Arc<Node>>,
    /// The name under which it is reached in its namespace; with a dot in it, the whole host.
    pub host: Option<Arc<Node>>,
    pub node: Arc<Node>,
}

impl Offer {
    /// Whether it is knowledge, for which no workload answers.
    pub fn is_document(&self) -> bool {
        self.node.get("document").is_some()
    }

    /// Its port, and whether that is one of datagrams: two offers may share a number, and not more.
    fn door(&self) -> (Option<i128>, bool) {
        (self.port.as_ref().and_then(|port| port.as_int()), self.node.text("protocol") == "udp")
    }

    /// What it is called among the offers of all components: metrics are kept under it.
    fn job(&self, component: &Arc<Node>) -> Arc<Node> {
        let name = format!("{}-{}", component.as_str().unwrap_or_default(), self.name.as_str().unwrap_or_default());
        Node::derived("the offer's full name", name.into(), [component.clone(), self.name.clone()])
    }
}

/// How the name of a connection's other end is derived, and that of an offer: where it comes through, so does what declares it.
pub(crate) const JOINED: &str = "the other end of a connection";
pub(crate) const OFFERED: &str = "the offer's name";

/// One need of one workload, met by one offer of another.
pub struct Connection {
    pub from: usize,
    pub to: usize,
    pub offer: Offer,
    pub need: Arc<Node>,
    pub need_name: String,
    pub waits: bool,
}

pub struct Secret {
    pub name: Arc<Node>,
    pub component: Arc<Node>,
    pub namespace: Arc<Node>,
    pub node: Arc<Node>,
    /// For each key, the file that `secrets init` makes of it, where the mode has files.
    pub files: Vec<Entry>,
    /// The service of somebody else's that it opens.
    pub external: Option<Arc<Node>>,
    /// Of a certificate: under which names the programs are reached that show it.
    pub names: Vec<Arc<Node>>,
}

impl Secret {
    /// Whether it is a certificate with its key, and not words.
    pub fn is_certificate(&self) -> bool {
        wire::flag(&self.node, "certificate")
    }
}

/// The secrets of the components met so far, and what decided which of them there are.
#[derive(Default)]
struct Secrets {
    all: Vec<Secret>,
    decided: Vec<Arc<Node>>,
}

/// A secret that somebody makes beside the output, in each namespace where it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Provided {
    pub namespace: String,
    pub name: String,
    pub keys: Vec<String>,
}

/// What is known of a component before its workloads are.
struct Interface<'a> {
    instance: &'a Instance<'a>,
    namespace: Arc<Node>,
    scope: Scope,
    offers: Vec<Offer>,
    needs: Vec<Entry>,
    /// What decided which of its offers there are, and which of its needs, by their interface.
    decided: Vec<(String, Arc<Node>)>,
    asked: Vec<(String, Arc<Node>)>,
}

/// The graph with all that is known of its values.
pub fn build(lakehouse: &Lakehouse<'_>, mode: &Mode, diags: &mut Diagnostics) -> Result<Graph, Reported> {
    with_scope(lakehouse, mode, &Scope::default(), diags)
}

/// The graph for who wants the bytes alone: what components say does not know where it comes from, and so it is not held against
/// the needs that they have.
pub fn build_untraced(lakehouse: &Lakehouse<'_>, mode: &Mode, diags: &mut Diagnostics) -> Result<Graph, Reported> {
    with_scope(lakehouse, mode, &Scope::default().untraced(), diags)
}

fn with_scope(lakehouse: &Lakehouse<'_>, mode: &Mode, scope: &Scope, diags: &mut Diagnostics) -> Result<Graph, Reported> {
    let mode = lakehouse.host(mode);
    let scope = scope
        .with("lakehouse", &lakehouse.about)
        .with("settings", &lakehouse.settings)
        .with("profile", &lakehouse.profile)
        .with("mode", &lakehouse.mode_settings(mode));
    let mut secrets = Secrets::default();
    let mut interfaces = Vec::new();
    for stated in stated::all(lakehouse, &scope).map_err(|failure| failure.report(diags)).unwrap_or_default() {
        let made = interface(lakehouse, mode, stated, interfaces.len(), &mut secrets);
        interfaces.extend(made.map_err(|failure| failure.report(diags)));
    }
    let Secrets { all: mut secrets, decided: kept } = secrets;
    sound::external(&interfaces, &secrets, diags);
    diags.checkpoint()?;
    let matches = wire::matches(lakehouse, &interfaces, diags);
    diags.checkpoint()?;
    let asked = wire::asked(&lakehouse.catalog.engine, &interfaces, &matches).map_err(|failure| failure.report(diags));
    diags.checkpoint()?;
    let asked = asked.unwrap_or_default();
    let (near, switches) = (switches::near(lakehouse, &interfaces), switches::of_all(lakehouse, &interfaces));
    let offered = ask::offered(lakehouse, &interfaces);
    let (interfaces, matches, none) = (&interfaces[..], &matches, known::Documents::new());
    let asker =
        ask::Asker { lakehouse, mode, interfaces, matches, asked: &asked, near: &near, offered: &offered, documents: &none };
    let documents = known::documents(&asker, diags)?;
    let mut workloads = ask::workloads(&ask::Asker { documents: &documents, ..asker }, diags)?;
    let addresses = asker.addresses().map_err(|failure| failure.report(diags)).unwrap_or_default();
    let connections = wire::connect(interfaces, matches, &mut workloads, diags)?;
    elsewhere::expect(&mut workloads, &connections, interfaces, &asked, diags);
    order::waves(&mut workloads, &connections, diags)?;
    sound::something_runs(lakehouse, &workloads, diags);
    sound::names(&workloads, diags);
    sound::lengths(&workloads, diags);
    sound::edges(&workloads, interfaces, diags);
    wire::check_secrets(&workloads, &secrets, diags);
    name_certificates(&mut secrets, &workloads, &addresses);
    diags.checkpoint()?;
    let documents = documents.into_values().collect();
    Ok(Graph {
        workloads,
        connections,
        secrets,
        kept,
        documents,
        switches,
        types: lakehouse.catalog.types.clone(),
        scope,
        description: OnceLock::new(),
    })
}

/// Fills in what a component says of itself: its namespace, secrets, offers and needs.
fn interface<'a>(
    lakehouse: &Lakehouse<'_>,
    mode: &Mode,
    stated: Stated<'a>,
    index: usize,
    secrets: &mut Secrets,
) -> Result<Interface<'a>, Failure> {
    let engine = &lakehouse.catalog.engine;
    let Stated { instance, scope, .. } = stated;
    let manifest = &instance.component.manifest;
    let namespace = match mode.names.get("namespace") {
        Some(template) => engine.fill(template, &scope)?,
        None => manifest.get("namespace").cloned().unwrap_or_else(layers::nothing),
    };
    let external = instance.options.get("external");
    let names = own_secrets(lakehouse, mode, instance, &scope.with("namespace", &namespace), secrets)?;
    let mut scope = scope.with("secrets", &names).with("namespace", &namespace);
    if let Some(template) = mode.names.get("replica") {
        scope = scope.with("replica", &engine.fill(template, &scope)?);
    }
    let (mut offers, mut decided) = (Vec::new(), Vec::new());
    for entry in wanted(lakehouse, section(manifest, "offers"), &scope, &mut decided)? {
        if external.is_some() && entry.node.text("external").is_empty() {
            continue;
        }
        let node = engine.fill(&entry.node, &scope)?;
        offers.push(Offer {
            instance: index,
            page: index,
            name: Node::derived(OFFERED, (&*entry.key).into(), [entry.node.head()]),
            interface: node.get("interface").cloned().unwrap_or_else(layers::nothing),
            role: node.text("workload").to_owned(),
            port: external.and_then(|external| external.get("port")).or_else(|| node.get("port")).cloned(),
            host: external.and_then(|external| external.get("host")).or_else(|| node.get("host")).cloned(),
            node,
        });
    }
    let own = if external.is_some() { &[][..] } else { section(manifest, "needs") };
    let mut asked = Vec::new();
    let needs = wanted(lakehouse, own, &scope, &mut asked)?;
    let scope = scope.with("urls", &urls(lakehouse, mode, &offers, &scope)?);
    Ok(Interface { instance, namespace, scope, offers, needs, decided, asked })
}

/// The component's secrets, and under which names it reads them.
fn own_secrets(
    lakehouse: &Lakehouse<'_>,
    mode: &Mode,
    instance: &Instance<'_>,
    scope: &Scope,
    secrets: &mut Secrets,
) -> Result<Arc<Node>, Failure> {
    let manifest = &instance.component.manifest;
    let external = instance.options.get("external");
    let (mut names, mut asked) = (Vec::new(), Vec::new());
    for secret in kept(lakehouse, section(manifest, "secrets"), scope, &mut asked)? {
        let name = match external {
            Some(external) if is_brought(manifest, &secret.key) => {
                let none = || Node::derived("no secret", "".into(), [external.clone()]);
                external.get("secret").cloned().unwrap_or_else(none)
            }
            Some(_) => continue,
            None => {
                let full = format!("{}-{}", instance.name.as_str().unwrap_or_default(), secret.key);
                Node::derived("the secret's name", full.into(), [instance.name.clone(), secret.node.head()])
            }
        };
        names.push(Entry { key: secret.key.clone(), node: name.clone() });
        let node = with_parts(lakehouse.catalog.engine.fill(&secret.node, scope)?);
        let files = secret_files(lakehouse, mode, &name, &node, scope)?;
        let namespace = scope.node("namespace").cloned().unwrap_or_else(layers::nothing);
        // Also where the component runs nothing itself: what says so stands for the service.
        let brought = node.get("brought").filter(|brought| brought.as_bool() == Some(true));
        let (component, external) = (instance.name.clone(), external.or(brought).cloned());
        secrets.all.push(Secret { name, component, namespace, node, files, external, names: Vec::new() });
    }
    secrets.decided.extend(asked.iter().cloned());
    Ok(Node::derived("its secrets", Data::Map(names), asked))
}

/// The secrets whose condition holds, each made of what its condition read too; `asked` hears all that was read.
fn kept(lakehouse: &Lakehouse<'_>, secrets: &[Entry], scope: &Scope, asked: &mut Vec<Arc<Node>>) -> Result<Vec<Entry>, Failure> {
    let mut kept = Vec::new();
    for secret in secrets {
        let mut read = Vec::new();
        let is_wanted = !wanted(lakehouse, std::slice::from_ref(secret), scope, &mut read)?.is_empty();
        let read: Vec<Arc<Node>> = read.into_iter().map(|(_, node)| node).collect();
        asked.extend(read.iter().cloned());
        if is_wanted {
            let from: Vec<Arc<Node>> = std::iter::once(secret.node.head()).chain(read).collect();
            let node = Node::derived("a secret that is wanted", secret.node.data.clone(), from);
            kept.push(Entry { key: secret.key.clone(), node });
        }
    }
    Ok(kept)
}

/// A certificate always has the same three parts; what knows the authority reads the first alone.
fn with_parts(node: Arc<Node>) -> Arc<Node> {
    if !wire::flag(&node, "certificate") {
        return node;
    }
    let part = |key: &str| Entry { key: key.into(), node: Node::derived("a part of a certificate", key.into(), [node.head()]) };
    let parts =
        Node::derived("the parts of a certificate", Data::Map(["ca.crt", "tls.crt", "tls.key"].map(part).into()), [node.head()]);
    let others = node.entries().iter().filter(|entry| &*entry.key != "keys").cloned();
    let entries = others.chain([Entry { key: "keys".into(), node: parts }]).collect();
    Arc::new(Node { data: Data::Map(entries), origin: node.origin.clone() })
}

/// Every name under which the programs are reached that show a certificate.
fn name_certificates(secrets: &mut [Secret], workloads: &[Workload], addresses: &[(usize, Arc<Node>)]) {
    let mut shown: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
    for workload in workloads {
        let keys = wire::reads(workload).into_iter().filter(|(_, key)| key.as_str() == Some("tls.key"));
        keys.for_each(|(secret, _)| shown.entry(secret.as_str().unwrap_or_default()).or_default().push(workload));
    }
    let mut offered: BTreeMap<usize, Vec<&Arc<Node>>> = BTreeMap::new();
    addresses.iter().for_each(|(index, address)| offered.entry(*index).or_default().push(address));
    for secret in secrets.iter_mut().filter(|secret| secret.is_certificate()) {
        let own = shown.get(secret.name.as_str().unwrap_or_default()).into_iter().flatten();
        let all = own.flat_map(|workload| {
            let others = offered.get(&workload.instance).into_iter().flatten().copied();
            std::iter::once(&workload.address).chain(&workload.hosts).chain(others)
        });
        let by_text: BTreeMap<&str, &Arc<Node>> = all.map(|name| (name.as_str().unwrap_or_default(), name)).collect();
        secret.names = by_text.into_values().cloned().collect();
    }
}

fn secret_files(
    lakehouse: &Lakehouse<'_>,
    mode: &Mode,
    name: &Arc<Node>,
    secret: &Node,
    scope: &Scope,
) -> Result<Vec<Entry>, Failure> {
    let Some(template) = mode.names.get("secret_file") else { return Ok(Vec::new()) };
    let is_certificate = Node::derived("whether it is a certificate", wire::flag(secret, "certificate").into(), [secret.head()]);
    let file = |entry: &Entry| {
        let key = Node::derived("a key", (&*entry.key).into(), [entry.node.clone()]);
        let scope = scope.with("secret", name).with("key", &key).with("certificate", &is_certificate);
        let node = lakehouse.catalog.engine.fill(template, &scope)?;
        Ok(Entry { key: entry.key.clone(), node })
    };
    let files: Result<Vec<Entry>, Failure> = secret.get("keys").map_or(&[][..], |keys| keys.entries()).iter().map(file).collect();
    // Without a file, somebody in the cluster makes it.
    Ok(files?.into_iter().filter(|file| file.node.as_str() != Some("")).collect())
}

/// Whether a service that stands in for the component brings this secret.
fn is_brought(manifest: &Node, secret: &str) -> bool {
    section(manifest, "offers").iter().any(|offer| offer.node.text("external") == secret)
}

/// Where people reach the offers that have an edge.
fn urls(lakehouse: &Lakehouse<'_>, mode: &Mode, offers: &[Offer], scope: &Scope) -> Result<Arc<Node>, Failure> {
    let mut urls = Vec::new();
    for offer in offers {
        let (Some(template), Some(edge), Some(port)) = (mode.names.get("url"), offer.node.get("edge"), &offer.port) else {
            continue;
        };
        let url = lakehouse.catalog.engine.fill(template, &scope.with("edge", edge).with("port", port))?;
        urls.push(Entry { key: offer.name.as_str().unwrap_or_default().into(), node: url });
    }
    Ok(Node::derived("where people reach it", Data::Map(urls), []))
}

fn section<'n>(manifest: &'n Node, name: &str) -> &'n [Entry] {
    manifest.get(name).map_or(&[], |section| section.entries())
}

/// The entries whose condition holds; `decided` hears what that depends on, by the interface of each entry.
fn wanted(
    lakehouse: &Lakehouse<'_>,
    entries: &[Entry],
    scope: &Scope,
    decided: &mut Vec<(String, Arc<Node>)>,
) -> Result<Vec<Entry>, Failure> {
    let mut wanted = Vec::new();
    for entry in entries {
        let holds = match entry.node.get("when") {
            Some(when) => {
                let (holds, read) = lakehouse.catalog.engine.holds(when, scope)?;
                decided.extend(read.into_iter().map(|node| (entry.node.text("interface").to_owned(), node)));
                holds
            }
            None => true,
        };
        if holds {
            wanted.push(entry.clone());
        }
    }
    Ok(wanted)
}
