//! The object store: many servers as each mode spells them, engines that are data, others' stores that stand in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::compiled::{self, CATALOG, PROFILES};

/// The documents of a lakehouse by their paths, with `said` in the store's table.
fn built(said: &str, profile: &str, mode: &str) -> BTreeMap<String, Value> {
    let text = format!("[lakehouse]\nname = \"lake\"\n[components.object-store]\n{said}\n");
    let documents = compiled::documents(&CATALOG, &text, profile, mode);
    documents.iter().map(|document| (document.path.clone(), document.node.to_json())).collect()
}

fn env(container: &Value, name: &str) -> Value {
    let all = container["env"].as_array().unwrap().iter();
    all.filter(|entry| entry["name"] == name).map(|entry| entry["value"].clone()).next().unwrap_or_default()
}

#[test]
fn several_servers_find_each_other_on_kubernetes() {
    let documents = built("", "production", "k3s");
    let get = |name: &str| &documents[&format!("minio-prod/object-store{name}.yaml")];
    let spec = &get("-statefulset")["spec"];
    assert_eq!((&spec["replicas"], &spec["podManagementPolicy"]), (&json!(4), &json!("Parallel")));
    assert_eq!(spec["updateStrategy"]["type"], "OnDelete", "old and new refuse each other");
    assert_eq!(spec["serviceName"], "object-store-peers");
    let container = &spec["template"]["spec"]["containers"][0];
    let drives = "http://object-store-{0...3}.object-store-peers.minio-prod.svc.cluster.local:9000/data{1...4}";
    assert_eq!(container["args"][1], drives);
    assert_eq!(env(container, "MINIO_STORAGE_CLASS_STANDARD"), "EC:4");
    let sizes = spec["volumeClaimTemplates"].as_array().unwrap().iter();
    assert!(sizes.map(|claim| &claim["spec"]["resources"]["requests"]["storage"]).all(|size| size == "8334G"), "{spec:#}");
    assert_eq!(spec["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"], "DoNotSchedule");
    assert_eq!(spec["template"]["spec"]["securityContext"]["fsGroup"], 1000);

    let peers = &get("-peers-service")["spec"];
    assert_eq!((&peers["clusterIP"], &peers["publishNotReadyAddresses"]), (&json!("None"), &json!(true)));
    assert_eq!(get("-poddisruptionbudget")["spec"]["maxUnavailable"], 1);
    for way in ["ingress", "egress"] {
        let rules = get("-networkpolicy")["spec"][way].to_string();
        assert!(rules.contains(r#"{"app.kubernetes.io/instance":"object-store"}"#), "{way}: {rules}");
    }
}

#[test]
fn several_servers_are_services_of_their_own_in_compose() {
    let documents = built("", "production", "compose");
    let file = &documents["docker-compose.yaml"];
    let services = file["services"].as_object().unwrap();
    let servers: Vec<&String> = services.keys().filter(|name| name.starts_with("object-store") && name.len() == 14).collect();
    assert_eq!(servers, ["object-store-0", "object-store-1", "object-store-2", "object-store-3"]);
    for (ordinal, name) in servers.iter().enumerate() {
        let service = &services[*name];
        assert_eq!(service["command"][1], "http://object-store-{0...3}:9000/data{1...4}");
        assert_eq!(service["networks"]["object-store"], json!({ "aliases": ["object-store"] }));
        assert_eq!(service["ports"].is_array(), ordinal == 0, "a port of this machine is one server's");
        assert_eq!(service["volumes"][0]["source"], format!("{name}-data1"));
        for waits in ["object-store-init", "prefect-worker-general"] {
            assert_eq!(services[waits]["depends_on"][*name]["condition"], "service_healthy", "{waits}");
        }
    }
    let volumes = file["volumes"].as_object().unwrap().keys().filter(|name| name.starts_with("object-store-")).count();
    assert_eq!(volumes, 16);
}

/// What stands in for the store is what its consumers speak to, and nothing of the store runs here.
#[test]
fn a_store_of_others_stands_in() {
    let external = "external = { host = \"s3.example.com\", port = 8443, secret = \"their-store\", tls = true }";
    // The cloud makes no bucket that a component asks for, which is told: who asks for one keeps things elsewhere.
    let cloud = "engine = \"s3\"\nregion = \"eu-central-1\"\nbackup_bucket = \"lake-backups\"\n[profile.production.components.loki]\nin_object_store = false";
    for (profile, environment) in PROFILES.iter().zip(["dev", "staging", "prod"]) {
        for (said, url, secret, backups) in [
            (external, "https://s3.example.com:8443", "their-store", "their-store"),
            (cloud, "https://s3.eu-central-1.amazonaws.com:443", "object-store-client", "object-store-backup"),
        ] {
            let documents = built(said, profile, "k3s");
            let ours: Vec<&String> = documents.keys().filter(|path| path.contains("/object-store")).collect();
            assert!(ours.is_empty(), "{profile}: {ours:?}");
            let of_prefect = |name: &str| &documents[&format!("prefect-{environment}/prefect-worker-general-{name}.yaml")];
            let container = &of_prefect("deployment")["spec"]["template"]["spec"]["containers"][0];
            assert_eq!(env(container, "AWS_ENDPOINT_URL_S3"), url);
            assert!(container["env"].to_string().contains(&format!("\"name\":\"{secret}\"")), "{container}");
            let way_out = of_prefect("networkpolicy")["spec"]["egress"].to_string();
            assert!(way_out.contains("0.0.0.0/0"), "{way_out}");
            if let Some(store) = documents.get(&format!("prefect-{environment}/postgresql-objectstore.yaml")) {
                let there = &store["spec"]["configuration"];
                assert_eq!(
                    (&there["endpointURL"], &there["s3Credentials"]["accessKeyId"]["name"]),
                    (&json!(url), &json!(backups))
                );
            }
            let readme = documents["README.md"].as_str().unwrap();
            for words in ["the buckets bronze, silver, gold", "old versions are kept in bronze", secret] {
                assert!(readme.contains(words), "{words} is not in\n{readme}");
            }
            let compose = built(said, profile, "compose");
            assert!(compose["README.md"].as_str().unwrap().contains("- the buckets bronze, silver, gold\n"), "{profile}");
            let services = compose["docker-compose.yaml"]["services"].as_object().unwrap();
            assert!(services.keys().all(|name| !name.starts_with("object-store")));
            let networks = services["prefect-worker-general"]["networks"].to_string();
            assert!(networks.contains("outside"), "the other networks lead nowhere: {networks}");
        }
    }
}

/// Clients enter the buckets of the data and no other, and each rule of a bucket's life is there once.
#[test]
fn users_may_do_what_they_need() {
    let documents = built("", "production", "compose");
    let file = |name: &str| documents[&format!("files/object-store-init/etc-lakehouse-{name}")].as_str().unwrap().to_owned();
    let [client, backup] = ["client.json", "backup.json"].map(|name| serde_json::from_str::<Value>(&file(name)).unwrap());
    assert_eq!(client["Statement"][0]["Resource"], json!(["arn:aws:s3:::bronze", "arn:aws:s3:::silver", "arn:aws:s3:::gold"]));
    assert_eq!(backup["Statement"][0]["Resource"], json!(["arn:aws:s3:::backups"]));
    for policy in [&client, &backup] {
        assert!(!policy.to_string().contains("s3:*") && !policy.to_string().contains("admin:"), "{policy}");
    }
    let script = file("buckets.sh");
    assert!(!script.contains("readwrite") && !script.contains("ilm rule add"), "{script}");
    assert_eq!(script.matches("ilm rule import store/gold").count(), 1);
    let life: Value = serde_json::from_str(&file("gold-lifecycle.json")).unwrap();
    assert_eq!(life["Rules"][0]["NoncurrentVersionExpiration"], json!({ "NoncurrentDays": 30 }));
}

#[test]
fn every_engine_is_made_in_every_mode() {
    let plain = "buckets = { bronze.versioning = false, silver.versioning = false, gold.versioning = false }";
    for (engine, said, image, user) in [
        ("silo", "", "pgsty/silo:", 1000),
        ("minio", "", "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z@sha256:", 1000),
        ("rustfs", "users = false", "rustfs/rustfs:", 10001),
        ("seaweedfs", "", "chrislusf/seaweedfs:", 1000),
        ("garage", plain, "dxflrs/garage:", 1000),
    ] {
        let said = format!("engine = \"{engine}\"\n{said}");
        let service = built(&said, "development", "compose")["docker-compose.yaml"]["services"]["object-store"].clone();
        assert!(service["image"].as_str().unwrap().starts_with(image), "{engine}: {}", service["image"]);
        assert_eq!(service["user"], format!("{user}:{user}"), "{engine}");
        assert_eq!(service["read_only"], true, "{engine}");
        let set =
            &built(&said, "development", "k3s-local")["minio-dev/object-store-statefulset.yaml"]["spec"]["template"]["spec"];
        assert_eq!(set["securityContext"]["runAsUser"], user, "{engine}");
        assert!(set["containers"][0]["readinessProbe"]["httpGet"]["path"].is_string(), "{engine}");
    }
}

/// What a person must know before it happens stands in the README.
#[test]
fn the_readme_tells_what_a_loss_means() {
    let readme = built("", "production", "k3s")["README.md"].as_str().unwrap().to_owned();
    for words in [
        "4 × 4 × 8334GB = 133.3TB raw",
        "100.0TB usable",
        "reading needs 12 of them, writing 12",
        "With one server lost 12",
        "With one zone of 3 lost 8",
    ] {
        assert!(readme.contains(words), "{words} is not in\n{readme}");
    }
    assert!(!readme.contains("rollout status statefulset/object-store"), "it waits for no rollout of pods that people delete");
    let readme = built("engine = \"minio\"", "development", "compose")["README.md"].as_str().unwrap().to_owned();
    assert!(readme.contains("frozen in September 2025"), "{readme}");
}
