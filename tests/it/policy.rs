//! Requests under policies: `tests/policies/<name>.yaml` holds documents, of which the last is the object that is asked about; the others
//! are its policies, bindings, params and Namespace. Its head says what must be decided, one line a decision, in their order:
//! `#! deny p/b Invalid "message"`, and `#! flags: --operation DELETE`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn lakegen(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lakegen")).current_dir(folder).args(args).output().unwrap()
}

#[test]
fn every_request_is_decided_as_its_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let mut cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8, "only {} cases", cases.len());
    for case in cases {
        check(&case);
    }
}

fn check(case: &Path) {
    let text = fs::read_to_string(case).unwrap();
    let heads: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
    let (flags, expected): (Vec<&str>, Vec<&str>) = heads.into_iter().partition(|head| head.starts_with("flags: "));
    let (policies, object) = text.rsplit_once("\n---\n").expect("the object stands behind its policies");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policies.yaml"), policies).unwrap();
    fs::write(folder.path().join("object.yaml"), object).unwrap();
    let namespace = policies.split("\n---\n").find(|part| part.contains("kind: Namespace\n"));
    fs::write(folder.path().join("namespace.yaml"), namespace.unwrap_or_default()).unwrap();
    let mut args = vec!["policy", "eval", "--policy", "policies.yaml", "--object", "object.yaml", "--format", "json"];
    if namespace.is_some() {
        args.extend(["--namespace-object", "namespace.yaml"]);
    }
    args.extend(flags.iter().flat_map(|line| line["flags: ".len()..].split(' ')));
    let output = lakegen(folder.path(), &args);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{case:?}: {output:?}"));
    let decisions = answer["decisions"].as_array().unwrap();
    let found: Vec<String> = decisions.iter().map(sentence).collect();
    assert_eq!(found, expected, "{case:?}");
    let is_refused = decisions.iter().any(|one| one["decision"] == "deny" || one["decision"] == "error");
    let only_warns = text.contains("validationActions: [Warn");
    assert_eq!(answer["allowed"], Value::Bool(!is_refused || only_warns), "{case:?}");
    assert_eq!(output.status.code(), Some(i32::from(is_refused && !only_warns)), "{case:?}");
}

fn sentence(decision: &Value) -> String {
    let text = |name: &str| decision[name].as_str().unwrap_or_default();
    let mut out = format!("{} {}", text("decision"), text("policy"));
    for (mark, name) in [("/", "binding"), (" ", "reason")] {
        if !text(name).is_empty() {
            out.extend([mark, text(name)]);
        }
    }
    if !text("message").is_empty() {
        out.push_str(&format!(" {:?}", text("message")));
    }
    for (what, more) in [("warns", &decision["warnings"]), ("writes", &decision["audit"])] {
        if more.as_array().is_some_and(|list| !list.is_empty()) || more.as_object().is_some_and(|table| !table.is_empty()) {
            out.push_str(&format!(" {what} {more}"));
        }
    }
    out
}

/// The policies that lakegen carries decide their samples as these are named, and are sound in themselves.
#[test]
fn every_sample_of_a_policy_is_decided_as_its_name_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tested = lakegen(root, &["policy", "test"]);
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    assert_eq!(tested.stdout, lakegen(root, &["policy", "test", "schemas/policies"]).stdout);
    let judged = lakegen(root, &["validate", "--fail-on", "warning", "--only", "schema,policy", "schemas/policies"]);
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
}

/// What is exported is all that a cluster needs, and is taken back.
#[test]
fn what_is_exported_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let exported = lakegen(folder.path(), &["policy", "export", "security"]);
    fs::write(folder.path().join("security.yaml"), &exported.stdout).unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a, image: a}]}\n";
    fs::write(folder.path().join("pod.yaml"), pod).unwrap();
    let judged = lakegen(folder.path(), &["validate", "--only", "policy", "--policy", "security.yaml", "pod.yaml"]);
    assert_eq!(judged.status.code(), Some(1));
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    assert!(said.contains("error[L1803]: hostPID"), "{said}");
    assert_eq!(lakegen(folder.path(), &["policy", "export", "securty"]).status.code(), Some(2));
}

/// A sample that is not decided as its name says is told: L1806.
#[test]
fn a_wrong_sample_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("schemas/policies/own/named");
    fs::create_dir_all(&policies).unwrap();
    let policy = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: named}\nspec:\n  matchConstraints:\n    resourceRules:\n    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}\n  validations:\n  - {expression: \"object.metadata.name == 'good'\", message: not good}\n";
    fs::write(policies.join("policy.yaml"), policy).unwrap();
    let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n");
    fs::write(policies.join("pass-a.yaml"), pod("bad")).unwrap();
    fs::write(policies.join("fail-a.yaml"), pod("good")).unwrap();
    fs::write(policies.join("fail-b.yaml"), format!("# denied: other words\n{}", pod("bad"))).unwrap();
    let tested = lakegen(folder.path(), &["policy", "test", "schemas/policies"]);
    let said = String::from_utf8_lossy(&tested.stderr).into_owned();
    assert_eq!(said.matches("error[L1806]").count(), 3, "{said}");
    assert!(said.contains("should be let in, and is denied: not good"), "{said}");
}
