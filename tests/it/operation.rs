//! What runs the platform follows from the graph: who is heard in the mesh, who says how many run, what may be deployed.

use std::collections::BTreeSet;

use lakegen::diagnostic::Diagnostics;
use lakegen::{graph, lakehouse};
use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN};

fn objects(text: &str) -> Vec<Value> {
    compiled::documents(&CATALOG, text, "production", "k3s").iter().map(|document| document.node.to_json()).collect()
}

fn of<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Who is heard by whom on which port, by the policies of the mesh; nobody's name stands for whoever shows none.
fn heard(objects: &[Value]) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for policy in of(objects, "AuthorizationPolicy") {
        for rule in policy["spec"]["rules"].as_array().into_iter().flatten() {
            let from = text(&rule["from"][0]["source"]["principals"][0]);
            let from = from.rsplit('/').next().unwrap_or_default().to_owned();
            all.insert((from, text(&policy["metadata"]["name"]), text(&rule["to"][0]["operation"]["ports"][0])));
        }
    }
    all
}

#[test]
fn the_mesh_hears_whom_the_graph_draws() {
    let objects = objects(OWN);
    let input = compiled::input(OWN, "production");
    let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
    let graph = graph::build(&lakehouse, CATALOG.mode("k3s").unwrap(), &mut Diagnostics::default()).expect("it connects");
    let is_in = |index: usize| matches!(graph.workloads[index].kind(), "service" | "stateful" | "job");
    let mut drawn = BTreeSet::new();
    for connection in graph.connections.iter().filter(|connection| is_in(connection.to)) {
        let Some(port) = connection.offer.port.as_ref().and_then(|port| port.as_int()) else { continue };
        let from = if is_in(connection.from) { graph.workloads[connection.from].name.clone() } else { String::new() };
        drawn.insert((from, graph.workloads[connection.to].name.clone(), port.to_string()));
    }
    for workload in &graph.workloads {
        let doors = workload.offers.iter().filter(|offer| !offer.node.text("edge").is_empty());
        let ports = doors.filter_map(|offer| offer.port.as_ref()?.as_int());
        drawn.extend(ports.map(|port| (String::new(), workload.name.clone(), port.to_string())));
    }
    assert!(drawn.len() > 20, "{drawn:?}");
    assert_eq!(heard(&objects), drawn);
    let namespaces = of(&objects, "Namespace").len();
    let silent = of(&objects, "AuthorizationPolicy").into_iter().filter(|policy| policy["spec"] == serde_json::json!({}));
    assert_eq!(silent.count(), namespaces, "each namespace refuses what no rule names");
    let strict = of(&objects, "PeerAuthentication").into_iter().filter(|peer| peer["metadata"]["name"] == "default");
    assert_eq!(strict.filter(|peer| peer["spec"]["mtls"]["mode"] == "STRICT").count(), namespaces);
}

#[test]
fn nobody_else_says_how_many_run() {
    let objects = objects(&format!(
        "{OWN}\n[k3s]\noperators = [\"cloudnative-pg\", \"barman-cloud\", \"prometheus-operator\", \"vertical-pod-autoscaler\"]\n"
    ));
    let scaled: BTreeSet<String> =
        of(&objects, "HorizontalPodAutoscaler").iter().map(|scaler| text(&scaler["spec"]["scaleTargetRef"]["name"])).collect();
    assert!(!scaled.is_empty());
    for deployment in of(&objects, "Deployment") {
        let name = text(&deployment["metadata"]["name"]);
        assert_eq!(deployment["spec"].get("replicas").is_none(), scaled.contains(&name), "{name}");
    }
    let advisers = of(&objects, "VerticalPodAutoscaler");
    assert!(advisers.len() > 10 && advisers.iter().all(|adviser| adviser["spec"]["updatePolicy"]["updateMode"] == "Off"));
}

/// Argo CD may make every object there is, in its namespace, and no secret.
#[test]
fn what_is_made_may_be_deployed() {
    let objects = objects(OWN);
    let projects = of(&objects, "AppProject");
    let project =
        projects.iter().find(|project| !text(&project["metadata"]["name"]).ends_with("operators")).expect("the platform's");
    let places = project["spec"]["destinations"].as_array().unwrap();
    let kinds = project["spec"]["clusterResourceWhitelist"].as_array().unwrap();
    assert_eq!(project["spec"]["namespaceResourceBlacklist"][0]["kind"], "Secret");
    for object in objects.iter().filter(|object| object["metadata"].is_object() && object["apiVersion"] != "argoproj.io/v1alpha1")
    {
        let allowed = match object["metadata"].get("namespace") {
            Some(namespace) => places.iter().any(|place| place["namespace"] == *namespace),
            None => kinds.iter().any(|kind| kind["kind"] == object["kind"]),
        };
        assert!(allowed, "{}: {}", object["kind"], object["metadata"]["name"]);
    }
}
