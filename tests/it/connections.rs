//! Who may talk to whom, as `lakegen connections` says it: against what the graph draws, and against a second evaluator.
//!
//! The second one asks the policies about one connection after another, as an engine does with a packet; it reads the objects
//! themselves and shares nothing with the first. Both are given the same random policies.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use lakegen::catalog;
use lakegen::check::{self, Admission, Kinds, Minor, Options, Tables, World};
use lakegen::diagnostic::Diagnostics;
use lakegen::graph::{self, Graph};
use lakegen::host::Memory;
use lakegen::inputs::Inputs;
use lakegen::lakehouse::{self, Input};
use lakegen::network::{self, Connection, Ends, Facts, Network, Protocol, Range, Traffic};
use serde_json::{Value, json};

use crate::compiled::{self, CATALOG, OWN, PROFILES};

/// What the validator keeps of some objects.
fn facts(objects: &[Value]) -> Facts {
    let host = Memory::new();
    let text: Vec<String> = objects.iter().map(ToString::to_string).collect();
    host.put("all.yaml", text.join("\n---\n").into_bytes());
    let mut diags = Diagnostics::default();
    let inputs = Inputs::gather(&host, &["all.yaml".into()], &|_| unreachable!(), &mut diags).expect("the file is there");
    let (kinds, tables) = (Kinds::of(Minor::DEFAULT), Tables::load());
    let options = Options::reading();
    let index = check::index(
        &World { options: &options, kinds: &kinds, tables, inputs: &inputs, admission: &Admission::default() },
        &mut diags,
    );
    assert!(diags.is_empty(), "{:?}", compiled::told(&diags));
    index.network
}

fn connections(objects: &[Value]) -> Vec<Connection> {
    network::connections(&Network::of(&facts(objects)), &Ends::default())
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn of<'o, T: ?Sized>(&mut self, some: &[&'o T]) -> &'o T {
        some[self.below(some.len())]
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn list(&mut self, most: usize, mut one: impl FnMut(&mut Dice) -> Value) -> Value {
        let count = self.below(most) + 1;
        (0..count).map(|_| one(self)).collect()
    }
}

