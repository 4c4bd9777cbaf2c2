//! What the components say comes through in every mode, or the mode says why not.

use std::process::Command;

use crate::compiled::{self, PROFILES};

fn parity(profile: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
    command.current_dir(compiled::tests().parent().unwrap()).args(["parity", "--profile", profile]).args(more);
    let ran = command.output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
}

#[test]
fn no_mode_loses_anything_in_silence() {
    for profile in PROFILES {
        let (code, table, said) = parity(profile, &[]);
        assert_eq!(code, Some(0), "{profile}:\n{table}\n{said}");
        assert!(!table.contains("LOST") && table.lines().count() > 40, "{table}");
        for property in ["readiness", "secrets", "limits", "persistence"] {
            assert!(
                table.lines().any(|line| line.contains(&format!(" {property} ")) && line.contains("yes")),
                "{property}: {table}"
            );
        }
    }
}

/// A mode that spells only half of the words is found out, word by word.
#[test]
fn a_loss_is_told() {
    let (code, table, said) =
        parity("development", &["--catalog", "tests/catalogs/nomad", "--mode", "nomad", "--mode", "compose"]);
    assert_eq!(code, Some(1), "{table}");
    assert!(said.contains("error[L0609]: nomad loses what valkey says of readiness"), "{said}");
    assert_eq!(said.matches("error[L0609]").count(), table.matches("LOST").count(), "{table}");
    assert!(
        table.lines().any(|line| line.starts_with("prefect") && line.contains(" image ") && !line.contains("LOST")),
        "{table}"
    );
}
