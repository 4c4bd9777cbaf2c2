//! Needs in, the offers that meet them out; then one connection for each workload that has the need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Connection, Interface, Offer, Secret, Workload, front, known};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::lakehouse::{Instance, Lakehouse};
use crate::node::{Data, Entry, Node};
use crate::render::{Engine, Failure};

/// For each component, each need with the offers that meet it.
pub(super) type Matches = Vec<BTreeMap<Arc<str>, Vec<Offer>>>;

pub(super) fn matches(lakehouse: &Lakehouse<'_>, interfaces: &[Interface<'_>], diags: &mut Diagnostics) -> Matches {
    let (mut by_interface, mut by_owner) = (BTreeMap::<&str, Vec<&Offer>>::new(), BTreeMap::<_, Vec<&Offer>>::new());
    for offer in interfaces.iter().flat_map(|interface| &interface.offers).filter(known::once(interfaces)) {
        let interface = offer.interface.as_str().unwrap_or_default();
        by_interface.entry(interface).or_default().push(offer);
        by_owner.entry((interface, offer.instance)).or_default().push(offer);
    }
    let names: BTreeMap<&str, usize> =
        interfaces.iter().enumerate().map(|(i, interface)| (interface.instance.name.as_str().unwrap_or_default(), i)).collect();
    let matcher = Matcher { lakehouse, interfaces, by_interface, by_owner, names };
    (0..interfaces.len()).map(|index| matcher.of(index, diags)).collect()
}

/// For each component, what those who take its offers ask for, with which offer it is and who they are.
pub(super) type Asked = Vec<Vec<Arc<Node>>>;

pub(super) fn asked(engine: &Engine, interfaces: &[Interface<'_>], matches: &Matches) -> Result<Asked, Failure> {
    let mut asked: Asked = vec![Vec::new(); interfaces.len()];
    for (interface, matches) in interfaces.iter().zip(matches) {
        for need in &interface.needs {
            let Some(asks) = need.node.get("asks") else { continue };
            let filled = engine.fill(asks, &interface.scope)?;
            for offer in matches.get(&need.key).into_iter().flatten() {
                let who = [("by", &interface.instance.name), ("offer", &offer.name)];
                let who = who.map(|(key, node)| Entry { key: key.into(), node: node.clone() });
                let data = Data::Map(filled.entries().iter().cloned().chain(who).collect());
                asked[offer.instance].push(Arc::new(Node { data, origin: filled.origin.clone() }));
            }
        }
    }
    Ok(asked)
}

struct Matcher<'a> {
    lakehouse: &'a Lakehouse<'a>,
    interfaces: &'a [Interface<'a>],
    by_interface: BTreeMap<&'a str, Vec<&'a Offer>>,
    by_owner: BTreeMap<(&'a str, usize), Vec<&'a Offer>>,
    names: BTreeMap<&'a str, usize>,
}

