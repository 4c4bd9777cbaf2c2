//! Facts in, who may talk to whom out: pods with the same labels are one group, each selector is looked up once, and a pair
//! of groups is decided tier by tier.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{self, Range};
use super::facts::{Facts, Pod};
use super::policy::{Action, Namespaces, Peer, Pods, Port, Rule, Tier, Way};
use super::ports::Traffic;
use super::selector::{Labels, fewest};

/// The label that each namespace has, whoever made it.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

pub struct Network<'f> {
    pub facts: &'f Facts,
    pub workloads: Vec<Pod>,
    /// Pods that no policy can tell apart, by their place in `workloads`.
    pub groups: Vec<Vec<usize>>,
    /// The outside, cut at the edges of all blocks.
    pub ranges: Vec<Range>,
    rules: Vec<Known<'f>>,
    /// The groups that each policy chooses.
    pub chosen: Vec<Vec<usize>>,
    /// What each group must obey, for what comes in and for what goes out.
    sides: [Vec<Side>; 2],
    /// By policy, likewise: one may have a rule for each of thousands.
    named: Vec<[Named; 2]>,
}

/// A rule with the ends that it is about: groups first, then ranges.
pub struct Known<'f> {
    pub policy: usize,
    pub way: Way,
    pub rule: &'f Rule,
    /// Nobody in particular: everybody.
    pub peers: Option<Vec<usize>>,
}

/// Indices of rules.
#[derive(Clone, Default)]
struct Side {
    admin: Vec<usize>,
    /// Policies of the namespace, if any chooses the group.
    own: Vec<usize>,
    baseline: Vec<usize>,
}

/// Of the rules of one policy one way: those about everybody, and those about each end that is named.
#[derive(Default)]
struct Named {
    everybody: Vec<usize>,
    ends: BTreeMap<usize, Vec<usize>>,
}

/// Why some traffic passes, or does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    pub way: Way,
    pub traffic: Traffic,
    pub passes: bool,
    /// The policies that decided; none where nothing is said of it.
    pub policies: Vec<usize>,
}

