//! The network policies that are written let through what the graph draws, and nothing else: every pod against every port.
//!
//! The evaluator here is its own: it reads the objects as a cluster would, and knows nothing of how they were made.

use std::collections::{BTreeMap, BTreeSet};

use lakegen::diagnostic::Diagnostics;
use lakegen::graph::{self, Graph, Workload};
use lakegen::lakehouse;
use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN, PROFILES};

type Labels = BTreeMap<String, String>;

/// Something with an address in the cluster: of the platform, or of others.
struct Pod {
    name: String,
    namespace: String,
    labels: Labels,
    ports: BTreeSet<i64>,
}

fn labels(value: &Value) -> Labels {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn matches(selector: &Value, labels: &Labels) -> bool {
    assert!(selector.get("matchExpressions").is_none(), "this evaluator knows matchLabels only");
    self::labels(&selector["matchLabels"]).iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether one way of the policies that choose `own` lets `other` and a port through.
fn lets_through(policies: &[Value], way: &str, end: &str, own: &Pod, other: &Pod, port: i64) -> bool {
    let chosen: Vec<&Value> = policies
        .iter()
        .filter(|policy| policy["metadata"]["namespace"] == own.namespace.as_str())
        .filter(|policy| matches(&policy["spec"]["podSelector"], &own.labels))
        .filter(|policy| policy["spec"]["policyTypes"].as_array().unwrap().iter().any(|kind| kind == way))
        .collect();
    let rules = chosen.iter().flat_map(|policy| policy["spec"][way.to_lowercase()].as_array().into_iter().flatten());
    let allowed = rules.into_iter().any(|rule| {
        let has_port = rule["ports"].as_array().is_none_or(|ports| {
            ports.iter().any(|allowed| allowed["port"] == port && allowed["protocol"].as_str().unwrap_or("TCP") == "TCP")
        });
        has_port && rule[end].as_array().is_none_or(|peers| peers.iter().any(|peer| is_peer(peer, own, other)))
    });
    chosen.is_empty() || allowed
}

fn is_peer(peer: &Value, own: &Pod, other: &Pod) -> bool {
    if peer.get("ipBlock").is_some() {
        return false;
    }
    let namespace = Labels::from([("kubernetes.io/metadata.name".to_owned(), other.namespace.clone())]);
    let in_namespace = peer.get("namespaceSelector").map_or(own.namespace == other.namespace, |s| matches(s, &namespace));
    in_namespace && peer.get("podSelector").is_none_or(|selector| matches(selector, &other.labels))
}

/// What the pods of an object are made after; those of a clock's jobs lie deeper.
fn template(object: &Value) -> &Value {
    let spec = &object["spec"];
    if spec["jobTemplate"].is_object() { &spec["jobTemplate"]["spec"]["template"] } else { &spec["template"] }
}

/// The labels of the pods that an object makes, or that the graph says others make.
fn pod(workload: &Workload, objects: &[Value]) -> Option<Pod> {
    let own = objects.iter().find(|object| {
        object["metadata"]["name"] == workload.name.as_str() && template(object)["metadata"]["labels"].is_object()
    });
    let said = || labels(&workload.node.get("labels").map(|labels| labels.to_json()).unwrap_or_default());
    let labels = match own {
        Some(object) => labels(&template(object)["metadata"]["labels"]),
        None if matches!(workload.kind(), "operated" | "resident") => {
            let mut labels = said();
            if labels.is_empty() {
                labels.insert("app.kubernetes.io/instance".into(), workload.name.clone());
            }
            labels
        }
        None => return None,
    };
    let ports = workload.offers.iter().filter_map(|offer| offer.port.as_ref()?.as_int()).map(|port| port as i64).collect();
    let namespace = workload.namespace.as_str().unwrap_or_default().to_owned();
    Some(Pod { name: workload.name.clone(), namespace, labels, ports })
}

/// Who talks to whom on which port, by the graph; what lies outside the cluster has no pod.
fn drawn(graph: &Graph) -> BTreeSet<(String, String, i64)> {
    let wires = graph.connections.iter().filter_map(|connection| {
        let (from, to) = (&graph.workloads[connection.from], &graph.workloads[connection.to]);
        let port = connection.offer.port.as_ref()?.as_int()? as i64;
        (to.kind() != "outside").then(|| (from.name.clone(), to.name.clone(), port))
    });
    wires.collect()
}

fn judge(profile: &str, mode: &str) -> usize {
    let input = compiled::input(OWN, profile);
    let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
    let mode = CATALOG.mode(mode).expect("the mode is there");
    let graph = graph::build(&lakehouse, mode, &mut Diagnostics::default()).expect("it connects");
    let objects: Vec<Value> =
        compiled::documents(&CATALOG, OWN, profile, &mode.name).iter().map(|document| document.node.to_json()).collect();
    let policies: Vec<Value> = objects.iter().filter(|object| object["kind"] == "NetworkPolicy").cloned().collect();
    let pods: Vec<Pod> = graph.workloads.iter().filter_map(|workload| pod(workload, &objects)).collect();
    assert!(pods.len() >= 7, "only {} pods", pods.len());
    let mut allowed = BTreeSet::new();
    let mut tried = 0;
    for (from, to) in pods.iter().flat_map(|from| pods.iter().map(move |to| (from, to))) {
        // A port that nobody offers stands for all that are closed.
        for port in to.ports.iter().copied().chain([1]) {
            tried += 1;
            let goes_out = lets_through(&policies, "Egress", "to", from, to, port);
            if goes_out && lets_through(&policies, "Ingress", "from", to, from, port) {
                allowed.insert((from.name.clone(), to.name.clone(), port));
            }
        }
    }
    // Pods of others that no policy of ours chooses are free among themselves.
    let free: BTreeSet<&str> =
        graph.workloads.iter().filter(|workload| !workload.is_own()).map(|workload| workload.name.as_str()).collect();
    allowed.retain(|(from, to, _)| !(free.contains(from.as_str()) && free.contains(to.as_str())));
    assert_eq!(allowed, drawn(&graph), "{profile} {}: what the policies allow is not what the graph draws", mode.name);
    tried
}

#[test]
fn policies_allow_what_the_graph_draws() {
    let modes: Vec<&str> = CATALOG.public_modes().filter(|mode| mode.objects.as_bool() == Some(true)).map(|m| &*m.name).collect();
    assert!(modes.len() >= 2, "{modes:?}");
    let judge = |profile: &str| modes.iter().map(|mode| judge(profile, mode)).sum::<usize>();
    let tried: usize = PROFILES.iter().map(|profile| judge(profile)).sum();
    eprintln!("{tried} pairs of pod and port");
}

/// The way out to the cluster's own API is open to those who need it, and to nobody else.
#[test]
fn only_who_needs_the_outside_reaches_it() {
    for profile in PROFILES {
        let documents = compiled::documents(&CATALOG, OWN, profile, "k3s");
        let open: BTreeSet<String> = documents
            .iter()
            .map(|document| document.node.to_json())
            .filter(|object| object["kind"] == "NetworkPolicy" && object.to_string().contains("ipBlock"))
            .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        let input = compiled::input(OWN, profile);
        let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
        let graph = graph::build(&lakehouse, CATALOG.mode("k3s").unwrap(), &mut Diagnostics::default()).expect("it connects");
        let outside = graph.connections.iter().filter(|connection| graph.workloads[connection.to].kind() == "outside");
        let needed: BTreeSet<String> = outside.map(|connection| graph.workloads[connection.from].name.clone()).collect();
        assert_eq!(open, needed, "{profile}");
        assert!(!needed.is_empty());
    }
}

/// Programs that are several find themselves in a list of hosts by their own name: each replica must bear its own.
#[test]
fn a_replica_knows_itself() {
    for profile in PROFILES {
        let documents = compiled::documents(&CATALOG, OWN, profile, "compose");
        let file = documents.iter().find(|document| document.path == "docker-compose.yaml").unwrap().node.to_json();
        let named = file["services"].as_object().unwrap().iter().filter(|(_, service)| service.get("hostname").is_some());
        let strange: Vec<&String> =
            named.clone().filter(|(name, service)| service["hostname"] != name.as_str()).map(|(n, _)| n).collect();
        assert!(strange.is_empty() && named.count() >= 3, "{profile}: {strange:?}");
    }
}

/// What `kubectl apply -k` does not name is never applied.
#[test]
fn every_object_is_applied() {
    for profile in PROFILES {
        let documents = compiled::documents(&CATALOG, OWN, profile, "k3s");
        let list = documents.iter().find(|document| document.path == "kustomization.yaml").unwrap().node.to_json();
        let named: BTreeSet<&str> = list["resources"].as_array().unwrap().iter().filter_map(|path| path.as_str()).collect();
        let made: BTreeSet<&str> =
            documents.iter().filter(|document| document.is_streamed).map(|document| document.path.as_str()).collect();
        assert_eq!(named, made, "{profile}");
    }
}
