//! What is wrong with a graph whose needs are all met: names and pages that two have, names that are too long, a platform on which
//! nothing runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Interface, Offer, Secret, Workload, front};
use crate::diagnostic::{Code, Diagnostics};
use crate::lakehouse::{Instance, Lakehouse};
use crate::node::Node;
use crate::source::Span;

/// The files of a platform on which nothing runs would be ones that no program takes.
pub(super) fn something_runs(lakehouse: &Lakehouse<'_>, workloads: &[Workload], diags: &mut Diagnostics) {
    if workloads.iter().any(|workload| workload.is_own()) {
        return;
    }
    let off = lakehouse.instances.iter().filter(|instance| !instance.is_enabled);
    let switches: Vec<Span> = off.filter_map(|instance| instance.options.get("enabled")?.span()).collect();
    let why = if switches.is_empty() { "no component here runs anything" } else { "every component is off" };
    let diagnostic = diags.error(Code::NothingToBuild, format!("nothing to build: {why}"));
    for switch in &switches {
        diagnostic.at(switch, "switched off here");
    }
    if switches.is_empty() {
        diagnostic.at_some(lakehouse.about.key_span(), "in this lakehouse");
    }
    diagnostic.help("switch one on, or add one: [components.<name>]");
}

/// What stands in for a component must be able to, and whoever talks to it must be let in.
pub(super) fn external(interfaces: &[Interface<'_>], secrets: &[Secret], diags: &mut Diagnostics) {
    for interface in interfaces {
        let Some(external) = interface.instance.options.get("external") else { continue };
        let name = interface.instance.name.as_str().unwrap_or_default();
        let has_no_key = |secret: &Secret| secret.component.as_str() == Some(name) && secret.name.as_str() == Some("");
        let (message, help) = if interface.offers.is_empty() {
            (format!("nothing of somebody else's can stand in for {name}"), "run it, or leave it out: enabled = false")
        } else if secrets.iter().any(has_no_key) {
            (format!("nobody is let into what stands in for {name}: it has no secret"), "say secret = \"<name>\" beside the host")
        } else {
            continue;
        };
        diags.error(Code::CannotStandIn, message).at_some(external.key_span(), "said here").help(help);
    }
}

pub(super) fn names(workloads: &[Workload], diags: &mut Diagnostics) {
    let mut seen: BTreeMap<(&str, &str), &Workload> = BTreeMap::new();
    for workload in workloads {
        let place = (workload.namespace.as_str().unwrap_or_default(), workload.name.as_str());
        if let Some(first) = seen.insert(place, workload).filter(|first| !front::share(first, workload)) {
            let diagnostic = diags.error(Code::NameClash, format!("two workloads of one namespace are called {}", workload.name));
            diagnostic.at_some(workload.component.key_span(), "the second").at_some(first.component.key_span(), "the first");
        }
    }
}

/// Kubernetes adds to the names it is given: `-peers`, `-metrics`, a revision of eleven characters.
const LONGEST_NAME: usize = 52;

pub(super) fn lengths(workloads: &[Workload], diags: &mut Diagnostics) {
    let is_long = |workload: &&Workload| workload.is_own() && workload.name.len() > LONGEST_NAME;
    for workload in workloads.iter().filter(is_long) {
        let message = format!("{} has {} characters, and {LONGEST_NAME} is the most", workload.name, workload.name.len());
        let diagnostic = diags.error(Code::LongName, message);
        diagnostic.at_some(workload.component.key_span(), "named after this component").help("shorten what it is made of");
    }
}

/// Two pages that people would reach at one place, and two that stand before one page.
pub(super) fn edges(workloads: &[Workload], interfaces: &[Interface<'_>], diags: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, &Offer> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for offer in workloads.iter().flat_map(|workload| &workload.offers).filter(|offer| !offer.node.text("edge").is_empty()) {
        // Where a mode tells the whole address, two edges may still share it: as a port of one machine, say.
        let urls = interfaces[offer.page].scope.node("urls");
        let url = urls.and_then(|urls| urls.get(offer.name.as_str().unwrap_or_default())).and_then(|url| url.as_str());
        let edge = url.unwrap_or_else(|| offer.node.text("edge"));
        let first = *seen.entry(edge).or_insert(offer);
        if Arc::ptr_eq(&first.node, &offer.node) {
            // A page is there once for each workload that answers, and one component may stand before many.
            if first.instance != offer.instance && told.insert((first.instance, offer.instance)) {
                two_fronts([first.instance, offer.instance].map(|index| &interfaces[index].instance.name), diags);
            }
            continue;
        }
        two_pages([first, offer], edge, [first.page, offer.page].map(|index| interfaces[index].instance), diags);
    }
}

fn two_fronts([first, second]: [&Arc<Node>; 2], diags: &mut Diagnostics) {
    let names = [first, second].map(|name| name.as_str().unwrap_or_default());
    let diagnostic =
        diags.error(Code::EdgeClash, format!("{} and {} would both stand before the same pages", names[0], names[1]));
    diagnostic.at_some(second.key_span(), "the second").at_some(first.key_span(), "the first").help("leave one of them out");
}

fn two_pages(offers: [&Offer; 2], edge: &str, [first, second]: [&Instance<'_>; 2], diags: &mut Diagnostics) {
    let names = [first, second].map(|instance| instance.name.as_str().unwrap_or_default());
    let message = format!("{} and {} would both be reached as {edge}", names[0], names[1]);
    let diagnostic = diags.error(Code::EdgeClash, message);
    diagnostic.at_some(second.name.key_span(), "the second").at_some(first.name.key_span(), "the first");
    let is_port = offers[0].node.text("edge") != offers[1].node.text("edge");
    diagnostic.help(match second.options.get("edge") {
        _ if is_port => "here people reach both by one port of one machine: leave one of them out of this mode".to_owned(),
        Some(_) => format!("say how people reach one of them: components.{0}.edge = \"{0}\"", names[1]),
        None => "give one of them another edge in its component.toml".to_owned(),
    });
}
