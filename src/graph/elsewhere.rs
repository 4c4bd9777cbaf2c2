//! What runs elsewhere in, what must be there before it is used out: what its offers expect, and what others ask of it that
//! nothing here makes there.

use std::sync::Arc;

use super::wire::{Asked, flag};
use super::{Connection, Interface, Offer, Workload};
use crate::diagnostic::{Code, Diagnostics};
use crate::node::{Data, Node};

pub(super) fn expect(
    workloads: &mut [Workload],
    connections: &[Connection],
    interfaces: &[Interface<'_>],
    asked: &Asked,
    diags: &mut Diagnostics,
) {
    for workload in workloads.iter_mut().filter(|workload| workload.kind() == "outside") {
        let mut used: Vec<&Offer> = Vec::new();
        for offer in workload.takes.iter().map(|index| &connections[*index].offer) {
            if !used.iter().any(|other| other.name.as_str() == offer.name.as_str()) {
                used.push(offer);
            }
        }
        let said = used.iter().filter_map(|offer| offer.node.get("expects")).flat_map(|expects| expects.items());
        workload.expects = said.filter(|words| words.as_str() != Some("")).cloned().collect();
        let is_used = |ask: &&Arc<Node>| used.iter().any(|offer| offer.name.as_str() == Some(ask.text("offer")));
        for ask in asked[workload.instance].iter().filter(is_used).filter(|ask| !flag(ask, "optional")) {
            let asks = sentence(ask);
            tell(&asks, &interfaces[workload.instance], diags);
            workload.expects.push(asks);
        }
    }
}

/// `wiki asks for database wiki, user wiki`, from everything that was asked.
fn sentence(ask: &Arc<Node>) -> Arc<Node> {
    let asks = ask.entries().iter().filter(|entry| !matches!(&*entry.key, "by" | "offer" | "optional"));
    let asks: Vec<String> = asks.map(|entry| format!("{} {}", entry.key, entry.node.as_str().unwrap_or_default())).collect();
    let text = format!("{} asks for {}", ask.text("by"), asks.join(", "));
    Node::derived("what is asked of it", Data::from(text.as_str()), [ask.clone()])
}

fn tell(asks: &Node, interface: &Interface<'_>, diags: &mut Diagnostics) {
    let name = interface.instance.name.as_str().unwrap_or_default();
    let message = format!("{}, and nobody makes it in what stands in for {name}", asks.as_str().unwrap_or_default());
    let diagnostic = diags.note(Code::AskedElsewhere, message);
    let external = interface.instance.options.get("external").and_then(|external| external.key_span());
    diagnostic.at_some(external, "said here").help("have it made there before the first start");
}
