//! What each component can say before anybody knows whom it meets: how much it wants of others, how much others want of it,
//! and what it works out of that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{section, wanted};
use crate::lakehouse::{Instance, Lakehouse};
use crate::layers;
use crate::node::{Data, Entry, Node, Number};
use crate::render::{Failure, Scope};

/// A component that is on, with what its templates see of it.
pub(super) struct Stated<'a> {
    pub instance: &'a Instance<'a>,
    pub scope: Scope,
    wants: Vec<Want>,
}

/// One need, with how much it wants of whoever meets it.
struct Want {
    need: Arc<str>,
    interface: String,
    amounts: Arc<Node>,
}

/// Each amount that is wanted, with what it is the sum of.
type Sums<'s> = BTreeMap<&'s str, (i128, Vec<Arc<Node>>)>;

pub(super) fn all<'a>(lakehouse: &'a Lakehouse<'_>, scope: &Scope) -> Result<Vec<Stated<'a>>, Failure> {
    let instances = lakehouse.instances.iter().filter(|instance| instance.is_enabled);
    let mut all: Vec<Stated<'a>> = instances.map(|instance| first(lakehouse, instance, scope)).collect::<Result<_, _>>()?;
    // Who is there decides how much is wanted.
    let there = lakehouse.instances.iter().filter_map(|other| other.options.get("enabled").cloned());
    let there = Node::derived("who is there", Data::Seq(Vec::new()), there.collect::<Vec<_>>());
    let wants: Vec<(&Stated<'_>, &Want)> = all.iter().flat_map(|one| one.wants.iter().map(move |want| (one, want))).collect();
    let wanted: Vec<Arc<Node>> = all.iter().map(|one| sums(one, &wants, &there)).collect();
    for (one, wanted) in all.iter_mut().zip(&wanted) {
        one.scope = one.scope.with("wanted", wanted);
        one.scope = derived(lakehouse, one)?;
    }
    Ok(all)
}

fn first<'a>(lakehouse: &'a Lakehouse<'_>, instance: &'a Instance<'a>, scope: &Scope) -> Result<Stated<'a>, Failure> {
    let manifest = &instance.component.manifest;
    let or_nothing = |key: &str| manifest.get(key).cloned().unwrap_or_else(layers::nothing);
    let scope = scope.with("name", &instance.name).with("options", &instance.options);
    let scope = scope.with("facts", &or_nothing("facts")).with("group", &or_nothing("namespace"));
    let asking = if instance.options.get("external").is_some() { &[][..] } else { section(manifest, "needs") };
    let asking: Vec<Entry> = asking.iter().filter(|need| need.node.get("wants").is_some()).cloned().collect();
    let mut wants = Vec::new();
    for need in wanted(lakehouse, &asking, &scope, &mut Vec::new())? {
        let amounts = need.node.get("wants").cloned().unwrap_or_else(layers::nothing);
        let amounts = lakehouse.catalog.engine.fill(&amounts, &scope)?;
        wants.push(Want { need: need.key.clone(), interface: need.node.text("interface").to_owned(), amounts });
    }
    let own = wants.iter().map(|want| Entry { key: want.need.clone(), node: want.amounts.clone() }).collect();
    let scope = scope.with("wants", &Node::derived("what it wants", Data::Map(own), []));
    Ok(Stated { instance, scope, wants })
}

/// By interface, how much all others want of a component together: those whom it may meet, or who have chosen it.
fn sums(one: &Stated<'_>, wants: &[(&Stated<'_>, &Want)], there: &Arc<Node>) -> Arc<Node> {
    let mut by_interface: BTreeMap<&str, Sums<'_>> = BTreeMap::new();
    for (other, want) in wants {
        let chosen = other.instance.options.get("uses").and_then(|uses| uses.get(&want.need));
        if chosen.is_some_and(|chosen| chosen.as_str() != one.instance.name.as_str()) {
            continue;
        }
        for amount in want.amounts.entries() {
            let sums = by_interface.entry(&want.interface).or_default();
            let (sum, from) = sums.entry(&amount.key).or_insert_with(|| (0, vec![there.clone()]));
            *sum += amount.node.as_int().unwrap_or_default();
            from.extend(std::iter::once(amount.node.clone()).chain(chosen.cloned()));
        }
    }
    let sum = |(key, (sum, from)): (&str, (i128, Vec<Arc<Node>>))| Entry {
        key: key.into(),
        node: Node::derived("the sum of what others want", Data::Number(Number::Int(sum)), from),
    };
    let interface = |(interface, sums): (&str, Sums<'_>)| Entry {
        key: interface.into(),
        node: Node::derived("what others want", Data::Map(sums.into_iter().map(sum).collect()), [there.clone()]),
    };
    Node::derived("what others want", Data::Map(by_interface.into_iter().map(interface).collect()), [there.clone()])
}

/// What it works out, each line in the light of those before.
fn derived(lakehouse: &Lakehouse<'_>, one: &Stated<'_>) -> Result<Scope, Failure> {
    let mut worked_out: Vec<Entry> = Vec::new();
    let mut scope = one.scope.with("derived", &layers::nothing());
    for entry in section(&one.instance.component.manifest, "derived") {
        let node = lakehouse.catalog.engine.fill(&entry.node, &scope)?;
        worked_out.push(Entry { key: entry.key.clone(), node });
        scope = one.scope.with("derived", &Node::derived("what it works out", Data::Map(worked_out.clone()), []));
    }
    Ok(scope)
}
