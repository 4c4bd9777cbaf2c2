//! The network in, the list of its connections out: as text, as JSON, as a picture.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::addresses::Range;
use super::decide::{Network, Why};
use super::policy::Way;
use super::ports::Traffic;

/// What may go from one workload, or from some addresses, to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    pub from: String,
    pub to: String,
    pub traffic: Traffic,
    pub because: Vec<Why>,
}

/// Which connections are wanted.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// Titles, names, or an address.
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// With who decides, and also where nothing passes.
    pub is_explained: bool,
}

/// Every connection, in order of its names.
pub fn connections(network: &Network<'_>, ends: &Ends) -> Vec<Connection> {
    let titles: Vec<String> = network.workloads.iter().map(super::Pod::title).collect();
    let (from, to) = (wanted(network, &titles, &ends.from), wanted(network, &titles, &ends.to));
    let mut found = Vec::new();
    for (a, from) in from.iter().enumerate().filter(|(_, from)| !from.is_empty()) {
        for (b, to) in to.iter().enumerate().filter(|(_, to)| !to.is_empty()) {
            if a < network.groups.len() || b < network.groups.len() {
                pair(network, (a, from), (b, to), ends.is_explained, &titles, &mut found);
            }
        }
    }
    let mut found = together(found);
    found.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    found
}

/// Names that were asked for, and that mean nothing here.
pub fn strangers<'e>(network: &Network<'_>, ends: &'e Ends) -> Vec<&'e String> {
    let titles: Vec<String> = network.workloads.iter().map(super::Pod::title).collect();
    let is_known = |name: &&String| range(name).is_none() && !titles.iter().any(|title| is_named(title, name));
    ends.from.iter().chain(&ends.to).filter(is_known).collect()
}

/// Of each end, the workloads or ranges that are asked for, by their numbers.
fn wanted(network: &Network<'_>, titles: &[String], names: &[String]) -> Vec<Vec<usize>> {
    let is_wanted = |pod: &usize| names.is_empty() || names.iter().any(|name| is_named(&titles[*pod], name));
    let groups = network.groups.iter();
    let groups = groups.map(|group| group.iter().copied().filter(is_wanted).collect());
    let has_address =
        |range: &Range| names.is_empty() || names.iter().filter_map(|name| self::range(name)).any(|asked| range.meets(&asked));
    let ranges = network.ranges.iter().enumerate().map(|(number, range)| if has_address(range) { vec![number] } else { vec![] });
    groups.chain(ranges).collect()
}

/// `namespace/name[Kind]`, with or without its kind, or its name alone.
fn is_named(title: &str, name: &str) -> bool {
    let bare = title.split('[').next().unwrap_or_default();
    name == title || name == bare || bare.split_once('/').is_some_and(|(_, short)| short == name)
}

fn range(name: &str) -> Option<Range> {
    Range::one(name).or_else(|| Range::parse(name)).or_else(|| Range::span(name))
}

/// A connection with the range at one of its ends.
type Found = (Connection, Option<Range>);

fn pair(
    network: &Network<'_>,
    (a, from): (usize, &[usize]),
    (b, to): (usize, &[usize]),
    is_explained: bool,
    titles: &[String],
    found: &mut Vec<Found>,
) {
    let mut because = Vec::new();
    let traffic = match is_explained {
        true => network.explained(a, b, &mut |why| because.push(why)),
        false => network.allowed(a, b),
    };
    because.retain(|why| !why.traffic.is_empty());
    if traffic.is_empty() && !is_explained {
        return;
    }
    let range = |end: usize| end.checked_sub(network.groups.len()).map(|number| network.ranges[number]);
    let title = |end: usize, number: usize| range(end).map_or_else(|| titles[number].clone(), |range| range.to_string());
    for x in from {
        // A pod that is alone has nobody of its own to talk to.
        for y in to.iter().filter(|y| a != b || x != *y || network.workloads[*x].is_many) {
            let connection =
                Connection { from: title(a, *x), to: title(b, *y), traffic: traffic.clone(), because: because.clone() };
            found.push((connection, range(a).or(range(b))));
        }
    }
}

