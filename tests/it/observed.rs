//! What programs tell of themselves, as traces and as lines: who may look at a machine and how far, which share is kept, and that
//! nobody tells anybody who is not there.

use serde_json::{Value, json};

use crate::compiled::{self, CATALOG, OWN};

fn objects(text: &str, profile: &str, mode: &str) -> Vec<Value> {
    compiled::documents(&CATALOG, text, profile, mode).iter().map(|document| document.node.to_json()).collect()
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The only configuration of a program, out of its ConfigMap.
fn configuration(objects: &[Value], program: &str) -> String {
    let maps = objects.iter().filter(|object| object["kind"] == "ConfigMap");
    let mut own = maps.filter(|map| map["metadata"]["labels"]["app.kubernetes.io/instance"] == program);
    let data = own.next().unwrap_or_else(|| panic!("no ConfigMap of {program}"))["data"].as_object().unwrap();
    assert_eq!((data.len(), own.count()), (1, 0), "{program}");
    data.values().next().unwrap().as_str().unwrap().to_owned()
}

/// Whether a pod sees its machine decides the level of its namespace, and such a pod writes nothing there and is not root.
#[test]
fn only_who_reads_the_machine_is_let_to_it() {
    for (profile, mode) in [("staging", "k3s-local"), ("production", "k3s")] {
        let made = objects(OWN, profile, mode);
        let mut reading = Vec::new();
        for object in made.iter().filter(|object| object.to_string().contains("\"hostPath\"")) {
            let pod = &object["spec"]["template"]["spec"];
            let container = &pod["containers"][0];
            reading.push(object["metadata"]["namespace"].as_str().unwrap());
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_ne!(pod["securityContext"]["runAsUser"], 0);
            assert_eq!(pod["securityContext"]["supplementalGroups"], json!([0]));
            assert_eq!(container["securityContext"]["capabilities"], json!({ "drop": ["ALL"] }));
            let mounts = container["volumeMounts"].as_array().unwrap();
            let seen: Vec<&Value> = mounts.iter().filter(|mount| mount["mountPath"] == "/var/log/pods").collect();
            assert!(seen.len() == 1 && seen[0]["readOnly"] == true, "{seen:?}");
        }
        for namespace in made.iter().filter(|object| object["kind"] == "Namespace") {
            let level = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].as_str().unwrap();
            let reads = reading.contains(&namespace["metadata"]["name"].as_str().unwrap());
            assert_eq!(level, if reads { "privileged" } else { "restricted" }, "{namespace}");
        }
        assert_eq!(reading.len(), 1, "{profile} {mode}: {reading:?}");
        // A machine more has one more of it.
        let quotas = made.iter().filter(|object| object["kind"] == "ResourceQuota");
        let mut bounded = quotas.map(|quota| quota["metadata"]["namespace"].as_str().unwrap());
        assert!(bounded.all(|namespace| !reading.contains(&namespace)), "{profile} {mode}");
    }
}

#[test]
fn a_profile_says_which_share_of_traces_is_kept_and_where() {
    let staging = objects(OWN, "staging", "k3s-local");
    assert!(configuration(&staging, "otel-collector").contains("sampling_percentage: 100\n"));
    assert!(configuration(&staging, "jaeger").contains("max_traces: 50000"));
    let production = objects(OWN, "production", "k3s");
    assert!(configuration(&production, "otel-collector").contains("sampling_percentage: 10\n"));
    assert!(configuration(&production, "jaeger").contains("badger:"));
    let claims = &find(&production, "StatefulSet", "jaeger")["spec"]["volumeClaimTemplates"];
    assert_eq!(claims[0]["spec"]["resources"]["requests"]["storage"], "50Gi");
}

#[test]
fn lines_are_kept_in_a_bucket_of_their_own_or_on_a_volume() {
    let production = objects(OWN, "production", "k3s");
    let loki = configuration(&production, "loki");
    assert!(loki.contains("bucketnames: logs\n") && loki.contains("retention_period: 720h"), "{loki}");
    let init = find(&production, "Job", "object-store-init").to_string();
    assert!(init.contains("loki-bucket") && init.contains("only-logs.json"), "{init}");
    let container = &find(&production, "StatefulSet", "loki")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"], json!({ "name": "loki-bucket", "key": "username" }));
    let staging = objects(OWN, "staging", "k3s-local");
    let loki = configuration(&staging, "loki");
    assert!(loki.contains("object_store: filesystem") && loki.contains("retention_period: 168h"), "{loki}");
    assert!(!find(&staging, "Job", "object-store-init").to_string().contains("logs"));
}

/// Development is small: nobody traces and nobody keeps lines, until somebody asks for it.
#[test]
fn nobody_tells_of_himself_to_who_is_not_there() {
    let asked = format!("{OWN}\n[components.otel-collector]\n[components.jaeger]\n");
    for mode in ["compose", "k3s-local"] {
        let tells = |text: &str| objects(text, "development", mode).iter().any(|object| object.to_string().contains("OTEL_"));
        assert!(!tells(OWN) && tells(&asked), "{mode}");
    }
    let without = format!("{OWN}\n[components.otel-collector]\nenabled = false\n[components.jaeger]\nenabled = false\n");
    let words = ["OTEL_", "sitecustomize", "otlp", "4318", "login-traces", "jaeger"];
    for mode in ["k3s", "k3s-local", "compose"] {
        for object in objects(&without, "production", mode) {
            // Lines go over the same protocol, and stay.
            let is_of_lines = object.to_string().contains("log-collector") || object["metadata"]["name"] == "loki";
            let text = object.to_string();
            let found: Vec<&&str> = words.iter().filter(|word| text.contains(**word) && !is_of_lines).collect();
            assert!(found.is_empty() || text.contains("\"loki-"), "{mode} still tells of {found:?}: {text}");
        }
    }
}

/// Of what speaks of other pods, their names stay.
#[test]
fn who_speaks_of_others_keeps_their_names() {
    let production = objects(OWN, "production", "k3s");
    for (name, port) in [("kube-state-metrics", 8080), ("log-collector", 8889)] {
        let endpoints = find(&production, "PodMonitor", name)["spec"]["podMetricsEndpoints"].as_array().unwrap();
        let own: Vec<&Value> = endpoints.iter().filter(|endpoint| endpoint["portNumber"] == port).collect();
        assert!(own.len() == 1 && own[0]["honorLabels"] == true, "{endpoints:?}");
    }
    assert!(!find(&production, "PodMonitor", "prefect-server").to_string().contains("honorLabels"));
}
