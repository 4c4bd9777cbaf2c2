//! A new component and a new mode are folders: tests/catalogs/trino and tests/catalogs/nomad, not a line of Rust.

use std::collections::BTreeMap;

use lakegen::document::Document;
use serde_json::{Value, json};

use crate::compiled::{self, MODES, OWN, PROFILES};

const WITH_TRINO: &str = r#"
lakehouse = { name = "lake", owner = "o'neil \"x\"", domain = "lake.example.com" }
components.trino = { workers = 3, memory = "3GiB" }
"#;

/// Documents by their paths, as JSON; text files as strings.
fn by_path(documents: &[Document]) -> BTreeMap<&str, Value> {
    documents.iter().map(|document| (document.path.as_str(), document.node.to_json())).collect()
}

fn trino(mode: &str) -> BTreeMap<String, Value> {
    let catalog = compiled::load(Some("trino"));
    let documents = compiled::documents(&catalog, WITH_TRINO, "development", mode);
    by_path(&documents).into_iter().map(|(path, value)| (path.to_owned(), value)).collect()
}

/// Who may talk to whom on which port, as one side's policy says.
fn peers(policy: &Value, way: &str, end: &str) -> Vec<String> {
    let rules = policy["spec"][way].as_array().into_iter().flatten();
    let peer = |rule: &Value| {
        let peer = &rule[end][0];
        let namespace = &peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"];
        let labels = peer["podSelector"]["matchLabels"].as_object().unwrap();
        let (label, name) = labels.iter().next().unwrap();
        format!(
            "{}/{} {}={}",
            namespace.as_str().unwrap(),
            rule["ports"][0]["port"],
            label.rsplit('/').next().unwrap(),
            name.as_str().unwrap()
        )
    };
    rules.map(peer).collect()
}