impl Matcher<'_> {
    fn of(&self, index: usize, diags: &mut Diagnostics) -> BTreeMap<Arc<str>, Vec<Offer>> {
        let interface = &self.interfaces[index];
        self.check_uses(index, diags);
        interface.needs.iter().map(|need| (need.key.clone(), self.meet(index, need, diags))).collect()
    }

    fn meet(&self, index: usize, need: &Entry, diags: &mut Diagnostics) -> Vec<Offer> {
        let wanted = need.node.text("interface");
        let offers: &[&Offer] = self.by_interface.get(wanted).map_or(&[], Vec::as_slice);
        if flag(&need.node, "edges") {
            return front::pages(self.interfaces, index);
        }
        if flag(&need.node, "many") {
            return offers.iter().map(|offer| (*offer).clone()).collect();
        }
        if let Some(chosen) = self.chosen(index, &need.key) {
            return self.meet_chosen(index, chosen, need, offers, diags);
        }
        match self.by_owner.get(&(wanted, index)).map_or(offers, Vec::as_slice) {
            [offer] => vec![(*offer).clone()],
            [] if flag(&need.node, "optional") => Vec::new(),
            [] => self.unmet(index, need, diags),
            several => self.ambiguous(index, need, several, diags),
        }
    }

    fn chosen(&self, index: usize, need: &str) -> Option<&Arc<Node>> {
        self.interfaces[index].instance.options.get("uses")?.get(need)
    }

    fn meet_chosen(&self, index: usize, chosen: &Node, need: &Entry, offers: &[&Offer], diags: &mut Diagnostics) -> Vec<Offer> {
        let name = chosen.as_str().unwrap_or_default();
        let component = self.names.get(name);
        if component.is_none()
            && let Some(off) = self.off(need).find(|off| off.name.as_str() == Some(name))
        {
            return self.is_off(index, need, off, diags);
        }
        let wanted = need.node.text("interface");
        let offer = component.and_then(|component| self.by_owner.get(&(wanted, *component))?.first());
        if offer.is_none() {
            let message = match component {
                Some(_) => format!("{name} offers no {wanted}"),
                None => format!("there is no component called {name} in this lakehouse"),
            };
            let able = offers.iter().map(|offer| self.name(offer.instance));
            let diagnostic = diags.error(Code::Dangling, message);
            diagnostic.at_some(chosen.span(), "chosen here").at_some(need.node.key_span(), "for this need").suggest(name, able);
        }
        offer.map(|offer| (*offer).clone()).into_iter().collect()
    }

    fn unmet(&self, index: usize, need: &Entry, diags: &mut Diagnostics) -> Vec<Offer> {
        let wanted = need.node.text("interface");
        if let Some(off) = self.off(need).next() {
            return self.is_off(index, need, off, diags);
        }
        let able = self.lakehouse.catalog.components.values().filter(|component| offers(&component.manifest, wanted));
        let able: Vec<String> = able.map(|component| format!("[components.{}]", component.name)).collect();
        let message = format!("{} needs {wanted}, and nothing offers it", self.name(index));
        let diagnostic = diags.error(Code::NeedWithoutOffer, message);
        let user = self.interfaces[index].instance.name.key_span();
        diagnostic.at_some(user, "this component").at_some(need.node.key_span(), "has this need");
        if !able.is_empty() {
            diagnostic.help(format!("add {}", able.join(" or ")));
        }
        Vec::new()
    }

    /// The components that could meet a need if they were on.
    fn off(&self, need: &Entry) -> impl Iterator<Item = &Instance<'_>> {
        let instances = self.lakehouse.instances.iter().filter(|instance| !instance.is_enabled);
        instances.filter(|instance| offers(&instance.component.manifest, need.node.text("interface")))
    }

    fn is_off(&self, index: usize, need: &Entry, off: &Instance<'_>, diags: &mut Diagnostics) -> Vec<Offer> {
        let switch = off.options.get("enabled").and_then(|enabled| enabled.span());
        // What is off may be needed for several reasons; it is one mistake.
        if !diags.has_told(Code::DisabledNeeded, switch.as_ref()) {
            let (name, off, wanted) = (self.name(index), off.name.as_str().unwrap_or_default(), need.node.text("interface"));
            let message = format!("{name} needs {wanted}, and {off}, which offers it, is off");
            let diagnostic = diags.error(Code::DisabledNeeded, message).at_some(switch, "switched off here");
            diagnostic.at_some(self.interfaces[index].instance.name.key_span(), "needs it");
            diagnostic.help(format!("switch {off} on, or {name} off"));
        }
        Vec::new()
    }

    fn ambiguous(&self, index: usize, need: &Entry, several: &[&Offer], diags: &mut Diagnostics) -> Vec<Offer> {
        let wanted = need.node.text("interface");
        let able: Vec<&str> = several.iter().map(|offer| self.name(offer.instance)).collect();
        let name = self.name(index);
        let message = format!("{name} needs one {wanted}, and {} offer it", able.join(" and "));
        let diagnostic = diags.error(Code::AmbiguousNeed, message);
        diagnostic.at_some(self.interfaces[index].instance.name.key_span(), "needs it");
        for offer in several {
            diagnostic.at_some(self.interfaces[offer.instance].instance.name.key_span(), "offers it");
        }
        diagnostic.help(format!("say which: components.{name}.uses.{} = \"{}\"", need.key, able[0]));
        Vec::new()
    }

    /// A choice for a need that the component does not have would have no effect.
    fn check_uses(&self, index: usize, diags: &mut Diagnostics) {
        let instance = self.interfaces[index].instance;
        let needs = super::section(&instance.component.manifest, "needs");
        for chosen in instance.options.get("uses").map_or(&[][..], |uses| uses.entries()) {
            if !needs.iter().any(|need| need.key == chosen.key) {
                let message = format!("{} has no need called {}", self.name(index), chosen.key);
                let known = needs.iter().map(|need| &*need.key);
                diags.error(Code::Dangling, message).at_some(chosen.node.key_span(), "chosen here").suggest(&chosen.key, known);
            }
        }
    }

    fn name(&self, index: usize) -> &str {
        self.interfaces[index].instance.name.as_str().unwrap_or_default()
    }
}

pub(super) fn offers(manifest: &Node, wanted: &str) -> bool {
    super::section(manifest, "offers").iter().any(|offer| offer.node.text("interface") == wanted)
}

pub(super) fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(|flag| flag.as_bool()).unwrap_or(false)
}

