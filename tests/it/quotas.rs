//! Every namespace's quota has room for all that lives there, scaled to the most, on every machine, with what operators put
//! beside it, and for one more of each while it is renewed.

use lakegen::node::Number;
use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN, PROFILES};

/// Kinds whose pods an operator makes: where their requests stand, and how many there are.
const OPERATED: &[(&str, &str, &str)] = &[
    ("Cluster", "/spec/resources/requests", "/spec/instances"),
    ("Prometheus", "/spec/resources/requests", "/spec/replicas"),
    ("Alertmanager", "/spec/resources/requests", "/spec/replicas"),
    ("Pooler", "/spec/template/spec/containers/0/resources/requests", "/spec/instances"),
];

const GROWN: &str = r#"
[lakehouse]
name = "lake"
[components.executor]
replicas = 2
most_replicas = 40
[components.cluster]
[components.node-exporter]
[components.prefect]
most_replicas = 9
pools.heavy = { type = "kubernetes", concurrency = 50 }
[components.postgresql]
max_connections = 300
pooler = 2
[k3s.pools]
small = { cpu = "8", memory = "32GiB", nodes = 12, most = 60 }
large = { cpu = "64", memory = "256GiB", nodes = 20 }
"#;

/// Processors in thousandths, memory in bytes, and pods.
type Sum = [i128; 3];

fn number(text: &Value, unit: &str) -> i128 {
    match CATALOG.types.convert(text.as_str().unwrap_or("0"), unit) {
        Some(Number::Int(number)) => number,
        Some(Number::Float(number)) => number.ceil() as i128,
        None => panic!("{text} is no amount of {unit}"),
    }
}

fn amounts(requests: &Value, by_default: &Value) -> Sum {
    let of = |key: &str| if requests[key].is_null() { &by_default[key] } else { &requests[key] };
    [number(of("cpu"), "m"), number(of("memory"), "B"), 0]
}

fn plus(one: Sum, other: Sum, times: i128) -> Sum {
    std::array::from_fn(|at| one[at] + other[at] * times)
}

/// What one pod counts for: its containers together, or its dearest one of those that run before them.
fn pod(spec: &Value, by_default: &Value) -> Sum {
    let each = |key: &str| -> Vec<Sum> {
        let containers = spec[key].as_array().into_iter().flatten();
        containers.map(|container| amounts(&container["resources"]["requests"], by_default)).collect()
    };
    let sum = each("containers").into_iter().fold([0, 0, 1], |sum, one| plus(sum, one, 1));
    each("initContainers").into_iter().fold(sum, |most, one| std::array::from_fn(|at| most[at].max(one[at])))
}

/// What the mesh puts beside the programs of a pod.
fn proxy(about: &Value) -> Sum {
    if about["labels"]["sidecar.istio.io/inject"] != "true" {
        return [0; 3];
    }
    let said = |key: &str| &about["annotations"][key];
    [number(said("sidecar.istio.io/proxyCPU"), "m"), number(said("sidecar.istio.io/proxyMemory"), "B"), 0]
}

/// One pod of an object, and how many there may be of it at most.
fn demand(object: &Value, all: &[Value], machines: i128, by_default: &Value) -> Option<(Sum, i128)> {
    let kind = object["kind"].as_str()?;
    let count = |pointer: &str| object.pointer(pointer).and_then(|count| count.as_i64()).map(i128::from);
    if let Some((_, requests, replicas)) = OPERATED.iter().find(|(operated, ..)| *operated == kind) {
        let own = amounts(object.pointer(requests).unwrap_or(&Value::Null), by_default);
        // Operators put one small program beside it, which says nothing of what it takes.
        return Some((plus(plus([0, 0, 1], own, 1), amounts(&Value::Null, by_default), 1), count(replicas).unwrap_or(1)));
    }
    let scales = |scaler: &&Value| scaler["spec"]["scaleTargetRef"]["name"] == object["metadata"]["name"];
    let most = all.iter().filter(scales).find_map(|scaler| {
        ["maxReplicas", "maxReplicaCount"].iter().find_map(|key| scaler["spec"][key].as_i64()).map(i128::from)
    });
    let template = object.pointer("/spec/template").or(object.pointer("/spec/jobTemplate/spec/template"))?;
    let spec = template.get("spec")?;
    let replicas = if kind == "DaemonSet" { machines } else { most.or(count("/spec/replicas")).unwrap_or(1) };
    Some((plus(pod(spec, by_default), proxy(&template["metadata"]), 1), replicas))
}

/// What is too little in some namespace.
fn short(text: &str, profile: &str, mode: &str, machines: i128) -> Vec<String> {
    let documents = compiled::documents(&CATALOG, text, profile, mode);
    let objects: Vec<Value> = documents.iter().map(|document| document.node.to_json()).collect();
    let quotas: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "ResourceQuota").collect();
    assert!(quotas.len() > 2, "{profile} {mode} has {} quotas", quotas.len());
    let mut wrong = Vec::new();
    for quota in quotas {
        let namespace = &quota["metadata"]["namespace"];
        let here: Vec<Value> = objects.iter().filter(|object| object["metadata"]["namespace"] == *namespace).cloned().collect();
        let limits = here.iter().find(|object| object["kind"] == "LimitRange").expect("every namespace has limits");
        let by_default = &limits["spec"]["limits"][0]["defaultRequest"];
        let demands = here.iter().filter_map(|object| demand(object, &here, machines, by_default));
        let needed = demands.fold([0; 3], |sum, (one, most)| plus(sum, one, most + 1));
        let hard = &quota["spec"]["hard"];
        let has = [number(&hard["requests.cpu"], "m"), number(&hard["requests.memory"], "B"), number(&hard["pods"], "m") / 1000];
        assert!(needed[2] > 1, "{profile} {mode}: nobody lives in {namespace}");
        let is_short = needed.iter().zip(&has).any(|(needed, has)| needed > has);
        wrong.extend(is_short.then(|| format!("{profile} {mode} {namespace}: has {has:?}, and {needed:?} may be asked for")));
    }
    wrong
}

#[test]
fn quotas_have_room_for_the_most_and_for_a_renewal() {
    let mut wrong = Vec::new();
    for profile in PROFILES {
        for mode in ["k3s-local", "k3s"] {
            let nodes = [("production", "k3s", 9), ("staging", "k3s", 4), ("development", "k3s", 3)];
            let machines = nodes.iter().find(|(of, on, _)| (*of, *on) == (profile, mode)).map_or(1, |(.., nodes)| *nodes);
            wrong.extend(short(OWN, profile, mode, machines));
        }
    }
    wrong.extend(short(GROWN, "production", "k3s", 80));
    let heavy =
        format!("{GROWN}[istio]\nproxy = {{ cpu = \"2\", memory = \"3GiB\", cpu_limit = \"2\", memory_limit = \"3GiB\" }}\n");
    wrong.extend(short(&heavy, "production", "k3s", 80));
    wrong.extend(short(include_str!("../everything.toml"), "production", "k3s", 9));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