#[test]
fn a_component_is_a_folder_on_kubernetes() {
    let documents = trino("k3s-local");
    let of_trino: Vec<&str> = documents.keys().filter_map(|path| path.strip_prefix("trino-dev/")).collect();
    assert_eq!(
        of_trino,
        [
            "limitrange.yaml",
            "namespace.yaml",
            "networkpolicy-default-deny.yaml",
            "resourcequota.yaml",
            "trino-coordinator-configmap.yaml",
            "trino-coordinator-deployment.yaml",
            "trino-coordinator-ingress.yaml",
            "trino-coordinator-metrics-service.yaml",
            "trino-coordinator-networkpolicy.yaml",
            "trino-coordinator-service.yaml",
            "trino-coordinator-serviceaccount.yaml",
            "trino-worker-configmap.yaml",
            "trino-worker-deployment.yaml",
            "trino-worker-networkpolicy.yaml",
            "trino-worker-service.yaml",
            "trino-worker-serviceaccount.yaml",
        ]
    );
    let get = |name: &str| &documents[&format!("trino-dev/trino-{name}.yaml")];

    let (coordinator, worker) = (get("coordinator-deployment"), get("worker-deployment"));
    assert_eq!((&coordinator["spec"]["replicas"], &worker["spec"]["replicas"]), (&json!(1), &json!(3)));
    let container = &coordinator["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "trinodb/trino:480");
    assert_eq!(container["command"], json!(["/usr/lib/trino/bin/run-trino"]));
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"], json!({ "name": "trino-shared", "key": "secret" }));
    assert_eq!(
        container["env"][1],
        json!({ "name": "S3_ENDPOINT", "value": "http://object-store.minio-dev.svc.cluster.local:9000" })
    );
    assert_eq!(container["resources"]["limits"], json!({ "cpu": "2", "memory": "3Gi" }));
    assert_eq!(container["startupProbe"]["httpGet"], json!({ "path": "/v1/info/state", "port": 8080 }));
    assert_eq!(container["startupProbe"]["failureThreshold"], 90);
    assert_eq!(coordinator["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 125);
    let scraped = json!({ "prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics" });
    assert_eq!(coordinator["spec"]["template"]["metadata"]["annotations"], scraped);
    assert_eq!(worker["spec"]["template"]["metadata"]["annotations"], Value::Null);

    let ports = |name: &str, port: u16| json!([{ "name": name, "port": port, "targetPort": name, "protocol": "TCP", "appProtocol": "http" }]);
    assert_eq!(get("coordinator-service")["spec"]["ports"], ports("sql", 8080));
    assert_eq!(get("worker-service")["spec"]["ports"], ports("exchange", 8081));
    assert_eq!(get("coordinator-ingress")["spec"]["rules"][0]["host"], "trino.lake.example.com");
    // One machine has none, for it could never be emptied.
    assert_eq!(trino("k3s")["trino-dev/trino-worker-poddisruptionbudget.yaml"]["spec"]["maxUnavailable"], 1);

    let data = &get("worker-configmap")["data"];
    let config = data["etc-trino-config.properties"].as_str().unwrap();
    assert!(config.starts_with("coordinator=false\nhttp-server.http.port=8081\n"), "{config}");
    assert!(config.contains("\ndiscovery.uri=http://trino-coordinator.trino-dev.svc.cluster.local:8080\n"), "{config}");
    let rules: Value = serde_json::from_str(data["etc-trino-rules.json"].as_str().unwrap()).unwrap();
    assert_eq!(rules["catalogs"][0]["owner"], "o'neil \"x\"");

    let waves = ["coordinator-deployment", "worker-deployment"]
        .map(|name| get(name)["metadata"]["annotations"]["lakegen.dev/wave"].clone());
    assert_eq!(waves, [json!("1"), json!("2")], "after the object store, one after the other");
    let resources: Vec<&str> =
        documents["kustomization.yaml"]["resources"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(resources.iter().filter(|path| path.starts_with("trino-dev/")).count(), of_trino.len());
}

#[test]
fn a_component_is_a_folder_to_the_network() {
    let documents = trino("k3s-local");
    let policy = |path: &str| &documents[&format!("{path}-networkpolicy.yaml")];
    let dns = "kube-system/53 k8s-app=kube-dns";
    let (coordinator, worker, store) =
        (policy("trino-dev/trino-coordinator"), policy("trino-dev/trino-worker"), policy("minio-dev/object-store"));
    let (to_store, to_coordinator, to_worker) = (
        "minio-dev/9000 instance=object-store",
        "trino-dev/8080 instance=trino-coordinator",
        "trino-dev/8081 instance=trino-worker",
    );
    assert_eq!(peers(coordinator, "egress", "to"), [dns, to_store, to_worker]);
    assert_eq!(peers(worker, "egress", "to"), [dns, to_coordinator, to_store]);
    assert_eq!(
        peers(coordinator, "ingress", "from"),
        ["monitoring-dev/8080 instance=prometheus", "trino-dev/8080 instance=trino-worker", "kube-system/8080 name=traefik"],
        "who asks what it measures, its workers, and the edge"
    );
    assert_eq!(peers(worker, "ingress", "from"), ["trino-dev/8081 instance=trino-coordinator"]);
    let into_store = peers(store, "ingress", "from");
    for name in ["trino-coordinator", "trino-worker"] {
        assert!(into_store.contains(&format!("trino-dev/9000 instance={name}")), "the other side knows: {into_store:?}");
    }
}

#[test]
fn a_component_is_a_folder_to_compose() {
    let documents = trino("compose");
    let services = &documents["docker-compose.yaml"]["services"];
    let (coordinator, worker) = (&services["trino-coordinator"], &services["trino-worker"]);
    assert_eq!(coordinator["networks"], json!(["object-store", "trino-coordinator", "trino-worker", "trino-coordinator-edge"]));
    assert_eq!(worker["networks"], json!(["object-store", "trino-coordinator", "trino-worker"]));
    assert_eq!(
        coordinator["depends_on"],
        json!({ "object-store": { "condition": "service_healthy" } }),
        "it does not wait for workers"
    );
    let both =
        json!({ "trino-coordinator": { "condition": "service_healthy" }, "object-store": { "condition": "service_healthy" } });
    assert_eq!(worker["depends_on"], both);
    let port = json!([{ "host_ip": "127.0.0.1", "published": "8080", "target": 8080, "protocol": "tcp", "mode": "host" }]);
    assert_eq!((&coordinator["ports"], &worker["ports"]), (&port, &Value::Null));
    assert_eq!(worker["deploy"]["replicas"], 3);
    assert_eq!(worker["deploy"]["resources"]["limits"], json!({ "cpus": "2", "memory": "3221225472" }));
    assert_eq!(worker["environment"], json!({ "S3_ENDPOINT": "http://object-store:9000" }));
    assert_eq!(worker["secrets"], json!([{ "source": "trino-shared-secret", "target": "/etc/secrets/trino-shared/secret" }]));
    assert_eq!(coordinator["healthcheck"]["test"], json!(["CMD", "/usr/lib/trino/bin/health-check"]));
    assert_eq!(
        documents["docker-compose.yaml"]["secrets"]["trino-shared-secret"],
        json!({ "file": "./secrets/trino-shared-secret" })
    );
    assert_eq!(coordinator["labels"]["lakegen.dev/owner"], "o'neil \"x\"");

    let config = documents["files/trino-coordinator/etc-trino-config.properties"].as_str().unwrap();
    assert!(
        config.contains("coordinator=true\nhttp-server.http.port=8080\ndiscovery.uri=http://trino-coordinator:8080\n"),
        "{config}"
    );
    assert!(config.contains("\nquery.max-execution-time=30m\n"), "{config}");
    // The file is what Trino reads, not a string that holds what Trino reads.
    let catalog = compiled::load(Some("trino"));
    let documents = compiled::documents(&catalog, WITH_TRINO, "development", "compose");
    let rules = documents.iter().find(|document| document.path == "files/trino-worker/etc-trino-rules.json").unwrap();
    let rules: Value = serde_json::from_str(&rules.print()).unwrap();
    assert_eq!(rules["catalogs"][0]["owner"], "o'neil \"x\"");
    let readme = documents.iter().find(|document| document.path == "README.md").unwrap().print();
    assert!(readme.contains("\n- trino-coordinator: http://localhost:8080\n"), "{readme}");
    assert!(readme.contains("lakegen secrets init"), "{readme}");
}

#[test]
fn a_component_is_in_the_schema_and_is_checked() {
    let folder = compiled::tests().join("catalogs/trino");
    let printed = compiled::run(compiled::lakegen().args(["schema", "--catalog"]).arg(&folder)).stdout;
    let schema: Value = serde_json::from_slice(&printed).unwrap();
    let trino = &schema["properties"]["components"]["properties"]["trino"];
    assert_eq!(trino["description"], "Trino: SQL over the lakehouse, one coordinator and its workers");
    assert_eq!(
        (&trino["properties"]["workers"]["maximum"], &trino["properties"]["workers"]["default"]),
        (&json!(100), &json!(2))
    );
    assert_eq!(trino["properties"]["memory"]["x-type"], "size");
    assert_eq!(trino["properties"]["enabled"]["type"], "boolean");

    let catalog = compiled::load(Some("trino"));
    let wrong = "lakehouse.name = \"a\"\n[components.trino]\nworkers = 101\nmemory = 3\nworker = 1\n[components.object-store]\nenabled = false\n";
    let diags = compiled::try_compile(&catalog, &compiled::input(wrong, "development"), &["compose"]).err().unwrap();
    let told = compiled::told(&diags);
    let expect = [
        "101 is more than the maximum of 100 at lakehouse.toml:3",
        "3 has no unit at lakehouse.toml:4",
        "there is no key worker here at lakehouse.toml:5",
    ];
    assert!(expect.iter().all(|expected| told.iter().any(|told| told.contains(expected))), "{told:#?}");
}

#[test]
fn a_mode_is_a_folder() {
    let catalog = compiled::load(Some("nomad"));
    let text = format!("{OWN}\n[nomad]\ndatacenter = \"fra\"\npriority = 70\n[components.prefect]\nreplicas = 2\n");
    let documents = compiled::documents(&catalog, &text, "development", "nomad");
    let values = by_path(&documents);
    let postgresql = &values["prefect-dev/postgresql.nomad.json"]["Job"];
    assert_eq!(
        (&postgresql["Type"], &postgresql["Priority"], &postgresql["Datacenters"]),
        (&json!("service"), &json!(70), &json!(["fra"]))
    );
    let group = &postgresql["TaskGroups"][0];
    assert_eq!(group["Networks"][0], json!({ "Mode": "bridge", "ReservedPorts": [{ "Label": "sql", "Value": 5432 }] }));
    let task = &group["Tasks"][0];
    assert_eq!(task["Config"]["args"].as_array().unwrap().len(), 5);
    assert_eq!(
        (&task["Resources"], &task["KillTimeout"]),
        (&json!({ "CPU": 250, "MemoryMB": 512, "MemoryMaxMB": 1024 }), &json!(60_000_000_000_u64))
    );
    assert_eq!(task["Env"]["POSTGRES_DB"], "prefect");
    let server = &values["prefect-dev/prefect-server.nomad.json"]["Job"]["TaskGroups"][0];
    assert_eq!(server["Count"], 2);
    let env = &server["Tasks"][0]["Env"];
    assert_eq!(env["PREFECT_SERVER_DATABASE_HOST"], "postgresql.service.consul", "the mode says how workloads are reached");
    assert_eq!(env["PREFECT_SERVER_UI_API_URL"], "https://prefect.lake.example.com/api", "and where people reach them");
    assert_eq!(values["prefect-dev/prefect-migrate.nomad.json"]["Job"]["Type"], "batch");
    let script = server["Tasks"][0]["Templates"][0]["EmbeddedTmpl"].as_str().unwrap();
    assert!(script.starts_with("#!/bin/sh\n") && script.contains("@\"valkey.service.consul:6379/1\n"), "{script}");

    let workloads = documents.iter().filter(|document| document.path.ends_with(".nomad.json"));
    let jobs: Vec<&str> = workloads.map(|document| document.path.as_str()).collect();
    assert_eq!(jobs.len(), 12, "one job a workload");
    let readme = values["README.md"].as_str().unwrap();
    assert!(readme.starts_with("# crypto-lakehouse on Nomad, profile development\n"), "{readme}");
    assert!(readme.contains("\n- prefect-server: https://prefect.lake.example.com"), "{readme}");
    let order = |job: &str| readme.find(&format!("nomad job run {job}.nomad.json")).unwrap();
    assert!(order("prefect-dev/postgresql") < order("prefect-dev/prefect-migrate"), "{readme}");
    assert!(order("prefect-dev/prefect-migrate") < order("prefect-dev/prefect-server"), "{readme}");
    // What is printed is JSON, and the same values.
    for document in documents.iter().filter(|document| document.path.ends_with(".json")) {
        assert_eq!(serde_json::from_str::<Value>(&document.print()).unwrap(), document.node.to_json());
    }
}

#[test]
fn a_catalog_on_top_changes_nothing_else() {
    let trino = compiled::load(Some("trino"));
    for profile in PROFILES {
        for mode in MODES {
            let print = |documents: Vec<Document>| {
                documents.iter().map(|document| (document.path.clone(), document.print())).collect::<Vec<_>>()
            };
            let with = print(compiled::documents(&trino, OWN, profile, mode));
            let without = print(compiled::documents(&compiled::CATALOG, OWN, profile, mode));
            assert!(with == without, "{profile} {mode}: a component that nobody asked for shows");
        }
    }
}

const WITH_WIKI: &str = "lakehouse.name = \"lake\"\ncomponents.wiki = {}\n";

/// A component with a database of its own, a bucket's store, a metrics port and a secret takes one small folder.
#[test]
fn a_component_asks_for_a_database() {
    let folder = compiled::tests().join("catalogs/wiki/templates/components/wiki");
    let lines = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().lines().count();
    assert!(lines("component.toml") + lines("workloads.yaml.j2") <= 60);
    let catalog = compiled::load(Some("wiki"));
    let of = |mode: &str| {
        let documents = compiled::documents(&catalog, WITH_WIKI, "development", mode);
        let found: BTreeMap<String, Value> =
            by_path(&documents).into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
        found
    };
    let compose = of("compose");
    let services = &compose["docker-compose.yaml"]["services"];
    assert_eq!(services["wiki"]["depends_on"]["postgresql-databases"]["condition"], "service_completed_successfully");
    let reads: Vec<&Value> =
        services["postgresql-databases"]["secrets"].as_array().unwrap().iter().map(|s| &s["source"]).collect();
    assert_eq!(reads, ["postgresql-owner-password", "wiki-database-username", "wiki-database-password"]);
    let policy = compose["files/object-store-init/etc-lakehouse-only-wiki.json"].as_str().unwrap();
    assert_eq!(policy.matches("arn:aws:s3:::").count(), 2, "its user enters its own bucket alone: {policy}");
    let script = compose["files/object-store-init/etc-lakehouse-buckets.sh"].as_str().unwrap();
    assert!(script.contains("make store/wiki\n") && script.contains("user only-wiki wiki-bucket\n"), "{script}");
    for mode in ["k3s-local", "k3s"] {
        let objects = of(mode);
        let init = &objects["minio-dev/object-store-init-configmap.yaml"]["data"];
        assert_eq!(init["etc-lakehouse-only-wiki.json"].as_str(), Some(policy), "{mode}");
        let bucket = objects["README.md"].as_str().unwrap().matches("secret generic wiki-bucket").count();
        assert_eq!(bucket, 2, "{mode}: the secret is where it is read, and where the bucket is made");
        let pod = &objects["wiki-dev/wiki-deployment.yaml"]["spec"]["template"];
        assert_eq!(pod["metadata"]["annotations"]["prometheus.io/port"], "3100");
        let readme = objects["README.md"].as_str().unwrap();
        for namespace in ["prefect-dev", "wiki-dev"] {
            let made = format!("kubectl -n {namespace} create secret generic wiki-database --type=kubernetes.io/basic-auth");
            assert!(readme.contains(&made), "{readme}");
        }
    }
    let operated = of("k3s");
    let database = &operated["prefect-dev/postgresql-wiki-database.yaml"]["spec"];
    assert_eq!(*database, json!({ "cluster": { "name": "postgresql" }, "name": "wiki", "owner": "wiki" }));
    let role = &operated["prefect-dev/postgresql-cluster.yaml"]["spec"]["managed"]["roles"][0];
    assert_eq!((&role["name"], &role["passwordSecret"]["name"]), (&json!("wiki"), &json!("wiki-database")));
}
