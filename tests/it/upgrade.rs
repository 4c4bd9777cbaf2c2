//! What a second build may not change of the first: it is refused with its place and its remedy, and nothing is written.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

struct Answer {
    code: Option<i32>,
    said: String,
}

struct Place(TempDir);

impl Place {
    /// A folder in which a first build was made.
    fn new(mode: &str, first: &str) -> Place {
        let place = Place(TempDir::new().unwrap());
        let answer = place.build(mode, first, &[]);
        assert_eq!(answer.code, Some(0), "{}", answer.said);
        place
    }

    fn build(&self, mode: &str, settings: &str, flags: &[&str]) -> Answer {
        fs::write(self.0.path().join("lakehouse.toml"), format!("lakehouse.name = \"lake\"\n{settings}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
        command.current_dir(self.0.path()).args(["build", "--mode", mode, "--out", "out"]).args(flags);
        let ran = command.output().unwrap();
        Answer { code: ran.status.code(), said: String::from_utf8(ran.stderr).unwrap() }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(self.0.path().join("out")).sort_by_file_name();
        let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        files.map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap())).collect()
    }
}

/// A change that is refused with these words, and made once its code is accepted.
fn refused(mode: &str, first: &str, second: &str, code: &str, words: &[&str]) {
    let place = Place::new(mode, first);
    let before = place.files();
    let answer = place.build(mode, second, &[]);
    assert_eq!(answer.code, Some(1), "{second} is built");
    assert_eq!(answer.said.matches(&format!("error[{code}]")).count(), 1, "{}", answer.said);
    words.iter().for_each(|word| assert!(answer.said.contains(word), "{word:?} is not in {}", answer.said));
    assert!(before == place.files(), "the old output is whole");
    let answer = place.build(mode, second, &["--accept", code]);
    assert_eq!(answer.code, Some(0), "{}", answer.said);
    assert!(before != place.files());
}

fn allowed(mode: &str, first: &str, second: &str) {
    let place = Place::new(mode, first);
    let answer = place.build(mode, second, &[]);
    assert_eq!(answer.code, Some(0), "{}", answer.said);
}

#[test]
fn volumes_do_not_shrink() {
    refused(
        "k3s",
        "components.postgresql.storage = \"10GiB\"",
        "components.postgresql.storage = \"9GiB\"",
        "L0701",
        &["Cluster postgresql: a volume cannot shrink from 10Gi to 9Gi", "postgresql-cluster.yaml:", "restore a backup"],
    );
    refused(
        "k3s-local",
        "components.postgresql.storage = \"10GiB\"",
        "components.postgresql.storage = \"10GB\"",
        "L0701",
        &["StatefulSet postgresql: a volume cannot shrink from 10Gi to 10G", "copy the data to a new volume"],
    );
    allowed("k3s", "components.postgresql.storage = \"10GiB\"", "components.postgresql.storage = \"11GiB\"");
}

#[test]
fn what_kubernetes_would_refuse_is_refused_here() {
    refused(
        "k3s-local",
        "components.postgresql.storage = \"10GiB\"",
        "components.postgresql.storage = \"11GiB\"",
        "L0702",
        &["/spec/volumeClaimTemplates cannot change", "kubectl delete statefulset postgresql --cascade=orphan"],
    );
    refused(
        "k3s",
        "components.postgresql.database = \"one\"",
        "components.postgresql.database = \"two\"",
        "L0702",
        &["Cluster postgresql: /spec/bootstrap cannot change"],
    );
}

#[test]
fn no_major_version_and_no_other_program_takes_the_data_over_in_silence() {
    let image = |image: &str| format!("components.postgresql.image = \"{image}\"");
    for mode in ["compose", "k3s-local"] {
        refused(mode, &image("postgres:17.2"), &image("postgres:18.6"), "L0703", &["postgres would go from 17.2 to 18.6"]);
        refused(
            mode,
            &image("postgres:18.6"),
            &image("mariadb:18.6"),
            "L0704",
            &["mariadb would take over the data of postgres"],
        );
        allowed(mode, &image("postgres:18.5"), &image("registry.example.com/mirror/postgres:18.6"));
    }
    let image = |image: &str| format!("components.postgresql.operated_image = \"{image}\"");
    refused("k3s", &image("a/postgresql:17.4-system"), &image("a/postgresql:18.6-system"), "L0703", &["take a backup first"]);
}

#[test]
fn what_keeps_nothing_changes_as_it_likes() {
    let image = |image: &str| format!("components.prefect.image = \"{image}\"");
    for mode in ["compose", "k3s"] {
        allowed(mode, &image("prefecthq/prefect:3.8.8"), &image("prefecthq/other:4.0.0"));
    }
}

#[test]
fn volumes_stay_of_their_class_and_a_class_what_it_is() {
    let place = Place::new("k3s-local", "k3s-local.storage_class = \"slow\"");
    let answer = place.build("k3s-local", "k3s-local.storage_class = \"fast\"", &[]);
    assert_eq!(answer.code, Some(1), "{}", answer.said);
    for set in ["postgresql", "valkey"] {
        let said =
            format!("error[L0702]: StatefulSet {set}: /spec/volumeClaimTemplates/data/spec/storageClassName cannot change");
        assert_eq!(answer.said.matches(&said).count(), 1, "{said}: {}", answer.said);
    }
    assert!(answer.said.contains("a volume stays of the class it was made of"), "{}", answer.said);
    let answer = place.build("k3s-local", "k3s-local.storage_class = \"fast\"", &["--accept", "L0702"]);
    assert_eq!(answer.code, Some(0), "{}", answer.said);

    let class = |rest: &str| {
        format!("k3s-local.storage_class = \"own\"\nk3s-local.volumes = {{ provisioner = \"a.example.com\"{rest} }}")
    };
    let words = "StorageClass own: /parameters cannot change";
    refused(
        "k3s-local",
        &class(""),
        &class(", parameters = { type = \"gp3\" }"),
        "L0702",
        &[words, "kubectl delete storageclass own"],
    );
    refused(
        "k3s-local",
        &class(", parameters = { type = \"gp3\" }"),
        &class(", parameters = { type = \"gp2\" }"),
        "L0702",
        &[words],
    );
    refused("k3s-local", &class(""), &class(", keep = false"), "L0702", &["StorageClass own: /reclaimPolicy cannot change"]);
    allowed("k3s-local", &class(""), &class(", expands = false"));
}

#[test]
fn operated_volumes_stay_of_their_class() {
    let place = Place::new("k3s", "k3s.storage_class = \"slow\"");
    let answer = place.build("k3s", "k3s.storage_class = \"fast\"", &[]);
    for owner in
        ["Cluster postgresql: /spec/storage/storageClass", "Cluster postgresql: /spec/walStorage/storageClass", "Prometheus"]
    {
        assert!(answer.said.contains(&format!("error[L0702]: {owner}")), "{owner}: {}", answer.said);
    }
}

#[test]
fn what_keeps_data_is_not_left_behind_in_silence() {
    let way = "components.object-store.engine = \"s3\"";
    refused("compose", "", way, "L0705", &["object-store-data1", "the data would be left behind", "docker volume rm"]);
    refused("k3s-local", "", way, "L0705", &["StatefulSet object-store: the data", "object-store-statefulset.yaml:"]);
    let plain = "k3s.operators = [\"prometheus-operator\"]";
    refused("k3s", "", plain, "L0705", &["Cluster postgresql: the data", "deletes the data"]);
    refused("compose", "", "components.valkey.replicas = 3", "L0705", &["valkey-data"]);
    // What keeps nothing may go.
    allowed("compose", "components.jaeger = {}", "");
}
