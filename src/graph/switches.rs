//! Which choices decide who is there and who meets whom: components in, the options that switch them on and choose for their
//! needs out, each time as one node, since many values hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Interface, section, wire};
use crate::lakehouse::{Instance, Lakehouse};
use crate::node::{Data, Entry, Node};

/// Those of all components: every list of the platform follows from them.
pub(super) fn of_all(lakehouse: &Lakehouse<'_>, interfaces: &[Interface<'_>]) -> Arc<Node> {
    // Who takes every offer of an interface is told of by whatever decides which of them there are.
    let many = interfaces.iter().flat_map(|interface| &interface.needs).filter(|need| wire::flag(&need.node, "many"));
    let many: BTreeSet<&str> = many.map(|need| need.node.text("interface")).collect();
    node(lakehouse.instances.iter(), interfaces, &many, true)
}

/// For each component those of the ones that it may meet: whom it talks to follows from nothing else, but its own.
pub(super) fn near(lakehouse: &Lakehouse<'_>, interfaces: &[Interface<'_>]) -> Vec<Arc<Node>> {
    // All of one kind meet the same others, and there may be thousands of it.
    let mut of_kinds: BTreeMap<&str, Arc<Node>> = BTreeMap::new();
    let own = interfaces.iter().map(|interface| interface.instance);
    let near = own.map(|own| {
        let met = of_kinds.entry(&own.component.name).or_insert_with(|| met(lakehouse, interfaces, own));
        Node::derived(RULE, Data::Seq(Vec::new()), choices(own).into_iter().chain([met.clone()]).collect::<Vec<_>>())
    });
    near.collect()
}

fn met(lakehouse: &Lakehouse<'_>, interfaces: &[Interface<'_>], own: &Instance<'_>) -> Arc<Node> {
    let kinds: BTreeMap<&str, &Instance<'_>> = lakehouse.instances.iter().map(|other| (&*other.component.name, other)).collect();
    let is_near = |other: &&Instance<'_>| meets(own, other) || meets(other, own);
    let near: BTreeSet<&str> = kinds.into_iter().filter(|(_, other)| is_near(other)).map(|(name, _)| name).collect();
    let words = [named(own, "needs"), named(own, "offers")].into_iter().flatten().collect();
    let instances = lakehouse.instances.iter().filter(|other| near.contains(&*other.component.name));
    node(instances, interfaces, &words, takes_pages(own))
}

const RULE: &str = "who runs and whom they use";

fn node<'i, 'c: 'i>(
    instances: impl Iterator<Item = &'i Instance<'c>>,
    interfaces: &[Interface<'_>],
    words: &BTreeSet<&str>,
    with_pages: bool,
) -> Arc<Node> {
    let pages: BTreeSet<&str> = interfaces.iter().flat_map(|one| pages(one.instance)).filter(|_| with_pages).collect();
    let decided = interfaces.iter().flat_map(|interface| interface.decided.iter().chain(&interface.asked));
    let is_wanted = |wanted: &str| words.contains(wanted) || pages.contains(wanted);
    let decided = decided.filter(|(wanted, _)| is_wanted(wanted)).map(|(_, node)| node.clone());
    // An offer without a place where people reach it is no page.
    let offers = interfaces.iter().flat_map(|interface| &interface.offers).filter(|_| with_pages);
    let pages = offers.filter_map(|offer| offer.node.get("edge").cloned());
    let all: Vec<Arc<Node>> = instances.flat_map(choices).chain(decided).chain(pages).collect();
    Node::derived(RULE, Data::Seq(Vec::new()), all)
}

fn choices(instance: &Instance<'_>) -> Vec<Arc<Node>> {
    let uses = instance.options.get("uses").map_or(&[][..], |uses| uses.entries());
    let chosen = uses.iter().map(|chosen| chosen.node.clone());
    // What stands in for a component is a choice, too: it runs nothing then.
    let switches = ["enabled", "external"].iter().filter_map(|key| instance.options.get(key).cloned());
    switches.chain(chosen).collect()
}

/// Whether one could take an offer of the other.
fn meets(one: &Instance<'_>, other: &Instance<'_>) -> bool {
    let offered: BTreeSet<&str> = named(other, "offers").collect();
    takes_pages(one) && pages(other).next().is_some() || named(one, "needs").any(|wanted| offered.contains(wanted))
}

/// The interfaces of what people may reach.
fn pages<'i>(instance: &'i Instance<'_>) -> impl Iterator<Item = &'i str> {
    let offers = entries(instance, "offers").iter().filter(|offer| offer.node.get("edge").is_some());
    offers.map(|offer| offer.node.text("interface"))
}

fn takes_pages(one: &Instance<'_>) -> bool {
    entries(one, "needs").iter().any(|need| wire::flag(&need.node, "edges"))
}

fn named<'i>(instance: &'i Instance<'_>, list: &str) -> impl Iterator<Item = &'i str> {
    entries(instance, list).iter().map(|entry| entry.node.text("interface"))
}

fn entries<'i>(instance: &'i Instance<'_>, list: &str) -> &'i [Entry] {
    section(&instance.component.manifest, list)
}
