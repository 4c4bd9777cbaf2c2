//! What holds within a policy of the network: what is left out lies within what is named, a range of ports goes upwards.

use std::net::IpAddr;

use super::{Rules, items, text};
use crate::structural::Path;
use crate::yaml::{Data, Yaml};

pub(super) fn policy(rules: &mut Rules<'_>) {
    let object = rules.object;
    let Some(spec) = object.root.get("spec") else { return };
    let path = object.path.field("spec");
    for (way, peers) in [("ingress", "from"), ("egress", "to")] {
        let list = path.field(way);
        for (at, rule) in items(spec, way).iter().enumerate() {
            let rule_path = list.item(at);
            let (peers_path, ports_path) = (rule_path.field(peers), rule_path.field("ports"));
            for (at, peer) in items(rule, peers).iter().enumerate() {
                let peer_path = peers_path.item(at);
                if let Some(block) = peer.get("ipBlock") {
                    left_out(block, &peer_path.field("ipBlock"), rules);
                }
            }
            items(rule, "ports").iter().enumerate().for_each(|(at, port)| range(port, &ports_path.item(at), rules));
        }
    }
}

/// An address as a number, and how many of its bits count; whether it is one at all is told by its form.
fn block(text: &str) -> Option<(bool, u128, u32)> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => Some((true, u128::from(u32::from(address)) << 96, length.min(32))),
        IpAddr::V6(address) => Some((false, u128::from(address), length.min(128))),
    }
}

fn left_out(yaml: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let Some((cidr, whole)) = text(yaml, "cidr").and_then(|cidr| Some((cidr, block(cidr)?))) else { return };
    let list = path.field("except");
    for (at, except) in items(yaml, "except").iter().enumerate() {
        let Some(part) = except.as_str().and_then(block) else { continue };
        let begins_alike = whole.2 == 0 || (part.1 ^ whole.1) >> (128 - whole.2) == 0;
        if part.0 != whole.0 || part.2 <= whole.2 || !begins_alike {
            let message = format!("{} is no part of {cidr}", except.as_str().unwrap_or_default());
            rules.broken(message, except.mark, "left out here", &list.item(at));
        }
    }
}

fn range(port: &Yaml<'_>, path: &Path<'_>, rules: &mut Rules<'_>) {
    let number = |name: &str| port.get(name)?.to_int();
    let Some(end) = port.get("endPort").filter(|end| end.data != Data::Null) else { return };
    let message = match (number("port"), number("endPort")) {
        (Some(first), Some(last)) if last < first => format!("the range of ports ends at {last}, before it begins at {first}"),
        (None, _) => "a range of ports begins at a number: `port` is none".to_owned(),
        _ => return,
    };
    rules.broken(message, end.mark, "its end", &path.field("endPort"));
}
