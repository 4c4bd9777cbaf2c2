//! A closed network: a registry of one's own with its pull secret, a proxy and an authority reach every container of every pod,
//! also of those that operators and Prefect make.

use std::collections::BTreeSet;

use lakegen::document::Document;
use serde_json::Value;

use crate::compiled::{self, CATALOG, PROFILES};

const CLOSED: &str = r#"
[lakehouse]
name = "lake"
[images]
registry = "registry.example.com/mirror"
pull_secret = "mirror"
[proxy]
url = "http://proxy.example.com:3128"
[components.executor]
[components.postgresql]
pooler = 1
[components.prefect]
pools.heavy.type = "kubernetes"
"#;
const AUTHORITY: &str = "ca_bundle = \"\"\"\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\"\"\"\n";

/// Objects whose pods an operator makes, with what it takes from them and what it has no word for.
const OPERATED: &[(&str, &[&str])] = &[
    ("Cluster", &["image", "pull secret"]),
    ("Pooler", &["image", "pull secret"]),
    ("Prometheus", &["image", "pull secret"]),
    ("Alertmanager", &["image", "pull secret", "proxy", "authority"]),
];

fn built(profile: &str, mode: &str) -> Vec<Document> {
    compiled::documents(&CATALOG, &(AUTHORITY.to_owned() + CLOSED), profile, mode)
}

/// Every table with a list of containers in it: pods, wherever somebody makes them of it.
fn pods<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(entries) => {
            if value["containers"].is_array() && !value["alertmanagerConfiguration"].is_object() {
                found.push(value);
            }
            entries.values().for_each(|value| pods(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| pods(item, found)),
        _ => {}
    }
}

fn lacks(pod: &Value, container: &Value) -> Vec<&'static str> {
    let text = container.to_string();
    let mut lacks = Vec::new();
    if !pod["imagePullSecrets"].as_array().is_some_and(|secrets| secrets.iter().any(|secret| secret["name"] == "mirror")) {
        lacks.push("pull secret");
    }
    if !text.contains("\"registry.example.com/mirror/") && !text.contains("{{ image }}") {
        lacks.push("image");
    }
    if !text.contains("http://proxy.example.com:3128") {
        lacks.push("proxy");
    }
    if !text.contains("/etc/ca/bundle.crt") || !pod["volumes"].to_string().contains("\"ca-") {
        lacks.push("authority");
    }
    lacks
}

#[test]
fn every_pod_on_kubernetes_is_closed() {
    let mut operated = BTreeSet::new();
    for (profile, mode) in PROFILES.iter().flat_map(|profile| [(profile, "k3s-local"), (profile, "k3s")]) {
        let documents = built(profile, mode);
        let mut objects: Vec<Value> = documents.iter().map(|document| document.node.to_json()).collect();
        let jobs = objects.iter().filter_map(|object| object["data"].as_object()).flat_map(|data| data.values());
        let jobs: Vec<Value> = jobs.filter_map(|text| serde_json::from_str(text.as_str()?).ok()).collect();
        objects.extend(jobs);
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for object in objects.iter().filter(|object| object["kind"] != "Pooler") {
            let mut found = Vec::new();
            pods(object, &mut found);
            let all = |pod: &'_ Value| -> Vec<Value> {
                ["containers", "initContainers"].iter().flat_map(|key| pod[key].as_array().cloned().unwrap_or_default()).collect()
            };
            let containers = found.iter().flat_map(|pod| all(pod).into_iter().map(|one| (*pod, one)));
            for (pod, container) in containers {
                seen += 1;
                let lacks = lacks(pod, &container);
                wrong.extend((!lacks.is_empty()).then(|| format!("{}: {lacks:?}", object["metadata"]["name"])));
            }
        }
        assert!(wrong.is_empty() && seen > 10, "{profile} {mode}, {seen} containers: {wrong:#?}");
        for (kind, takes) in OPERATED {
            for object in objects.iter().filter(|object| object["kind"] == *kind) {
                let text = object.to_string();
                operated.insert(*kind);
                for (word, sign) in [
                    ("image", "\"registry.example.com/mirror/"),
                    ("pull secret", "imagePullSecrets"),
                    ("proxy", "http://proxy.example.com:3128"),
                    ("authority", "/etc/ca/bundle.crt"),
                ] {
                    assert!(!takes.contains(&word) || text.contains(sign), "{profile} {mode} {kind}: no {word}");
                }
            }
        }
        let readme = documents.iter().find(|document| document.path == "README.md").expect("there is a README").print();
        for namespace in objects.iter().filter(|object| object["kind"] == "Namespace") {
            let made = format!("kubectl -n {} create secret generic mirror ", namespace["metadata"]["name"].as_str().unwrap());
            assert!(readme.contains(&made), "{profile} {mode}: who reads the README does not make the secret: {made}");
        }
    }
    assert_eq!(operated.len(), OPERATED.len(), "of the kinds whose pods operators make there are only {operated:?}");
}

/// Who sends backups to a store of the company's, and who restores them, trusts whom the company trusts.
#[test]
fn who_makes_backups_trusts_the_authority() {
    let documents = built("production", "k3s");
    let objects: Vec<Value> = documents.iter().map(|document| document.node.to_json()).collect();
    let of = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).collect::<Vec<_>>();
    let (clusters, stores) = (of("Cluster"), of("ObjectStore"));
    assert_eq!((clusters.len(), stores.len()), (1, 2));
    for store in stores {
        let env = store["spec"]["instanceSidecarConfiguration"]["env"].to_string();
        assert!(env.contains("/projected/bundle.crt") && env.contains("proxy.example.com"), "{env}");
    }
    let volume = &clusters[0]["spec"]["projectedVolumeTemplate"]["sources"][0]["configMap"]["name"];
    let named = |name: &str| of("ConfigMap").iter().filter(|map| map["metadata"]["name"] == *name).count();
    assert!(named(volume.as_str().expect("it has the certificates")) > 1);
    let drill = of("ConfigMap").into_iter().find(|map| map["metadata"]["name"].as_str().unwrap().starts_with("drill-database-"));
    assert!(drill.expect("what it restores into").to_string().contains(&format!("{volume}").replace('"', "")));
}

#[test]
fn every_service_of_compose_is_closed() {
    let text = CLOSED.replace("pools.heavy.type = \"kubernetes\"", "");
    for profile in ["development", "production"] {
        let documents = compiled::documents(&CATALOG, &(AUTHORITY.to_owned() + &text), profile, "compose");
        let file = documents.iter().find(|document| document.path == "docker-compose.yaml").unwrap().node.to_json();
        for (name, service) in file["services"].as_object().unwrap() {
            assert!(
                service["image"].as_str().unwrap().starts_with("registry.example.com/mirror/"),
                "{name}: {}",
                service["image"]
            );
            // What gives a volume to its user talks to nobody.
            if service["network_mode"] == "none" {
                continue;
            }
            let variables = &service["environment"];
            assert_eq!(variables["HTTPS_PROXY"], "http://proxy.example.com:3128", "{name}");
            assert_eq!(variables["SSL_CERT_FILE"], "/etc/ca/bundle.crt", "{name}");
            assert!(service["configs"].as_array().unwrap().iter().any(|config| config["source"] == "ca"), "{name}");
        }
    }
}
