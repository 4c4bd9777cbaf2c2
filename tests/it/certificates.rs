//! TLS from client to server: who shows a certificate, who checks it, and what becomes of it as time passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lakegen::diagnostic::Diagnostics;
use lakegen::host::Memory;
use lakegen::{certificate, graph, lakehouse, secrets};
use serde_json::{Value, json};

use crate::compiled::{self, CATALOG};

const TLS: &str = r#"
[lakehouse]
name = "lake"
[components.postgresql]
tls = true
[components.valkey]
tls = true
[components.object-store]
tls = true
"#;
const DAY_S: u64 = 86_400;
const START_S: u64 = 20_000 * DAY_S;

fn wanted(mode: &str) -> secrets::Wanted {
    let mut diags = Diagnostics::default();
    let input = compiled::input(TLS, "development");
    let lakehouse = lakehouse::read(&CATALOG, &input, &mut diags).unwrap();
    let graph = graph::build(&lakehouse, CATALOG.mode(mode).unwrap(), &mut diags).unwrap();
    secrets::files(&graph, Path::new("/out"), &mut diags).unwrap()
}

fn files(host: &Memory) -> BTreeMap<PathBuf, String> {
    let text = |(path, content): (PathBuf, lakegen::host::Content)| (path, String::from_utf8(content.bytes).unwrap());
    host.files().into_iter().map(text).collect()
}

