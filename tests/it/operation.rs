//! What runs the platform follows from the graph: who is heard in the mesh, who says how many run, what may be deployed.

use std::collections::BTreeSet;

use lakegen::diagnostic::Diagnostics;
use lakegen::{graph, lakehouse};
use serde_json::Value;

use crate::compiled::{self, CATALOG, EVERYTHING, OWN};

fn objects(text: &str) -> Vec<Value> {
    compiled::documents(&CATALOG, text, "production", "k3s").iter().map(|document| document.node.to_json()).collect()
}

fn of<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn text_of(object: &Value) -> String {
    text(&object["metadata"]["name"])
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

/// One scaler at most says how many there are of a thing, and then the thing itself does not; who advises changes nothing.
#[test]
fn nobody_else_says_how_many_run() {
    let objects = objects(EVERYTHING);
    let scalers = ["HorizontalPodAutoscaler", "ScaledObject"].map(|kind| of(&objects, kind));
    assert!(scalers.iter().all(|some| !some.is_empty()), "both kinds of scalers are there");
    let targets: Vec<(String, String)> =
        scalers.iter().flatten().map(|scaler| named(&scaler["spec"]["scaleTargetRef"])).collect();
    let scaled: BTreeSet<_> = targets.iter().cloned().collect();
    assert_eq!(scaled.len(), targets.len(), "two scalers of one: {targets:?}");
    let mut found = 0;
    for runner in ["Deployment", "Rollout"].iter().flat_map(|kind| of(&objects, kind)) {
        let own = (text(&runner["kind"]), text(&runner["metadata"]["name"]));
        assert_eq!(runner["spec"].get("replicas").is_none(), scaled.contains(&own), "{own:?}");
        found += usize::from(scaled.contains(&own));
    }
    assert_eq!(found, scaled.len(), "each scaler has what it scales");
    let advisers = of(&objects, "VerticalPodAutoscaler");
    assert!(advisers.len() > 10 && advisers.iter().all(|adviser| adviser["spec"]["updatePolicy"]["updateMode"] == "Off"));
}

fn named(reference: &Value) -> (String, String) {
    (text(&reference["kind"]), text(&reference["name"]))
}

/// A new version that nobody has asked for anything yet is not taken back for it.
#[test]
fn an_answer_without_figures_is_no_fault() {
    let objects = objects(EVERYTHING);
    let templates = of(&objects, "AnalysisTemplate");
    assert_eq!(templates.len(), of(&objects, "Rollout").len());
    for metric in templates.iter().flat_map(|template| template["spec"]["metrics"].as_array().unwrap()) {
        // But for whether anybody measures it at all.
        let start = if metric["name"] == "answers" {
            "len(result) > 0 && result[0] >= "
        } else {
            "len(result) == 0 || isNaN(result[0]) || result[0] "
        };
        assert!(text(&metric["successCondition"]).starts_with(start), "{metric}");
    }
}

/// Argo CD may make every object there is, in its namespace, and no secret.
/// A Prometheus or a Grafana of others hears and shows what the platform's own would.
#[test]
fn parts_for_what_is_there_say_what_the_platform_does() {
    let part = |name: &str, more: &str| -> Vec<Value> {
        let documents = compiled::documents(&CATALOG, &format!("{OWN}{more}"), "production", name);
        documents.iter().map(|document| document.node.to_json()).collect()
    };
    let specs = |objects: &[Value], kind: &str| -> BTreeSet<String> {
        of(objects, kind).into_iter().map(|one| one["spec"].to_string()).collect()
    };
    let (platform, watched) = (objects(OWN), part("prometheus", "[prometheus]\nlabels = { release = \"stack\" }\n"));
    for kind in ["PodMonitor", "PrometheusRule", "Probe", "ScrapeConfig"] {
        assert_eq!(specs(&watched, kind), specs(&platform, kind), "{kind}");
        assert!(of(&watched, kind).iter().all(|one| one["metadata"]["labels"]["release"] == "stack"), "{kind}");
    }
    assert_eq!(of(&watched, "NetworkPolicy").len(), 15);
    let maps = part("grafana", "");
    let maps = of(&maps, "ConfigMap");
    let own = of(&platform, "ConfigMap").into_iter().find(|one| text_of(one).starts_with("grafana-")).expect("Grafana's files");
    assert_eq!(maps.len(), 5);
    for map in maps {
        let (name, page) = map["data"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(own["data"][format!("etc-lakehouse-dashboards-{name}")], *page);
        assert!(page.as_str().unwrap().len() < 1 << 20 && map["metadata"]["labels"]["grafana_dashboard"] == "1");
    }
}

/// A Gateway of Istio lives in a namespace of its own, whatever the edge of the cluster is, and only it comes to pages.
#[test]
fn the_edge_of_the_mesh_is_its_own() {
    let text =
        format!("{OWN}\n[istio]\ngateway.namespace = \"door\"\n[k3s]\nedge_kind = \"istio\"\npages.issuer = \"self-signed\"\n");
    let objects = objects(&text);
    let gateways: Vec<_> = of(&objects, "Gateway");
    assert_eq!(gateways.len(), 1);
    assert_eq!(gateways[0]["metadata"]["namespace"], "door");
    assert_eq!(gateways[0]["spec"]["selector"]["app.kubernetes.io/name"], "istio-ingress");
    let made: Vec<String> = of(&objects, "Namespace").iter().map(|one| text_of(one)).collect();
    assert!(made.contains(&"door".to_owned()) && !made.contains(&"kube-system".to_owned()), "{made:?}");
    let logins = of(&objects, "NetworkPolicy").into_iter().filter(|one| text_of(one).starts_with("login-"));
    for login in logins {
        assert_eq!(
            login["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            "door"
        );
    }
    let project =
        of(&objects, "AppProject").into_iter().find(|one| !text_of(one).ends_with("operators")).expect("the platform's");
    assert!(project["spec"]["destinations"].to_string().contains("\"door\""), "{project}");
}

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
    // And of what belongs to no namespace nothing else.
    for kind in kinds {
        assert!(objects.iter().any(|object| object["kind"] == kind["kind"]), "nobody makes a {kind}");
    }
}

/// What the README has installed before brings every kind that is not Kubernetes' own, or K3s and Argo CD have it.
#[test]
fn every_kind_is_brought_by_what_is_installed() {
    let said = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/modes/kubernetes/mode.toml")).unwrap();
    let said: toml::Table = said.parse().unwrap();
    let installs = said["options"]["installs"]["default"].as_table().unwrap();
    let brought: BTreeSet<String> = installs
        .values()
        .filter_map(|one| one.get("crds")?.as_table())
        .flat_map(|groups| groups.iter().map(|(group, kinds)| (group, kinds.as_array().unwrap())))
        .flat_map(|(group, kinds)| kinds.iter().map(move |kind| format!("{group}/{}", kind.as_str().unwrap())))
        .collect();
    let mut seen = 0;
    for object in objects(OWN).into_iter().chain(objects(EVERYTHING)) {
        let version = text(&object["apiVersion"]);
        let group = version.split('/').next().unwrap_or_default();
        let is_own = !group.contains('.')
            || group.ends_with(".k8s.io") && !["gateway.", "autoscaling."].iter().any(|of| group.starts_with(of));
        if is_own || ["traefik.io", "helm.cattle.io", "argoproj.io", "kustomize.config.k8s.io"].contains(&group) {
            continue;
        }
        let kind = text(&object["kind"]).to_lowercase();
        let plural = match kind.strip_suffix('y').filter(|stem| !stem.ends_with('a')) {
            Some(stem) => format!("{group}/{stem}ies"),
            None if kind.ends_with('s') => format!("{group}/{kind}es"),
            None => format!("{group}/{kind}s"),
        };
        assert!(brought.contains(&plural), "nothing that is installed brings {plural}");
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

/// The graph knows of each kind that is not Kubernetes' own which operator brings it, whom it is made for, and that this one is
/// ready before.
#[test]
fn the_graph_knows_who_must_be_ready_before() {
    for text in [OWN, EVERYTHING] {
        let (input, mode) = (compiled::input(text, "production"), CATALOG.mode("k3s").unwrap());
        let mut diags = Diagnostics::default();
        let lakehouse = lakehouse::read(&CATALOG, &input, &mut diags).expect("the lakehouse is whole");
        let graph = graph::build(&lakehouse, mode, &mut diags).expect("it connects");
        let operators = graph::operators(&lakehouse, mode, &graph, &mut diags).expect("they are listed").to_json();
        let mut seen = 0;
        for object in objects(text) {
            let Some(operator) = operators.as_array().unwrap().iter().find(|one| brings(one, &object)) else { continue };
            let wave: i64 = text_at(&object, "/metadata/annotations/lakegen.dev~1wave").parse().unwrap_or(0);
            assert!(operator["before"].as_i64().unwrap() <= wave, "{operator} for {object}");
            let name = text_at(&object, "/metadata/labels/app.kubernetes.io~1instance");
            let serves = operator["serves"].as_array().unwrap();
            assert!(name.is_empty() || serves.iter().any(|one| *one == name), "{operator} for {object}");
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}

/// Two operators may bring kinds of one group.
fn brings(operator: &Value, object: &Value) -> bool {
    let kind = text_at(object, "/kind").to_lowercase();
    let kinds = operator["brings"].get(text_before(&text_at(object, "/apiVersion"), '/'));
    // The plural of a kind has all its letters but the last, which may be a y.
    kinds.into_iter().flat_map(|kinds| kinds.as_array().unwrap()).any(|plural| text(plural).starts_with(&kind[..kind.len() - 1]))
}

fn text_at(object: &Value, path: &str) -> String {
    object.pointer(path).map(text).unwrap_or_default()
}

fn text_before(text: &str, sign: char) -> String {
    text.split(sign).next().unwrap_or_default().to_owned()
}

/// A drill restores beside what runs: it may make what it restores into, and touch nothing else.
#[test]
fn a_drill_touches_only_what_it_makes() {
    let objects = objects(OWN);
    let role = of(&objects, "Role").into_iter().find(|role| role["metadata"]["name"] == "drill-database").expect("its rights");
    assert_eq!(role["metadata"]["namespace"], "drill-prod");
    for rule in role["rules"].as_array().unwrap() {
        let creates = rule["verbs"] == serde_json::json!(["create"]);
        assert!(creates || !rule["resourceNames"].as_array().unwrap().is_empty(), "{rule}");
    }
    let clusters = of(&objects, "Cluster").into_iter().filter(|cluster| cluster["metadata"]["namespace"] == "drill-prod");
    assert_eq!(clusters.count(), 0, "between two drills there is none");
    let drills = of(&objects, "CronJob");
    assert_eq!(drills.len(), 2);
    assert!(drills.iter().all(|drill| drill["spec"]["concurrencyPolicy"] == "Forbid" && drill["spec"]["timeZone"] == "Etc/UTC"));
}

/// Where the clients of PostgreSQL want more connections than it takes, poolers share them out, unless somebody said how many.
#[test]
fn poolers_come_where_connections_are_short() {
    for (said, poolers) in [
        ("", 0),
        ("components.postgresql.max_connections = 80", 2),
        ("components.postgresql = { max_connections = 80, instances = 1 }", 1),
        ("components.prefect.most_replicas = 40", 2),
        ("components.postgresql.pooler = 3", 3),
    ] {
        let objects = objects(&format!("lakehouse.name = \"lake\"\n{said}\n"));
        let made: Vec<i64> = of(&objects, "Pooler").iter().filter_map(|pooler| pooler["spec"]["instances"].as_i64()).collect();
        assert_eq!(made, if poolers == 0 { vec![] } else { vec![poolers] }, "{said}");
        let server = of(&objects, "Deployment").into_iter().find(|one| one["metadata"]["name"] == "prefect-server").unwrap();
        let host = if poolers == 0 { "postgresql-rw." } else { "postgresql-pooler." };
        assert!(server.to_string().contains(&format!("\"{host}")), "{said}: Prefect does not go to {host}");
    }
}
