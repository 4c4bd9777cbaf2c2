//! The transfer service is in no profile; here it is on, in every mode, and everything that follows from it is there.

use serde_json::{Value, json};

use crate::compiled::{self, CATALOG};

fn documents(replicas: u8, profile: &str, mode: &str) -> Vec<(String, Value)> {
    let text = format!("lakehouse.name = \"lake\"\ncomponents.executor = {{ replicas = {replicas}, part_size = \"64MiB\" }}\n");
    let documents = compiled::documents(&CATALOG, &text, profile, mode);
    documents.into_iter().map(|document| (document.path.clone(), document.node.to_json())).collect()
}

fn get<'d>(documents: &'d [(String, Value)], path: &str) -> &'d Value {
    let found = documents.iter().find(|(name, _)| name == path);
    found.map(|(_, value)| value).unwrap_or_else(|| panic!("there is no {path}"))
}

#[test]
fn the_transfer_service_is_whole_on_kubernetes() {
    for (profile, mode, namespace) in [("development", "k3s-local", "s5cmd-dev"), ("production", "k3s", "s5cmd-prod")] {
        let documents = documents(3, profile, mode);
        let pod = &get(&documents, &format!("{namespace}/executor-deployment.yaml"))["spec"]["template"];
        assert_eq!(pod["metadata"]["annotations"]["prometheus.io/path"], "/metrics");
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["readinessProbe"]["httpGet"], json!({ "path": "/ready", "port": 8080 }));
        assert_eq!(container["livenessProbe"]["httpGet"], json!({ "path": "/health", "port": 8080 }));
        assert_eq!(container["volumeMounts"][0], json!({ "name": "scratch-1", "mountPath": "/tmp" }));
        let env = container["env"].as_array().unwrap();
        let value = |name: &str| env.iter().find(|entry| entry["name"] == name).map(|entry| entry["value"].clone());
        assert_eq!(value("EXECUTOR_PART_SIZE_BYTES"), Some(json!("67108864")));
        assert_eq!(value("EXECUTOR_STATE_PRIMARY").is_some(), profile == "production", "three servers have Sentinels");
        assert_eq!(value("EXECUTOR_PREFECT_USERNAME_FILE").is_some(), profile == "production", "the API asks who is there");
        let policy = get(&documents, &format!("{namespace}/executor-networkpolicy.yaml"));
        let ports: Vec<&Value> =
            policy["spec"]["egress"].as_array().unwrap().iter().map(|rule| &rule["ports"][0]["port"]).collect();
        assert!([9000, 4200, 6379].iter().all(|port| ports.contains(&&json!(port))), "{ports:?}");
    }
}

#[test]
fn the_transfer_service_is_whole_in_compose() {
    let documents = documents(1, "development", "compose");
    let service = &get(&documents, "docker-compose.yaml")["services"]["executor"];
    assert_eq!(service["healthcheck"]["test"], json!(["CMD", "/executor", "ready"]));
    assert_eq!(service["environment"]["EXECUTOR_STORE_URL"], "http://object-store:9000");
    assert_eq!(service["networks"], json!(["executor", "object-store", "prefect-server"]));
    assert_eq!(service["depends_on"]["object-store-init"]["condition"], "service_completed_successfully");
    assert_eq!(service["depends_on"]["prefect-server"], Value::Null, "callbacks are no reason to wait");
}