#[test]
fn certificates_are_made_once_and_renewed_when_they_end() {
    let (host, wanted) = (Memory::new(), wanted("compose"));
    assert_eq!(wanted.pairs.len(), 3);
    host.set_clock(START_S);
    let done = secrets::init(&host, &wanted, &mut Diagnostics::default()).unwrap();
    assert_eq!((done.kept, done.ending), (0, 0));
    let first = files(&host);
    let of = |name: &str| first[&PathBuf::from(format!("/out/secrets/{name}"))].clone();
    assert_eq!(of("valkey-tls-ca.crt"), of("authority.crt"));
    assert_eq!(of("object-store-tls-ca.crt"), of("authority.crt"));
    assert!(of("valkey-tls-tls.key").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let ends = |pem: &str| certificate::ends_s(pem).unwrap();
    assert_eq!(ends(&of("valkey-tls-tls.crt")), START_S + certificate::LEAF_DAYS * DAY_S);
    assert_eq!(ends(&of("authority.crt")), START_S + certificate::AUTHORITY_DAYS * DAY_S);

    // A year later it is told, and nothing is changed without being asked.
    host.set_clock(START_S + 370 * DAY_S);
    let done = secrets::init(&host, &wanted, &mut Diagnostics::default()).unwrap();
    assert_eq!((done.written, done.ending), (0, 3));
    assert_eq!(files(&host), first);
    assert_eq!(secrets::renew(&host, &wanted, false, &mut Diagnostics::default()).unwrap(), 3);
    let second = files(&host);
    let changed: Vec<_> = first.keys().filter(|path| first[*path] != second[*path]).collect();
    assert!(changed.iter().all(|path| path.to_string_lossy().ends_with("tls.crt")), "{changed:?}");
    assert_eq!(secrets::renew(&host, &wanted, false, &mut Diagnostics::default()).unwrap(), 0, "none ends soon any more");
    assert_eq!(secrets::renew(&host, &wanted, true, &mut Diagnostics::default()).unwrap(), 3);

    // Before the authority ends it is renewed with its key, so that what it signed before is still known.
    host.set_clock(START_S + 3_600 * DAY_S);
    secrets::renew(&host, &wanted, false, &mut Diagnostics::default()).unwrap();
    let third = files(&host);
    let of = |files: &BTreeMap<PathBuf, String>, name: &str| files[&PathBuf::from(format!("/out/secrets/{name}"))].clone();
    assert_ne!(of(&third, "authority.crt"), of(&second, "authority.crt"));
    assert_eq!(of(&third, "authority.key"), of(&second, "authority.key"));
    assert_eq!(of(&third, "postgresql-tls-ca.crt"), of(&third, "authority.crt"));
}

#[test]
fn one_half_of_a_pair_is_told() {
    let (host, wanted) = (Memory::new(), wanted("compose"));
    host.put("/out/secrets/valkey-tls-tls.key", "mine");
    let mut diags = Diagnostics::default();
    assert!(secrets::init(&host, &wanted, &mut diags).is_err());
    assert!(
        compiled::told(&diags)[0].contains("its other half /out/secrets/valkey-tls-tls.key is there"),
        "{:?}",
        compiled::told(&diags)
    );
}

/// Each program that shows a certificate has its key, and all others the authority alone.
#[test]
fn clients_know_the_authority_and_no_key() {
    for mode in ["k3s-local", "k3s"] {
        let documents = compiled::documents(&CATALOG, TLS, "development", mode);
        let mut checked = 0;
        for object in documents.iter().map(|document| document.node.to_json()) {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            for volume in object["spec"]["template"]["spec"]["volumes"].as_array().into_iter().flatten() {
                let Some(owner) = volume["secret"]["secretName"].as_str().and_then(|secret| secret.strip_suffix("-tls")) else {
                    continue;
                };
                let items = volume["secret"]["items"].as_array().unwrap();
                let has_key = items.iter().any(|item| item["key"] == "tls.key");
                assert_eq!(has_key, name == owner, "{mode}: {name} and the key of {owner}");
                assert!(items.iter().any(|item| item["key"] == "ca.crt") || name == owner);
                checked += 1;
            }
        }
        assert!(checked >= 5, "{mode}: {checked}");
    }
}

fn object(documents: &[lakegen::document::Document], path: &str) -> Value {
    let found = documents.iter().find(|document| document.path == path);
    found.unwrap_or_else(|| panic!("{path} is not there")).node.to_json()
}

#[test]
fn cert_manager_makes_and_renews_them() {
    let text = TLS.replace("tls = true", "tls = true\n") + "[k3s.certificates]\nrenew_before = \"20d\"\n";
    let documents = compiled::documents(&CATALOG, &text, "production", "k3s");
    let certificate = object(&documents, "prefect-prod/valkey-tls-certificate.yaml");
    let spec = &certificate["spec"];
    assert_eq!((&spec["duration"], &spec["renewBefore"]), (&json!("2160h"), &json!("480h")));
    for name in
        ["valkey.prefect-prod.svc.cluster.local", "valkey-sentinel-2.valkey-sentinel-peers.prefect-prod.svc.cluster.local"]
    {
        assert!(spec["dnsNames"].as_array().unwrap().contains(&json!(name)), "{spec}");
    }
    let database = object(&documents, "prefect-prod/postgresql-tls-certificate.yaml");
    assert!(database["spec"]["dnsNames"].as_array().unwrap().contains(&json!("postgresql-rw.prefect-prod.svc.cluster.local")));
    // Where it is only checked, nobody can show it.
    let elsewhere = object(&documents, "prefect-prod/object-store-tls-certificate.yaml");
    assert!(elsewhere["spec"].get("dnsNames").is_none());
    let issuer = &object(&documents, "clusterissuer.yaml")["metadata"]["name"];
    assert_eq!(&spec["issuerRef"]["name"], issuer);
    let cluster = object(&documents, "prefect-prod/postgresql-cluster.yaml");
    assert_eq!(
        cluster["spec"]["certificates"],
        json!({ "serverTLSSecret": "postgresql-tls", "serverCASecret": "postgresql-tls" })
    );
    let store = object(&documents, "prefect-prod/postgresql-objectstore.yaml");
    assert_eq!(store["spec"]["configuration"]["endpointCA"], json!({ "name": "object-store-tls", "key": "ca.crt" }));
    assert!(wanted("k3s").pairs.is_empty(), "no file is asked for that cert-manager makes");
    let readme = object(&documents, "README.md");
    assert!(!readme.as_str().unwrap().contains("secret generic valkey-tls"));
}
