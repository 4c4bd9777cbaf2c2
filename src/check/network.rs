//! The family `network`: policies that change nothing, ports that nobody has, connections that only one end allows.
//!
//! What is told holds for the objects at hand. Where others may stand beside them it is a note, and a warning where they are
//! everything there is.

use std::collections::BTreeMap;

use super::{Index, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::network::{At, Known, Network, Peer, Policy, Port, Tier, Way};

pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    // Without pods or without policies there is nothing to hold against each other.
    if index.network.policies.is_empty() || index.network.pods.is_empty() {
        return;
    }
    let network = Network::of(&index.network);
    let mut view = View { index, world, network: &network, found, severity: severity(world) };
    for (policy, chosen) in index.network.policies.iter().zip(&network.chosen) {
        if chosen.is_empty() {
            view.chooses_nobody(policy);
        }
    }
    for known in network.rules() {
        let (policy, chosen) = (&index.network.policies[known.policy], &network.chosen[known.policy]);
        view.names(policy, known, chosen);
        if policy.tier == Tier::Namespace {
            view.one_sided(policy, known, chosen);
        }
    }
}

fn severity(world: &World<'_>) -> Severity {
    if world.options.is_complete { Severity::Warning } else { Severity::Note }
}

struct View<'v> {
    index: &'v Index,
    world: &'v World<'v>,
    network: &'v Network<'v>,
    found: &'v mut Diagnostics,
    severity: Severity,
}

impl View<'_> {
    /// Of a namespace of which nothing is here nothing is known.
    fn chooses_nobody(&mut self, policy: &Policy) {
        let has_pods =
            policy.namespace.as_ref().is_none_or(|own| self.index.network.pods.iter().any(|pod| pod.namespace == *own));
        if has_pods || self.world.options.is_complete {
            let place = policy.namespace.as_ref().map_or_else(String::new, |own| format!(" of {own}"));
            let message = format!("{} {} chooses no pod{place}", policy.kind, policy.name);
            self.tell(Code::ChoosesNobody, message, policy, &policy.at, "these labels");
        }
    }

    /// The names of ports that a rule gives, held against who is reached.
    fn names(&mut self, policy: &Policy, known: &Known<'_>, chosen: &[usize]) {
        for port in known.rule.ports.iter().flatten() {
            let Port::Name { name, protocol, at } = port else { continue };
            let reached = if known.way == Way::Ingress { chosen.to_vec() } else { self.peers(known) };
            let has = |group: &usize| {
                let own = self.network.pod(*group).ports.iter();
                own.clone().any(|own| own.name == *name && protocol.is_none_or(|wanted| wanted == own.protocol))
            };
            if !reached.is_empty() && !reached.iter().any(has) {
                let known: BTreeMap<&str, ()> = reached
                    .iter()
                    .flat_map(|group| &self.network.pod(*group).ports)
                    .map(|port| (port.name.as_str(), ()))
                    .collect();
                let known: Vec<String> = known.into_keys().filter(|name| !name.is_empty()).map(str::to_owned).collect();
                let protocol = protocol.map_or_else(String::new, |protocol| format!(" for {}", protocol.name()));
                let message = format!("none of the pods that are reached has a port called {name}{protocol}");
                self.tell(Code::UnknownPort, message, policy, at, "this name").suggest(name, known.iter().map(String::as_str));
            }
        }
    }

    /// The pods that a rule names; of one that names nobody in particular, all.
    fn peers(&self, known: &Known<'_>) -> Vec<usize> {
        let all = 0..self.network.groups.len();
        match &known.peers {
            None => all.collect(),
            Some(peers) => peers.iter().copied().filter(|end| all.contains(end)).collect(),
        }
    }

    /// A rule for pods that are here, none of which may come, or be come to.
    fn one_sided(&mut self, policy: &Policy, known: &Known<'_>, chosen: &[usize]) {
        let (way, rule) = (known.way, known.rule);
        let is_pods = |peer: &Peer| matches!(peer, Peer::Pods(_));
        if !rule.peers.as_ref().is_some_and(|peers| peers.iter().all(is_pods)) {
            return;
        }
        let peers = self.peers(known);
        let meets = |own: usize, peer: usize| {
            let (reached, other) = if way == Way::Ingress { (own, Way::Egress) } else { (peer, Way::Ingress) };
            let wanted = self.network.traffic(rule, reached);
            // What the rule itself cannot open is not the other end's fault.
            wanted.is_empty() || !wanted.meet(&self.network.side(other, peer, own, &mut |_| ())).is_empty()
        };
        let is_closed = !peers.is_empty() && !chosen.iter().any(|own| peers.iter().any(|peer| meets(*own, *peer)));
        if !is_closed || chosen.is_empty() {
            return;
        }
        let names: Vec<String> = peers.iter().take(3).map(|group| self.network.pod(*group).title()).collect();
        let (names, more) = (names.join(", "), if peers.len() > 3 { " and others" } else { "" });
        let (message, help) = match way {
            Way::Ingress => (
                format!("{names}{more} may come in by this rule, and may not go out to there by their own"),
                "let them out: a rule under egress of a policy that chooses them",
            ),
            Way::Egress => (
                format!("{names}{more} may be reached by this rule, and let nothing of it in by their own"),
                "let it in: a rule under ingress of a policy that chooses them",
            ),
        };
        self.tell(Code::OneSided, message, policy, &rule.at, "this rule").help(help);
    }

    fn tell(&mut self, code: Code, message: String, policy: &Policy, at: &At, label: &str) -> &mut Diagnostic {
        let entry = &self.index.objects[policy.home];
        let span = self.world.inputs.span(entry.file, at.mark.start, at.mark.end);
        let diagnostic = self.found.push(code, self.severity, message);
        diagnostic.object = Some(entry.subject.clone());
        diagnostic.within(&span, label, entry.document, at.pointer.clone())
    }
}