impl<'f> Network<'f> {
    pub fn of(facts: &'f Facts) -> Network<'f> {
        let workloads = facts.workloads();
        let groups = groups(&workloads);
        let ranges = addresses::parts(blocks(facts));
        let (rules, chosen, sides, named) = (Vec::new(), Vec::new(), Default::default(), Vec::new());
        let mut network = Network { facts, workloads, groups, ranges, rules, chosen, sides, named };
        network.learn();
        network
    }

    pub fn pod(&self, group: usize) -> &Pod {
        &self.workloads[self.groups[group][0]]
    }

    /// All that has an address: groups, then ranges of the outside.
    pub fn ends(&self) -> usize {
        self.groups.len() + self.ranges.len()
    }

    /// Every rule of every policy.
    pub fn rules(&self) -> &[Known<'f>] {
        &self.rules
    }

    fn learn(&mut self) {
        let places = Places::of(self);
        let mut order: Vec<usize> = (0..self.facts.policies.len()).collect();
        order.sort_by_key(|policy| {
            let policy = &self.facts.policies[*policy];
            (policy.tier, policy.priority, &policy.namespace, &policy.name)
        });
        let mut sides = [vec![Side::default(); self.groups.len()], vec![Side::default(); self.groups.len()]];
        let (mut rules, mut all) = (Vec::<Known<'f>>::new(), vec![Vec::new(); order.len()]);
        let mut named: Vec<[Named; 2]> = order.iter().map(|_| Default::default()).collect();
        for policy in order {
            let facts: &'f Facts = self.facts;
            let said = &facts.policies[policy];
            let chosen = places.select(&said.subject);
            for (way, some) in Way::BOTH.into_iter().zip(&said.rules) {
                let Some(some) = some else { continue };
                let first = rules.len();
                rules.extend(some.iter().map(|rule| Known { policy, way, rule, peers: self.reach(rule, &places) }));
                (first..rules.len()).for_each(|rule| named[policy][way as usize].add(rule, rules[rule].peers.as_deref()));
                for group in &chosen {
                    let side: &mut Side = &mut sides[way as usize][*group];
                    match said.tier {
                        Tier::Admin => side.admin.extend(first..rules.len()),
                        Tier::Namespace => side.own.push(policy),
                        Tier::Baseline => side.baseline.extend(first..rules.len()),
                    }
                }
            }
            all[policy] = chosen;
        }
        drop(places);
        (self.rules, self.sides, self.chosen, self.named) = (rules, sides, all, named);
    }

    /// The ends that a rule names, in order.
    fn reach(&self, rule: &Rule, places: &Places<'_>) -> Option<Vec<usize>> {
        let peers = rule.peers.as_ref()?;
        let mut ends = BTreeSet::new();
        for peer in peers {
            match peer {
                Peer::Pods(pods) => ends.extend(places.select(pods)),
                Peer::Block { within, except } => {
                    let is_in = |range: &Range| within.holds(range) && !except.iter().any(|out| out.holds(range));
                    let numbered = self.ranges.iter().enumerate();
                    ends.extend(numbered.filter(|(_, range)| is_in(range)).map(|(number, _)| self.groups.len() + number));
                    ends.extend(places.addressed.iter().filter(|group| self.pod(**group).addresses.iter().any(is_in)));
                    // The address of a machine may be any.
                    ends.extend(places.on_host.iter().filter(|_| within.is_whole() && except.is_empty()));
                }
                Peer::Unknown => {}
            }
        }
        Some(ends.into_iter().collect())
    }

    /// What may go from one end to another; of two ends outside nothing is known.
    pub fn allowed(&self, from: usize, to: usize) -> Traffic {
        self.explained(from, to, &mut |_| ())
    }

    pub fn explained(&self, from: usize, to: usize, tell: &mut dyn FnMut(Why)) -> Traffic {
        let out = self.side(Way::Egress, from, to, tell);
        out.meet(&self.side(Way::Ingress, to, from, tell))
    }

    /// What one end lets go one way, whatever the other end says.
    pub fn side(&self, way: Way, own: usize, peer: usize, tell: &mut dyn FnMut(Why)) -> Traffic {
        let Some(side) = self.sides[way as usize].get(own) else { return Traffic::all() };
        let reached = if way == Way::Ingress { own } else { peer };
        let mut decision = Decision { way, left: Traffic::all(), allowed: Traffic::default(), tell };
        self.tier(&side.admin, peer, reached, &mut decision);
        if side.own.is_empty() {
            self.tier(&side.baseline, peer, reached, &mut decision);
            let left = decision.left.clone();
            decision.settle(&left, true, Vec::new());
        } else {
            for rule in side.own.iter().flat_map(|policy| self.named[*policy][way as usize].about(peer)) {
                let rule = &self.rules[rule];
                let hit = decision.left.meet(&self.traffic(rule.rule, reached));
                (decision.tell)(Why { way, traffic: hit.clone(), passes: true, policies: vec![rule.policy] });
                decision.allowed.join(&hit);
            }
            decision.left.take(&decision.allowed.clone());
            let left = decision.left.clone();
            decision.settle(&left, false, side.own.clone());
        }
        decision.allowed
    }

    /// The pairs of groups of which the policies may let anything through: of all others nothing has to be decided.
    pub fn may_meet(&self) -> Vec<(usize, usize)> {
        let all = 0..self.groups.len();
        let into: Vec<Option<BTreeSet<usize>>> = all.clone().map(|group| self.may_pass(Way::Ingress, group)).collect();
        let open: Vec<usize> = all.clone().filter(|group| into[*group].is_none()).collect();
        let mut met = vec![Vec::new(); self.groups.len()];
        for (to, named) in into.iter().enumerate() {
            named.iter().flatten().filter(|from| all.contains(from)).for_each(|from| met[*from].push(to));
        }
        let lets_in =
            |from: usize, to: usize| into.get(to).is_some_and(|named| named.as_ref().is_none_or(|some| some.contains(&from)));
        let of = |from: usize| match self.may_pass(Way::Egress, from) {
            None => [&open[..], &met[from]].concat(),
            Some(named) => named.into_iter().filter(|to| lets_in(from, *to)).collect(),
        };
        all.flat_map(|from| of(from).into_iter().map(move |to| (from, to))).collect()
    }

    /// The ends with which the policies of a group may let it talk one way; none where that may be anybody.
    fn may_pass(&self, way: Way, group: usize) -> Option<BTreeSet<usize>> {
        let side = &self.sides[way as usize][group];
        let is_closed = !side.own.is_empty() && side.admin.is_empty();
        let policies = || side.own.iter().map(|policy| &self.named[*policy][way as usize]);
        let is_closed = is_closed && policies().all(|named| named.everybody.is_empty());
        is_closed.then(|| policies().flat_map(|named| named.ends.keys().copied()).collect())
    }

    /// One rule after another, until one answers.
    fn tier(&self, rules: &[usize], peer: usize, reached: usize, decision: &mut Decision<'_>) {
        let mut passed = Traffic::default();
        for rule in rules.iter().map(|rule| &self.rules[*rule]).filter(|rule| rule.is_about(peer)) {
            let hit = decision.left.meet(&self.traffic(rule.rule, reached));
            match rule.rule.action {
                Action::Pass => {
                    decision.left.take(&hit);
                    passed.join(&hit);
                }
                action => decision.settle(&hit, action == Action::Accept, vec![rule.policy]),
            }
        }
        decision.left.join(&passed);
    }

    /// The ports of a rule, by the names that who is reached gives them.
    pub fn traffic(&self, rule: &Rule, reached: usize) -> Traffic {
        let Some(ports) = &rule.ports else { return Traffic::all() };
        let mut all = Traffic::default();
        for port in ports {
            match port {
                Port::Numbers(traffic) => all.join(traffic),
                Port::Name { name, protocol, .. } if reached < self.groups.len() => {
                    let own = self.pod(reached).ports.iter();
                    let meant = own.filter(|port| port.name == *name && protocol.is_none_or(|wanted| wanted == port.protocol));
                    meant.for_each(|port| all.join(&Traffic::of(port.protocol, port.number, port.number)));
                }
                Port::Name { .. } => {}
            }
        }
        all
    }
}

impl Named {
    fn add(&mut self, rule: usize, peers: Option<&[usize]>) {
        match peers {
            None => self.everybody.push(rule),
            Some(peers) => peers.iter().for_each(|peer| self.ends.entry(*peer).or_default().push(rule)),
        }
    }

    /// Those about one end, in the order of the policy.
    fn about(&self, peer: usize) -> Vec<usize> {
        let mut rules: Vec<usize> = self.everybody.iter().chain(self.ends.get(&peer).into_iter().flatten()).copied().collect();
        rules.sort_unstable();
        rules
    }
}

impl Known<'_> {
    fn is_about(&self, peer: usize) -> bool {
        self.peers.as_ref().is_none_or(|peers| peers.binary_search(&peer).is_ok())
    }
}

/// What is not decided yet, and what may pass.
struct Decision<'d> {
    way: Way,
    left: Traffic,
    allowed: Traffic,
    tell: &'d mut dyn FnMut(Why),
}