const SPACES: [&str; 3] = ["shop", "data", "infra"];
const APPS: [&str; 4] = ["web", "api", "db", "job"];
const TIERS: [&str; 2] = ["front", "back"];
const NAMES: [&str; 3] = ["http", "sql", "metrics"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const BLOCKS: [&str; 6] = ["0.0.0.0/0", "203.0.113.0/24", "203.0.113.64/26", "198.51.100.7/32", "203.0.0.0/16", "128.0.0.0/1"];

fn pods(dice: &mut Dice) -> Vec<Value> {
    let mut objects: Vec<Value> = SPACES
        .iter()
        .map(|name| {
            let labels = if dice.is(2) { json!({ "team": dice.of(&APPS) }) } else { json!({}) };
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
        })
        .collect();
    for number in 0..7 {
        let mut labels = json!({ "app": dice.of(&APPS) });
        if dice.is(2) {
            labels["tier"] = json!(dice.of(&TIERS));
        }
        let port = |dice: &mut Dice| json!({ "name": dice.of(&NAMES), "containerPort": 80 + dice.below(4), "protocol": dice.of(&PROTOCOLS[..2]) });
        let ports = dice.list(2, port);
        let meta = json!({ "name": format!("p{number}"), "namespace": dice.of(&SPACES), "labels": labels });
        let spec = json!({ "containers": [{ "name": "c", "image": "i", "ports": ports }] });
        objects.push(json!({ "apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec }));
    }
    objects
}

fn selector(dice: &mut Dice, key: &str, values: &[&str]) -> Value {
    let mut selector = json!({});
    match dice.below(5) {
        0 => {}
        1 => selector["matchLabels"] = json!({ key: dice.of(values) }),
        _ => {
            let operator = dice.of(&["In", "NotIn", "Exists", "DoesNotExist"]);
            let mut term = json!({ "key": key, "operator": operator });
            if operator.contains("In") {
                term["values"] = dice.list(2, |dice| json!(dice.of(values)));
            }
            selector["matchExpressions"] = json!([term]);
        }
    }
    selector
}

fn pod_selector(dice: &mut Dice) -> Value {
    if dice.is(3) { selector(dice, "tier", &TIERS) } else { selector(dice, "app", &APPS) }
}

fn space_selector(dice: &mut Dice) -> Value {
    if dice.is(3) { selector(dice, "kubernetes.io/metadata.name", &SPACES) } else { selector(dice, "team", &APPS) }
}

fn peer(dice: &mut Dice) -> Value {
    match dice.below(4) {
        0 => {
            let mut block = json!({ "cidr": dice.of(&BLOCKS) });
            if dice.is(2) {
                block["except"] = dice.list(2, |dice| json!(dice.of(&BLOCKS[1..])));
            }
            json!({ "ipBlock": block })
        }
        1 => json!({ "podSelector": pod_selector(dice) }),
        2 => json!({ "namespaceSelector": space_selector(dice) }),
        _ => json!({ "namespaceSelector": space_selector(dice), "podSelector": pod_selector(dice) }),
    }
}

fn port(dice: &mut Dice) -> Value {
    let mut port = json!({});
    if !dice.is(3) {
        port["protocol"] = json!(dice.of(&PROTOCOLS));
    }
    match dice.below(4) {
        0 => {}
        1 => port["port"] = json!(dice.of(&NAMES)),
        2 => port["port"] = json!(80 + dice.below(4)),
        _ => {
            port["port"] = json!(80 + dice.below(3));
            port["endPort"] = json!(82 + dice.below(3));
        }
    }
    port
}

fn policy(dice: &mut Dice, number: usize) -> Value {
    let mut spec = json!({ "podSelector": pod_selector(dice) });
    for (way, end) in [("ingress", "from"), ("egress", "to")] {
        if dice.is(3) {
            continue;
        }
        spec[way] = dice.list(2, |dice| {
            let mut rule = json!({});
            if !dice.is(4) {
                rule[end] = dice.list(2, peer);
            }
            if !dice.is(3) {
                rule["ports"] = dice.list(2, port);
            }
            rule
        });
    }
    match dice.below(5) {
        0 => spec["policyTypes"] = json!(["Ingress"]),
        1 => spec["policyTypes"] = json!(["Egress"]),
        2 => spec["policyTypes"] = json!(["Ingress", "Egress"]),
        _ => {}
    }
    let meta = json!({ "name": format!("n{number}"), "namespace": dice.of(&SPACES) });
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec })
}

fn cluster_end(dice: &mut Dice) -> Value {
    match dice.is(2) {
        true => json!({ "namespaces": space_selector(dice) }),
        false => json!({ "pods": { "namespaceSelector": space_selector(dice), "podSelector": pod_selector(dice) } }),
    }
}

fn cluster_port(dice: &mut Dice) -> Value {
    let first = 80 + dice.below(3);
    let protocol = dice.of(&["tcp", "udp", "sctp"]);
    match dice.below(4) {
        0 => json!({ "destinationNamedPort": dice.of(&NAMES) }),
        1 => json!({ protocol: {} }),
        2 => json!({ protocol: { "destinationPort": { "number": first } } }),
        _ => json!({ protocol: { "destinationPort": { "range": { "start": first, "end": first + 1 } } } }),
    }
}

fn cluster_policy(dice: &mut Dice, number: usize) -> Value {
    let mut spec = json!({ "tier": dice.of(&["Admin", "Baseline"]), "priority": number, "subject": cluster_end(dice) });
    for (way, end) in [("ingress", "from"), ("egress", "to")] {
        spec[way] = dice.list(2, |dice| {
            let is_net = way == "egress" && dice.is(3);
            let one =
                if is_net { json!({ "networks": dice.list(2, |dice| json!(dice.of(&BLOCKS))) }) } else { cluster_end(dice) };
            let mut rule = json!({ "action": dice.of(&["Accept", "Deny", "Pass"]), end: [one] });
            if !dice.is(3) {
                rule["protocols"] = dice.list(2, cluster_port);
            }
            rule
        });
    }
    let meta = json!({ "name": format!("c{number}") });
    json!({ "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": meta, "spec": spec })
}

/// One packet: from and to are pods or addresses.
struct Packet<'p> {
    from: End<'p>,
    to: End<'p>,
    protocol: &'p str,
    port: u64,
}

#[derive(Clone, Copy)]
enum End<'p> {
    Pod { pod: &'p Value, space: &'p Value },
    Address(Ipv4Addr),
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let exact = selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let terms = selector["matchExpressions"].as_array().into_iter().flatten();
    exact
        && terms.into_iter().all(|term| {
            let value = labels.get(term["key"].as_str().unwrap());
            let listed = value.is_some_and(|value| term["values"].as_array().is_some_and(|values| values.contains(value)));
            match term["operator"].as_str().unwrap() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

fn space_labels(space: &Value) -> Value {
    let mut labels = space["metadata"]["labels"].clone();
    labels["kubernetes.io/metadata.name"] = space["metadata"]["name"].clone();
    labels
}

fn in_block(cidr: &Value, address: Ipv4Addr) -> bool {
    let (base, length) = cidr.as_str().unwrap().split_once('/').unwrap();
    let (base, length): (Ipv4Addr, u32) = (base.parse().unwrap(), length.parse().unwrap());
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    u32::from(base) & mask == u32::from(address) & mask
}

fn is_peer(peer: &Value, own: &str, end: End<'_>) -> bool {
    match end {
        End::Address(address) => {
            let block = &peer["ipBlock"];
            let is_out = |except: &Value| except.as_array().is_some_and(|list| list.iter().any(|out| in_block(out, address)));
            let nets = peer["networks"].as_array().is_some_and(|nets| nets.iter().any(|cidr| in_block(cidr, address)));
            nets || block.is_object() && in_block(&block["cidr"], address) && !is_out(&block["except"])
        }
        End::Pod { pod, space } => {
            let has_pods = |selector: &Value| selects(selector, &pod["metadata"]["labels"]);
            if let Some(pods) = peer.get("pods") {
                return selects(&pods["namespaceSelector"], &space_labels(space)) && has_pods(&pods["podSelector"]);
            }
            if let Some(spaces) = peer.get("namespaces") {
                return selects(spaces, &space_labels(space));
            }
            let in_space = match peer.get("namespaceSelector") {
                Some(selector) => selects(selector, &space_labels(space)),
                None => peer.get("podSelector").is_some() && space["metadata"]["name"] == own,
            };
            in_space && peer.get("podSelector").is_none_or(has_pods)
        }
    }
}

/// Whether the pod that is reached calls the packet's port by this name.
fn is_called(name: &str, packet: &Packet<'_>) -> bool {
    let End::Pod { pod, .. } = packet.to else { return false };
    pod["spec"]["containers"][0]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .any(|port| port["name"] == name && port["containerPort"] == packet.port && port["protocol"] == packet.protocol)
}

fn has_port(port: &Value, packet: &Packet<'_>) -> bool {
    if let Some(name) = port.get("destinationNamedPort") {
        return is_called(name.as_str().unwrap(), packet);
    }
    if let Some(of) = port.get(packet.protocol.to_lowercase()) {
        let wanted = &of["destinationPort"];
        let range = &wanted["range"];
        return wanted.is_null()
            || wanted["number"] == packet.port
            || range.is_object() && (range["start"].as_u64()..=range["end"].as_u64()).contains(&Some(packet.port));
    }
    if port.get("tcp").or(port.get("udp")).or(port.get("sctp")).is_some()
        || port["protocol"].as_str().unwrap_or("TCP") != packet.protocol
    {
        return false;
    }
    match &port["port"] {
        Value::Null => true,
        Value::String(name) => is_called(name, packet),
        first => (first.as_u64().unwrap()..=port["endPort"].as_u64().or(first.as_u64()).unwrap()).contains(&packet.port),
    }
}

fn is_about(rule: &Value, end: &str, own: &str, peer: End<'_>, packet: &Packet<'_>) -> bool {
    let ports = rule.get("ports").or(rule.get("protocols"));
    rule[end].as_array().is_none_or(|peers| peers.iter().any(|one| is_peer(one, own, peer)))
        && ports.and_then(Value::as_array).is_none_or(|ports| ports.iter().any(|port| has_port(port, packet)))
}

/// What the first tier says that has an answer.
fn passes(policies: &[Value], way: &str, own: End<'_>, peer: End<'_>, packet: &Packet<'_>) -> bool {
    let End::Pod { pod, space } = own else { return true };
    let (end, name) = (if way == "ingress" { "from" } else { "to" }, space["metadata"]["name"].as_str().unwrap());
    let tier = |tier: &str| {
        let mut of_tier: Vec<&Value> = policies.iter().filter(|policy| policy["spec"]["tier"] == tier).collect();
        of_tier.sort_by_key(|policy| policy["spec"]["priority"].as_u64());
        let chosen = of_tier.into_iter().filter(|policy| is_peer(&policy["spec"]["subject"], "", own));
        let rules = chosen.flat_map(|policy| policy["spec"][way].as_array().into_iter().flatten());
        let said = rules.into_iter().find(|rule| is_about(rule, end, "", peer, packet));
        said.map(|rule| rule["action"].as_str().unwrap().to_owned())
    };
    match tier("Admin").as_deref() {
        Some("Accept") => return true,
        Some("Deny") => return false,
        _ => {}
    }
    let own = policies.iter().filter(|policy| policy["kind"] == "NetworkPolicy").filter(|policy| {
        policy["metadata"]["namespace"] == name && selects(&policy["spec"]["podSelector"], &pod["metadata"]["labels"])
    });
    let is_meant = |policy: &&Value| match policy["spec"]["policyTypes"].as_array() {
        Some(types) => types.iter().any(|kind| kind.as_str().unwrap().to_lowercase() == way),
        None => way == "ingress" || policy["spec"].get("egress").is_some(),
    };
    let own: Vec<&Value> = own.filter(is_meant).collect();
    let allows = |policy: &&Value| {
        let rules = policy["spec"][way].as_array();
        rules.is_some_and(|rules| rules.iter().any(|rule| is_about(rule, end, name, peer, packet)))
    };
    if own.is_empty() { tier("Baseline").as_deref() != Some("Deny") } else { own.iter().any(allows) }
}

/// The addresses at and beside the edges of all blocks.
fn addresses() -> Vec<Ipv4Addr> {
    let edges = BLOCKS.iter().filter_map(|block| Range::parse(block));
    let around = edges.flat_map(|range| {
        let (first, last) = (range.first as u32, range.last as u32);
        [first.wrapping_sub(1), first, last, last.wrapping_add(1)]
    });
    around.collect::<BTreeSet<u32>>().into_iter().map(Ipv4Addr::from).collect()
}

fn title(end: End<'_>) -> String {
    match end {
        End::Pod { pod, .. } => {
            format!("{}/{}[Pod]", pod["metadata"]["namespace"].as_str().unwrap(), pod["metadata"]["name"].as_str().unwrap())
        }
        End::Address(address) => address.to_string(),
    }
}

/// What was said of two ends, of which one may be an address within a range.
fn said(connections: &[Connection], from: End<'_>, to: End<'_>) -> Traffic {
    let is = |name: &str, end: End<'_>| match end {
        End::Pod { .. } => name == title(end),
        End::Address(address) => {
            let one = Range::one(&address.to_string()).unwrap();
            Range::span(name).is_some_and(|range| range.holds(&one))
        }
    };
    let found: Vec<&Connection> = connections.iter().filter(|c| is(&c.from, from) && is(&c.to, to)).collect();
    assert!(found.len() <= 1, "said more than once: {found:?}");
    found.first().map(|connection| connection.traffic.clone()).unwrap_or_default()
}

fn judge(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let objects = pods(&mut dice);
    let count = dice.below(6);
    let mut policies: Vec<Value> = (0..count).map(|number| policy(&mut dice, number)).collect();
    let count = if dice.is(2) { dice.below(4) } else { 0 };
    policies.extend((0..count).map(|number| cluster_policy(&mut dice, number)));
    let space = |pod: &Value| objects.iter().find(|object| object["metadata"]["name"] == pod["metadata"]["namespace"]).unwrap();
    let pods = objects.iter().filter(|object| object["kind"] == "Pod").map(|pod| End::Pod { pod, space: space(pod) });
    let ends: Vec<End<'_>> = pods.chain(addresses().into_iter().map(End::Address)).collect();
    let all: Vec<Value> = objects.iter().chain(&policies).cloned().collect();
    let connections = connections(&all);
    let mut asked = 0;
    for (a, from) in ends.iter().enumerate() {
        for (b, to) in ends.iter().enumerate() {
            if a == b || matches!((from, to), (End::Address(_), End::Address(_))) {
                continue;
            }
            let said = said(&connections, *from, *to);
            for (protocol, port) in PROTOCOLS.iter().flat_map(|protocol| (79..86).map(move |port| (protocol, port))) {
                let packet = Packet { from: *from, to: *to, protocol, port };
                let passes = passes(&policies, "egress", packet.from, packet.to, &packet)
                    && passes(&policies, "ingress", packet.to, packet.from, &packet);
                let has = said.has(Protocol::parse(protocol).unwrap(), port as u16);
                let (from, to) = (title(*from), title(*to));
                assert_eq!(has, passes, "seed {seed}: {from} => {to} {protocol} {port} of {said}\n{}", all_lines(&all));
                asked += 1;
            }
        }
    }
    asked
}

fn all_lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

/// `SETS=1000` tries so many; which of them fails is said.
#[test]
fn a_second_evaluator_agrees_on_random_policies() {
    let sets = std::env::var("SETS").map_or(60, |sets| sets.parse().unwrap());
    let asked: usize = (1..=sets).map(judge).sum();
    eprintln!("{asked} packets under {sets} sets of policies");
}

/// Pods of others that the graph knows, and that no file of ours makes.
fn stand_ins(graph: &Graph, objects: &[Value]) -> Vec<Value> {
    let is_made =
        |name: &str| objects.iter().any(|object| object["metadata"]["name"] == name && object["kind"] != "NetworkPolicy");
    let others = graph.workloads.iter().filter(|workload| workload.kind() == "resident" || !is_made(&workload.name));
    let pod = |workload: &graph::Workload| {
        let said = workload.node.get("labels").map(|labels| labels.to_json()).unwrap_or_default();
        let labels = if said.as_object().is_some_and(|labels| !labels.is_empty()) {
            said
        } else {
            json!({ "app.kubernetes.io/instance": workload.name })
        };
        let meta = json!({ "name": workload.name, "namespace": workload.namespace.as_str(), "labels": labels });
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": { "containers": [{ "name": "c", "image": "i" }] } })
    };
    others.filter(|workload| workload.kind() != "outside").map(pod).collect()
}

/// For every profile and every mode of Kubernetes, what its files let through is what the graph draws, port by port.
#[test]
fn our_own_files_let_through_what_the_graph_draws() {
    let modes = CATALOG.public_modes().filter(|mode| mode.objects.as_bool() == Some(true));
    let mut compared = 0;
    for (mode, profile) in modes.flat_map(|mode| PROFILES.map(|profile| (mode, profile))) {
        let input = compiled::input(OWN, profile);
        let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
        let graph = graph::build(&lakehouse, mode, &mut Diagnostics::default()).expect("it connects");
        let documents = compiled::documents(&CATALOG, OWN, profile, &mode.name);
        let mut objects: Vec<Value> = documents.iter().filter(|d| d.is_streamed).map(|d| d.node.to_json()).collect();
        objects.extend(stand_ins(&graph, &objects));
        let own: BTreeSet<&str> = graph.workloads.iter().filter(|w| w.is_own()).map(|w| w.name.as_str()).collect();
        let short = |title: &str| title.split(['/', '[']).nth(1).unwrap_or("outside").to_owned();
        let mut open: BTreeMap<(String, String), Traffic> = BTreeMap::new();
        for connection in connections(&objects) {
            let ends = (short(&connection.from), short(&connection.to));
            if own.contains(ends.0.as_str()) || own.contains(ends.1.as_str()) {
                open.entry(ends).or_default().join(&connection.traffic);
            }
        }
        let mut drawn: BTreeMap<(String, String), Traffic> = BTreeMap::new();
        for connection in &graph.connections {
            let [from, to] = [connection.from, connection.to].map(|end| &graph.workloads[end]);
            let Some(port) = connection.offer.port.as_ref().and_then(|port| port.as_int()) else { continue };
            let protocol = if connection.offer.node.text("protocol") == "udp" { Protocol::Udp } else { Protocol::Tcp };
            let to = if to.kind() == "outside" { "outside" } else { &to.name };
            let traffic = Traffic::of(protocol, port as u16, port as u16);
            drawn.entry((from.name.clone(), to.to_owned())).or_default().join(&traffic);
        }
        assert_eq!(open, drawn, "{profile} {}", mode.name);
        compared += open.len();
    }
    assert!(compared >= 100, "only {compared} pairs");
}

/// What a build of k3s says of its flows, with one change of a template.
fn told_with(file: &str, find: &str, replace: &str, input: &Input) -> Vec<String> {
    let (_, text) = catalog::built_in().find(|(path, _)| *path == file).expect("the catalog has it");
    assert!(text.contains(find), "the template has no {find}");
    let host = Memory::new();
    host.put(format!("ours/{file}"), text.replacen(find, replace, 1).into_bytes());
    let catalog = catalog::load(&host, Some("ours".as_ref()), &mut Diagnostics::default()).expect("it is a catalog");
    let mut diags = Diagnostics::default();
    let _ = lakegen::compile(&catalog, input, &["k3s".to_owned()], &mut diags);
    compiled::told(&diags)
}

const POLICY: &str = "templates/modes/kubernetes/networkpolicy.yaml.j2";

/// A template that forgets a side of the policies, or opens too much, is found when it is built with.
#[test]
fn a_template_that_blocks_or_opens_is_found() {
    let planted = |find: &str, replace: &str| told_with(POLICY, find, replace, &compiled::input(OWN, "development"));
    let blocked = planted("{ port: {{ peer.port }}, protocol", "{ port: {{ peer.port + 1 }}, protocol");
    assert!(blocked.iter().any(|said| said.starts_with("L1104 prefect-server needs TCP 5432 of postgresql")), "{blocked:#?}");
    let opened = planted("- { port: 53, protocol: TCP }\n", "- { port: 53, protocol: TCP }\n    - {}\n");
    assert!(opened.iter().any(|said| said.starts_with("L1105 ")), "{opened:#?}");
}

/// Where machines carry what pods of a mesh say to each other, their port is open for those who talk, and for nobody else.
#[test]
fn what_machines_carry_is_open_for_those_who_talk() {
    let ambient = format!("{OWN}\n[istio]\ndataplane = \"ambient\"\n");
    let input = compiled::input(&ambient, "production");
    let flows = |find: &str, replace: &str| {
        let told = told_with(POLICY, find, replace, &input).into_iter();
        told.filter(|said| said.starts_with("L1104 ") || said.starts_with("L1105 ")).collect::<Vec<_>>()
    };
    assert_eq!(flows("carried", "carried"), Vec::<String>::new());
    let blocked = flows("{% if carried and peer.kind in in_mesh %}", "{% if false %}");
    assert!(
        blocked.iter().any(|said| said.starts_with("L1104 prefect-worker-general needs TCP 15008 of prefect-server")),
        "{blocked:#?}"
    );
    let opened = flows(
        "- { port: 53, protocol: TCP }\n",
        "- { port: 53, protocol: TCP }\n    - { ports: [{ port: 15008, protocol: TCP }] }\n",
    );
    assert!(opened.iter().any(|said| said.starts_with("L1105 ") && said.contains("15008")), "{opened:#?}");
}

/// Two services of others may listen on one port.
#[test]
fn what_two_outside_listen_on_is_open_for_both() {
    let file = "[lakehouse]\nname = \"two\"\n[components.prefect]\n[components.object-store]\n\
        [components.valkey]\nexternal = { host = \"cache.example.com\", port = 5432, secret = \"their-cache\" }\n\
        [components.postgresql]\nexternal = { host = \"db.example.com\", port = 5432, secret = \"their-database\" }\n";
    let flows = |find: &str, replace: &str| {
        let told = told_with(POLICY, find, replace, &compiled::input(file, "development")).into_iter();
        told.filter(|said| said.starts_with("L1104 ") || said.starts_with("L1105 ")).collect::<Vec<_>>()
    };
    assert_eq!(flows("{% if peer.outside %}", "{% if peer.outside %}"), Vec::<String>::new());
    let blocked = flows("in workload.uses if peer.has_port %}", "in workload.uses if peer.has_port and not peer.outside %}");
    for who in ["valkey", "postgresql"] {
        let said = format!("L1104 prefect-server needs TCP 5432 of {who}");
        assert!(blocked.iter().any(|told| told.starts_with(&said)), "{blocked:#?}");
    }
}
