//! Who stands between people and a page: workloads that front an offer in, the edge moved from the offer's workload to them out.

use std::sync::Arc;

use super::{Connection, Interface, Offer, Workload};
use crate::node::{Data, Node};

/// Every offer of the other components that people reach.
pub(super) fn pages(interfaces: &[Interface<'_>], index: usize) -> Vec<Offer> {
    let offers = interfaces.iter().flat_map(|interface| &interface.offers);
    offers.filter(|offer| offer.instance != index && !offer.node.text("edge").is_empty()).cloned().collect()
}

/// The needs that a workload has; of the one with what it fronts, only that offer.
pub(super) fn asks(workload: &Node) -> Vec<(&Arc<Node>, Option<&str>)> {
    let needs = workload.get("needs").map_or(&[][..], |needs| needs.items()).iter().map(|need| (need, None));
    needs.chain(front(workload).map(|(need, offer)| (need, offer.as_str()))).collect()
}

fn front(workload: &Node) -> Option<(&Arc<Node>, &Arc<Node>)> {
    let fronts = workload.get("fronts")?;
    Some((fronts.get("need")?, fronts.get("offer")?))
}

/// Whether one component stands before two pages that have one edge: who checks edges tells it.
pub(super) fn share(first: &Workload, second: &Workload) -> bool {
    first.instance == second.instance && [first, second].iter().all(|workload| front(&workload.node).is_some())
}

pub(super) fn is_called(offer: &Offer, interfaces: &[Interface<'_>], name: &str) -> bool {
    offer.job(&interfaces[offer.instance].instance.name).as_str() == Some(name)
}

/// People reach what is fronted on the same port of who fronts it, and there alone.
pub(super) fn place(workloads: &mut [Workload], connections: &[Connection]) {
    for connection in connections {
        let own = &workloads[connection.from];
        if front(&own.node).is_none_or(|(need, _)| need.as_str() != Some(connection.need_name.as_str())) {
            continue;
        }
        let door = Offer { instance: own.instance, role: own.role.clone(), host: None, ..connection.offer.clone() };
        workloads[connection.from].offers.push(door);
        let behind =
            workloads[connection.to].offers.iter_mut().filter(|offer| offer.name.as_str() == connection.offer.name.as_str());
        behind.for_each(|offer| offer.node = without_edge(&offer.node));
    }
}

fn without_edge(offer: &Node) -> Arc<Node> {
    let rest = offer.entries().iter().filter(|entry| &*entry.key != "edge").cloned().collect();
    Arc::new(Node { data: Data::Map(rest), origin: offer.origin.clone() })
}