impl Decision<'_> {
    fn settle(&mut self, traffic: &Traffic, passes: bool, policies: Vec<usize>) {
        if traffic.is_empty() {
            return;
        }
        self.left.take(traffic);
        if passes {
            self.allowed.join(traffic);
        }
        (self.tell)(Why { way: self.way, traffic: traffic.clone(), passes, policies });
    }
}

/// Where pods are found by a label.
struct Places<'n> {
    namespaces: BTreeMap<&'n str, Labels>,
    in_namespace: BTreeMap<&'n str, Vec<usize>>,
    labelled: BTreeMap<(&'n str, &'n str, &'n str), Vec<usize>>,
    pods: Vec<&'n Pod>,
    on_host: Vec<usize>,
    addressed: Vec<usize>,
}

impl<'n> Places<'n> {
    fn of(network: &'n Network<'_>) -> Places<'n> {
        let pods: Vec<&Pod> = (0..network.groups.len()).map(|group| network.pod(group)).collect();
        let mut places = Places {
            namespaces: BTreeMap::new(),
            in_namespace: BTreeMap::new(),
            labelled: BTreeMap::new(),
            on_host: (0..pods.len()).filter(|group| pods[*group].is_on_host).collect(),
            addressed: (0..pods.len()).filter(|group| !pods[*group].addresses.is_empty()).collect(),
            pods,
        };
        for (group, pod) in places.pods.iter().enumerate().filter(|(_, pod)| !pod.is_on_host) {
            places.in_namespace.entry(&pod.namespace).or_default().push(group);
            for (key, value) in &pod.labels {
                places.labelled.entry((&pod.namespace, key, value)).or_default().push(group);
            }
        }
        for name in places.in_namespace.keys() {
            let mut labels = network.facts.namespaces.get(*name).cloned().unwrap_or_default();
            labels.insert(NAME_OF_NAMESPACE.to_owned(), (*name).to_owned());
            places.namespaces.insert(name, labels);
        }
        places
    }

    fn select(&self, pods: &Pods) -> Vec<usize> {
        let mut found = Vec::new();
        for namespace in self.namespaces(&pods.namespaces) {
            let near = fewest(pods.pods.keys().map(|(key, values)| self.labelled(namespace, key, values)));
            let candidates = near.or_else(|| self.in_namespace.get(namespace).cloned()).unwrap_or_default();
            found.extend(candidates.into_iter().filter(|group| pods.pods.matches(&self.pods[*group].labels)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn labelled<'s>(&'s self, namespace: &'s str, key: &'s str, values: &'s [String]) -> Vec<&'s [usize]> {
        let found = values.iter().filter_map(|value| self.labelled.get(&(namespace, key, value.as_str())));
        found.map(Vec::as_slice).collect()
    }

    fn namespaces<'a>(&'a self, wanted: &'a Namespaces) -> Vec<&'a str> {
        match wanted {
            Namespaces::Named(name) => vec![name],
            Namespaces::Matching(selector) => match selector.values(NAME_OF_NAMESPACE) {
                Some(names) => {
                    let is_meant = |name: &&str| self.namespaces.get(name).is_some_and(|labels| selector.matches(labels));
                    names.iter().map(String::as_str).filter(is_meant).collect()
                }
                None => self.namespaces.iter().filter(|(_, labels)| selector.matches(labels)).map(|(name, _)| *name).collect(),
            },
        }
    }
}

fn groups(workloads: &[Pod]) -> Vec<Vec<usize>> {
    let mut kin: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (number, pod) in workloads.iter().enumerate() {
        kin.entry(pod.kin()).or_default().push(number);
    }
    kin.into_values().collect()
}

/// Every block that some rule names.
fn blocks(facts: &Facts) -> impl Iterator<Item = &Range> {
    let rules = facts.policies.iter().flat_map(|policy| policy.rules.iter().flatten().flatten());
    rules.flat_map(|rule| rule.peers.iter().flatten()).flat_map(|peer| match peer {
        Peer::Block { within, except } => std::iter::once(within).chain(except).collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}
