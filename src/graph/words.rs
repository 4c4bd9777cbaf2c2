//! What one workload says, held against itself: it has what it uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::front;
use crate::diagnostic::{Code, Diagnostics};
use crate::node::{Data, Entry, Node, Origin};

pub(super) fn check(workload: &Node, own: &str, needs: &Node, diags: &mut Diagnostics) {
    check_variables(workload, diags);
    check_reads(workload, own, needs, diags);
}

/// Some modes make a variable of a secret's file just before the program starts: they must know the program.
fn check_variables(workload: &Node, diags: &mut Diagnostics) {
    let env = workload.get("env").map_or(&[][..], |env| env.entries());
    let Some(secret) = env.iter().find(|variable| variable.node.get("secret").is_some()) else { return };
    if workload.get("entrypoint").is_none_or(|entrypoint| entrypoint.items().is_empty()) {
        let message = format!("{} is a secret's value, and the workload has no entrypoint", secret.key);
        let diagnostic = diags.error(Code::MissingKey, message).at_some(secret.node.span(), "this variable");
        diagnostic.help("say the whole program: entrypoint: [/usr/bin/program], with its words in args");
    }
}

/// Whoever uses what a need tells must have the need: its connections, networks and policies follow from that list. Who only
/// tells others of it says so too.
fn check_reads(workload: &Node, own: &str, needs: &Node, diags: &mut Diagnostics) {
    let lists = |list: &str, name: &str| {
        workload.get(list).is_some_and(|list| list.items().iter().any(|need| need.as_str() == Some(name)))
    };
    let asks = |name: &str| front::asks(workload).iter().any(|(need, _)| need.as_str() == Some(name));
    let has = |name: &str| asks(name) || lists("knows", name);
    let missing: Vec<&Entry> = needs.entries().iter().filter(|need| !has(&need.key)).collect();
    // Who says its own address needs nobody.
    let missing: Vec<&Entry> = missing.into_iter().filter(|need| need.node.text("workload") != own).collect();
    let had: Vec<*const Node> = needs.entries().iter().filter(|need| has(&need.key)).flat_map(hosts).collect();
    let strange = |need: &&Entry| hosts(need).iter().any(|host| !had.contains(host));
    if missing.iter().any(strange) {
        let mut reads = Reads::default();
        reads.tree(workload);
        for need in missing.into_iter().filter(strange) {
            if let Some(place) = hosts(need).iter().find_map(|host| reads.places.get(host)) {
                let message = format!("the workload uses needs.{0}, and does not have the need {0}", need.key);
                let diagnostic = diags.error(Code::Dangling, message).at_some(place.span(), "used here");
                diagnostic.help(format!("add {} to its list `needs`", need.key));
            }
        }
    }
}

/// The nodes that tell where a need is met: no other need has the same.
fn hosts(need: &Entry) -> Vec<*const Node> {
    let one = |told: &Node| told.get("host").map(Arc::as_ptr);
    one(&need.node).into_iter().chain(need.node.items().iter().filter_map(|told| one(told))).collect()
}

/// What the values of a tree were made of, each with one of these values: its place is looked up only if it is told.
#[derive(Default)]
struct Reads<'n> {
    places: BTreeMap<*const Node, &'n Node>,
}

impl<'n> Reads<'n> {
    fn tree(&mut self, node: &'n Node) {
        match &node.data {
            Data::Seq(items) => items.iter().for_each(|item| self.tree(item)),
            Data::Map(entries) => entries.iter().for_each(|entry| self.tree(&entry.node)),
            _ => self.origin(node, node),
        }
    }

    fn origin(&mut self, node: &Node, place: &'n Node) {
        let from = match &node.origin {
            Origin::Template { from: Some(from), .. } | Origin::Derived { from, .. } => from,
            _ => return,
        };
        for node in from.iter() {
            if self.places.insert(Arc::as_ptr(node), place).is_none() {
                self.origin(node, place);
            }
        }
    }
}