/// Ranges side by side with the same traffic for the same reasons are one.
fn together(found: Vec<Found>) -> Vec<Connection> {
    let mut done: Vec<Connection> = Vec::new();
    let mut open: BTreeMap<(String, bool), Vec<Found>> = BTreeMap::new();
    for (connection, range) in found {
        let Some(range) = range else {
            done.push(connection);
            continue;
        };
        let is_from = connection.from == range.to_string();
        let other = if is_from { &connection.to } else { &connection.from };
        let list = open.entry((other.clone(), is_from)).or_default();
        match list.last_mut() {
            Some((before, Some(known)))
                if (&before.traffic, &before.because) == (&connection.traffic, &connection.because)
                    && known.with(range).is_some() =>
            {
                *known = known.with(range).unwrap_or(*known);
                *(if is_from { &mut before.from } else { &mut before.to }) = known.to_string();
            }
            _ => list.push((connection, Some(range))),
        }
    }
    done.extend(open.into_values().flatten().map(|(connection, _)| connection));
    done
}

/// `SRC => DST : CONN`, one a line, and below it who decides where that is asked.
pub fn text(network: &Network<'_>, connections: &[Connection]) -> String {
    let mut out = String::new();
    for Connection { from, to, traffic, because } in connections {
        let _ = writeln!(out, "{from} => {to} : {traffic}");
        for why in because {
            let end = if why.way == Way::Egress { from } else { to };
            let verb = if why.passes { "allows" } else { "denies" };
            let _ = writeln!(out, "  {} of {end}: {} {verb} {}", why.way.name(), who(network, why), why.traffic);
        }
    }
    out
}

fn who(network: &Network<'_>, why: &Why) -> String {
    let name = |policy: &usize| {
        let policy = &network.facts.policies[*policy];
        let place = policy.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
        format!("{} {place}{}", policy.kind, policy.name)
    };
    match why.policies.as_slice() {
        [] => "no policy".to_owned(),
        [one] => name(one),
        // Each of them alone would do.
        many => many.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

pub fn to_json(network: &Network<'_>, connections: &[Connection], is_explained: bool) -> String {
    let traffic = |traffic: &Traffic| match traffic.is_all() {
        true => json!("all"),
        false => traffic.parts().map(|(protocol, ports)| (protocol.name().to_owned(), json!(ports))).collect(),
    };
    let why = |why: &Why| {
        let (way, policy) = (why.way.name(), who(network, why));
        json!({ "way": way, "policy": policy, "passes": why.passes, "traffic": traffic(&why.traffic) })
    };
    let rows = connections.iter().map(|connection| {
        let mut row = json!({ "from": connection.from, "to": connection.to, "allowed": traffic(&connection.traffic) });
        if is_explained {
            row["because"] = connection.because.iter().map(why).collect();
        }
        row
    });
    let rows: Vec<Value> = rows.collect();
    format!("{:#}\n", json!({ "connections": rows }))
}

/// A flowchart: a box for each end, an arrow for each connection.
pub fn mermaid(connections: &[Connection]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = "flowchart LR\n".to_owned();
    for name in connections.iter().flat_map(|connection| [&connection.from, &connection.to]) {
        let number = numbers.len();
        if *numbers.entry(name).or_insert(number) == number {
            let _ = writeln!(out, "  e{number}[\"{}\"]", name.replace('"', "#quot;"));
        }
    }
    for connection in connections.iter().filter(|connection| !connection.traffic.is_empty()) {
        let (from, to) = (numbers[connection.from.as_str()], numbers[connection.to.as_str()]);
        let _ = writeln!(out, "  e{from} -->|\"{}\"| e{to}", connection.traffic);
    }
    out
}
