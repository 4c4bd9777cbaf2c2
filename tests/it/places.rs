//! Real places: a registry of one's own, a proxy, a certificate authority. Nothing that runs may be left out.

use serde_json::Value;

use crate::compiled::{self, CATALOG, MODES, PROFILES, lakegen, run};

const CLOSED: &str = r#"
ca_bundle = """
-----BEGIN CERTIFICATE-----
MIIB
-----END CERTIFICATE-----
"""
[lakehouse]
name = "lake"
[images]
registry = "registry.example.com/mirror"
pull_secret = "pull"
[proxy]
url = "http://proxy.example.com:3128"
without = ["intra.example.com"]
"#;

/// Every value below a key, wherever it stands.
fn all<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key));
            map.values().for_each(|value| all(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

fn everywhere<'v>(documents: &'v [Value], keys: &[&str]) -> Vec<&'v Value> {
    let mut found = Vec::new();
    documents.iter().for_each(|document| keys.iter().for_each(|key| all(document, key, &mut found)));
    found
}

fn documents(profile: &str, mode: &str) -> Vec<Value> {
    compiled::documents(&CATALOG, CLOSED, profile, mode).iter().map(|document| document.node.to_json()).collect()
}

#[test]
fn every_image_comes_from_the_registry() {
    for (profile, mode) in PROFILES.iter().flat_map(|profile| MODES.map(|mode| (profile, mode))) {
        let documents = documents(profile, mode);
        let images = everywhere(&documents, &["image", "imageName"]);
        assert!(images.len() >= 8, "{profile} {mode} has {} images", images.len());
        let strange = images.iter().filter(|image| {
            let image = image.as_str().unwrap_or_default();
            !image.starts_with("registry.example.com/mirror/") || image.contains("ghcr.io")
        });
        assert_eq!(strange.collect::<Vec<_>>(), Vec::<&&Value>::new(), "{profile} {mode}");
    }
}

#[test]
fn every_pod_has_the_pull_secret_and_trusts_the_authority() {
    for profile in PROFILES {
        let documents = documents(profile, "k3s");
        for document in &documents {
            let templates = everywhere(std::slice::from_ref(document), &["template"]);
            let operated = (document["kind"] == "Cluster").then_some(&document["spec"]);
            let pods = templates.iter().map(|template| &template["spec"]).chain(operated);
            for pod in pods.filter(|pod| pod.get("serviceAccountName").is_some() || operated.is_some()) {
                assert_eq!(pod["imagePullSecrets"][0]["name"], "pull", "{}", document["metadata"]["name"]);
            }
            for container in templates.iter().flat_map(|template| template["spec"]["containers"].as_array().into_iter().flatten())
            {
                let Some(env) = container["env"].as_array() else { continue };
                let value = |name: &str| env.iter().find(|entry| entry["name"] == name).map(|entry| entry["value"].clone());
                assert_eq!(
                    value("HTTPS_PROXY"),
                    Some("http://proxy.example.com:3128".into()),
                    "{}",
                    document["metadata"]["name"]
                );
                assert!(value("NO_PROXY").unwrap().as_str().unwrap().ends_with(",intra.example.com"));
                assert_eq!(value("SSL_CERT_FILE"), Some("/etc/ca/bundle.crt".into()));
            }
        }
        let bundles = documents.iter().filter(|document| document["data"].get("bundle.crt").is_some()).count();
        let namespaces = documents.iter().filter(|document| document["kind"] == "Namespace").count();
        assert_eq!(bundles, namespaces, "one a namespace");
    }
}

#[test]
fn every_service_knows_the_proxy_and_the_authority() {
    let documents = documents("development", "compose");
    let file = documents.iter().find(|document| document.get("services").is_some()).unwrap();
    for (name, service) in file["services"].as_object().unwrap().iter().filter(|(_, service)| service["network_mode"] != "none") {
        assert_eq!(service["environment"]["HTTP_PROXY"], "http://proxy.example.com:3128", "{name}");
        let without = service["environment"]["NO_PROXY"].as_str().unwrap();
        let others = file["services"].as_object().unwrap().keys().filter(|other| !other.ends_with("-volumes"));
        others
            .for_each(|other| assert!(without.split(',').any(|host| host == other), "{name} reaches {other} through the proxy"));
        assert!(service["configs"].as_array().unwrap().iter().any(|config| config["target"] == "/etc/ca/bundle.crt"), "{name}");
    }
    assert_eq!(file["configs"]["ca"]["file"], "./files/ca.crt");
}

/// The secret is made by a person: nobody is told that it lacks.
#[test]
fn what_takes_from_a_registry_of_ones_own_is_judged_sound() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lakehouse.toml"), CLOSED).unwrap();
    run(lakegen().current_dir(folder.path()).args(["build", "--profile", "production", "--mode", "k3s", "--mode", "k3s-local"]));
}
