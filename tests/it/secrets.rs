//! The values of secrets, and services of somebody else's that secrets open.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::compiled::{self, CATALOG};

const OWN: &str = "[lakehouse]\nname = \"lake\"\n";
const EXTERNAL: &str = r#"
[lakehouse]
name = "lake"

[components.postgresql.external]
host = "db.example.net"
port = 6432
secret = "team-database"
"#;

fn init(folder: &Path, mode: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
    command.current_dir(folder).args(["secrets", "init", "--mode", mode]);
    String::from_utf8(compiled::run(&mut command).stderr).unwrap()
}

fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), text).unwrap();
    folder
}

fn contents(folder: &Path) -> Vec<(String, String)> {
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect();
    files.sort();
    files
}

#[test]
fn values_are_made_once() {
    let folder = folder(OWN);
    let secrets = folder.path().join("out/development/compose/secrets");
    assert!(init(folder.path(), "compose").contains("secrets written, 0 kept"));
    let first = contents(&secrets);
    fs::remove_file(secrets.join("postgresql-owner-password")).unwrap();
    fs::write(secrets.join("postgresql-owner-username"), "kept").unwrap();
    assert!(init(folder.path(), "compose").contains("1 secrets written"));
    let second = contents(&secrets);
    assert_eq!(first.len(), second.len());
    let changed: Vec<&str> = first.iter().zip(&second).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
    assert_eq!(changed, ["postgresql-owner-password", "postgresql-owner-username"]);
    assert_eq!(fs::read_to_string(secrets.join("postgresql-owner-username")).unwrap(), "kept");
    let random: BTreeSet<&str> =
        second.iter().filter(|(name, _)| name.ends_with("password")).map(|(_, value)| &**value).collect();
    assert_eq!(random.len(), second.iter().filter(|(name, _)| name.ends_with("password")).count(), "no value serves twice");
    assert!(random.iter().all(|value| value.len() == 48 && value.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_enter_and_containers_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(OWN);
    init(folder.path(), "compose");
    let secrets = folder.path().join("out/development/compose/secrets");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&secrets), 0o700);
    assert_eq!(mode(&secrets.join("postgresql-owner-password")), 0o644);
    assert_eq!(fs::read_to_string(secrets.join(".gitignore")).unwrap(), "*\n");
}