/// One connection for each workload, need and offer; each end knows it.
pub(super) fn connect(
    interfaces: &[Interface<'_>],
    matches: &Matches,
    workloads: &mut [Workload],
    diags: &mut Diagnostics,
) -> Result<Vec<Connection>, Reported> {
    let roles: BTreeMap<(usize, String), usize> =
        workloads.iter().enumerate().map(|(i, workload)| ((workload.instance, workload.role.clone()), i)).collect();
    let mut connections = Vec::new();
    for (from, workload) in workloads.iter().enumerate() {
        for (need, only) in front::asks(&workload.node) {
            let instance = workload.instance;
            let name = need.as_str().unwrap_or_default();
            let declared = interfaces[instance].needs.iter().find(|entry| &*entry.key == name);
            let (Some(declared), Some(offers)) = (declared, matches[instance].get(name)) else {
                unknown_need(need, &interfaces[instance], diags);
                continue;
            };
            let reached = offers.iter().filter(|offer| !offer.is_document() && flag(&declared.node, "reach"));
            let reached = reached.filter(|offer| only.is_none_or(|only| front::is_called(offer, interfaces, only)));
            for offer in reached {
                match roles.get(&(offer.instance, offer.role.clone())) {
                    Some(to) => connections.push(Connection {
                        from,
                        to: *to,
                        offer: offer.clone(),
                        need: declared.node.clone(),
                        need_name: name.to_owned(),
                        waits: flag(&declared.node, "order") && workloads[*to].is_own(),
                    }),
                    None if flag(&offer.node, "optional") => {}
                    None => dangling_offer(offer, diags),
                }
            }
        }
    }
    for offer in interfaces.iter().flat_map(|interface| &interface.offers).filter(|offer| !offer.is_document()) {
        match roles.get(&(offer.instance, offer.role.clone())) {
            Some(to) => workloads[*to].offers.push(offer.clone()),
            None if flag(&offer.node, "optional") => {}
            None => dangling_offer(offer, diags),
        }
    }
    front::place(workloads, &connections);
    diags.checkpoint()?;
    for (index, connection) in connections.iter().enumerate() {
        workloads[connection.from].makes.push(index);
        workloads[connection.to].takes.push(index);
    }
    Ok(connections)
}

fn unknown_need(need: &Node, interface: &Interface<'_>, diags: &mut Diagnostics) {
    let name = need.as_str().unwrap_or_default();
    let known: Vec<&str> = interface.needs.iter().map(|need| &*need.key).collect();
    let component = &interface.instance.component.name;
    let message = format!("a workload of {component} has the need {name}, which {component} does not declare");
    diags.error(Code::Dangling, message).at_some(need.span(), "has it here").suggest(name, known);
}

fn dangling_offer(offer: &Offer, diags: &mut Diagnostics) {
    let name = offer.name.as_str().unwrap_or_default();
    let span = offer.node.span().or_else(|| offer.name.span());
    if !diags.has_told(Code::Dangling, span.as_ref()) {
        let message = format!("the offer {name} names the workload \"{}\", which does not exist", offer.role);
        diags.error(Code::Dangling, message).at_some(span, "offered here");
    }
}

/// Every secret a workload reads is one that some component owns.
pub(super) fn check_secrets(workloads: &[Workload], secrets: &[Secret], diags: &mut Diagnostics) {
    let known: BTreeMap<&str, &Secret> =
        secrets.iter().map(|secret| (secret.name.as_str().unwrap_or_default(), secret)).collect();
    for workload in workloads {
        for (secret, key) in reads(workload) {
            let name = secret.as_str().unwrap_or_default();
            let Some(owned) = known.get(name) else {
                let diagnostic =
                    diags.error(Code::Dangling, format!("{} reads the secret {name}, which nobody owns", workload.name));
                diagnostic.at_some(secret.span(), "read here").suggest(name, known.keys().copied());
                continue;
            };
            let keys = owned.node.get("keys").map_or(&[][..], |keys| keys.entries());
            let wanted = key.as_str().unwrap_or_default();
            if !keys.iter().any(|entry| &*entry.key == wanted) {
                let diagnostic = diags.error(Code::Dangling, format!("the secret {name} has no key {wanted}"));
                diagnostic.at_some(key.span(), "read here").suggest(wanted, keys.iter().map(|entry| &*entry.key));
            }
        }
    }
}

/// Each secret and key a workload reads, as a variable or a file.
pub(super) fn reads(workload: &Workload) -> Vec<(&Arc<Node>, &Arc<Node>)> {
    let env = workload.node.get("env").map_or(&[][..], |env| env.entries());
    let variables = env.iter().filter_map(|entry| Some((entry.node.get("secret")?, entry.node.get("key")?)));
    let mut all: Vec<_> = variables.collect();
    for files in workload.node.get("secrets").map_or(&[][..], |secrets| secrets.items()) {
        if let (Some(secret), Some(keys)) = (files.get("secret"), files.get("keys")) {
            all.extend(keys.items().iter().map(|key| (secret, key)));
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|(secret, key)| seen.insert((secret.as_str().map(str::to_owned), key.as_str().map(str::to_owned))));
    all
}