/// Each file that the compose file names is made, and each that is made is named; the same names on Kubernetes.
#[test]
fn every_file_that_is_read_is_made() {
    for mode in ["compose", "k3s"] {
        let folder = folder(OWN);
        init(folder.path(), mode);
        let made = contents(&folder.path().join(format!("out/development/{mode}/secrets")));
        let made: BTreeSet<&str> = made.iter().map(|(name, _)| name.as_str()).filter(|name| *name != ".gitignore").collect();
        let documents = compiled::documents(&CATALOG, OWN, "development", mode);
        let text: String = documents.iter().map(|document| document.print()).collect();
        let named = |name: &&str| text.contains(&format!("secrets/{name}\n")) || text.contains(&format!("secrets/{name} "));
        assert_eq!(
            made.iter().filter(|name| !named(name)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{mode} reads none of these"
        );
        let count = text.matches("./secrets/").count();
        assert!(count >= made.len(), "{mode} names {count} files, and {} are made", made.len());
    }
}

#[test]
fn what_opens_a_service_of_others_is_theirs() {
    let folder = folder(EXTERNAL);
    let said = init(folder.path(), "compose");
    assert!(said.contains("write out/development/compose/secrets/team-database-password yourself"), "{said}");
    assert!(!folder.path().join("out/development/compose/secrets/team-database-password").exists());
}

#[test]
fn a_service_of_others_stands_in() {
    let compose = compiled::documents(&CATALOG, EXTERNAL, "development", "compose");
    let file = compose.iter().find(|document| document.path == "docker-compose.yaml").unwrap().node.to_json();
    assert!(file["services"].get("postgresql").is_none());
    let server = &file["services"]["prefect-server"];
    assert_eq!(server["environment"]["PREFECT_SERVER_DATABASE_HOST"], "db.example.net");
    assert_eq!(server["environment"]["PREFECT_SERVER_DATABASE_PORT"], "6432");
    assert!(server["networks"].as_array().unwrap().contains(&"outside".into()));
    assert!(file["networks"]["outside"].get("internal").is_none());
    assert_eq!(file["secrets"]["team-database-password"]["file"], "./secrets/team-database-password");
    let kubernetes = compiled::documents(&CATALOG, EXTERNAL, "development", "k3s");
    assert!(kubernetes.iter().all(|document| !document.path.contains("postgresql")));
    let policy = kubernetes.iter().find(|document| document.path.ends_with("prefect-server-networkpolicy.yaml")).unwrap();
    let egress = policy.node.to_json()["spec"]["egress"].clone();
    let out = egress.as_array().unwrap().iter().find(|rule| rule["ports"][0]["port"] == 6432).expect("a way out");
    assert_eq!(out["to"][0]["ipBlock"]["cidr"], "0.0.0.0/0");
}

/// With a store, each secret is fetched into each namespace that reads it, key by key.
#[test]
fn a_store_gives_what_is_read() {
    let text = format!("{OWN}[k3s.secrets]\nbackend = \"external-secrets\"\nstore = \"vault\"\n");
    let documents = compiled::documents(&CATALOG, &text, "production", "k3s");
    let objects: Vec<serde_json::Value> = documents.iter().map(|document| document.node.to_json()).collect();
    let mut given = BTreeSet::new();
    for object in objects.iter().filter(|object| object["kind"] == "ExternalSecret") {
        assert_eq!(object["spec"]["secretStoreRef"]["name"], "vault");
        for entry in object["spec"]["data"].as_array().unwrap() {
            let part = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let (meta, key) = (&object["metadata"], &entry["secretKey"]);
            given.insert((part(&meta["namespace"]), part(&object["spec"]["target"]["name"]), part(key)));
        }
    }
    let mut read = BTreeSet::new();
    for object in &objects {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        for container in object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten() {
            for variable in container["env"].as_array().into_iter().flatten() {
                let wanted = &variable["valueFrom"]["secretKeyRef"];
                let part = |key: &str| wanted[key].as_str().map(str::to_owned);
                read.extend(part("name").zip(part("key")).map(|(name, key)| (namespace.to_owned(), name, key)));
            }
        }
        for volume in object["spec"]["template"]["spec"]["volumes"].as_array().into_iter().flatten() {
            let name = volume["secret"]["secretName"].as_str().unwrap_or_default().to_owned();
            let keys = volume["secret"]["items"].as_array().into_iter().flatten().filter_map(|item| item["key"].as_str());
            read.extend(keys.map(|key| (namespace.to_owned(), name.clone(), key.to_owned())));
        }
    }
    assert!(read.len() > 5, "{read:?}");
    assert_eq!(read.difference(&given).collect::<Vec<_>>(), Vec::<&(String, String, String)>::new());
}

/// Where AWS or Vault keeps them, the store is made, for the platform's namespaces alone, and whoever reads it is installed.
#[test]
fn a_store_of_the_cloud_or_of_vault_is_made() {
    for (provider, at) in [("existing", ""), ("aws", "/spec/provider/aws/region"), ("vault", "/spec/provider/vault/server")] {
        let text = format!("{OWN}[k3s.secrets]\nbackend = \"external-secrets\"\nprovider = \"{provider}\"\n");
        let documents = compiled::documents(&CATALOG, &text, "production", "k3s");
        let objects: Vec<serde_json::Value> = documents.iter().map(|document| document.node.to_json()).collect();
        let stores: Vec<_> = objects.iter().filter(|object| object["kind"] == "ClusterSecretStore").collect();
        assert_eq!(stores.len(), usize::from(provider != "existing"), "{provider}: {stores:?}");
        for store in stores {
            assert!(store.pointer(at).is_some_and(|value| value.is_string()), "{store}");
            let open = store["spec"]["conditions"][0]["namespaces"].as_array().unwrap();
            assert_eq!(open.len(), objects.iter().filter(|object| object["kind"] == "Namespace").count());
        }
        let readme = documents.iter().find(|document| document.path == "README.md").unwrap().print();
        assert!(readme.contains("helm upgrade --install external-secrets "), "{readme}");
    }
}

/// A lakehouse.toml may be somebody else's: it says nothing about folders that are not of the output.
#[test]
fn no_secret_leaves_the_output() {
    for outside in ["../../../elsewhere", "/tmp/elsewhere"] {
        let folder = folder(&format!("{OWN}[compose]\nsecrets_folder = \"{outside}\"\n"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
        let ran = command.current_dir(folder.path()).args(["secrets", "init", "--mode", "compose"]).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        assert_eq!(said.matches("error[L0603]").count(), 1, "{said}");
        assert!(said.contains("lakehouse.toml:4"), "{said}");
    }
}

#[test]
fn a_folder_that_was_there_is_passed_over_by_git_too() {
    let folder = folder(OWN);
    let secrets = folder.path().join("out/development/compose/secrets");
    fs::create_dir_all(&secrets).unwrap();
    init(folder.path(), "compose");
    assert_eq!(fs::read_to_string(secrets.join(".gitignore")).unwrap(), "*\n");
}
