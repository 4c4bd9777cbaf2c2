//! The command line as people and scripts meet it: exit codes, what is said on which stream, examples that work.

use std::fs;
use std::path::Path;
use std::process::Output as Ran;
use std::time::Duration;

use clap::CommandFactory;
use lakegen::cli::progress::Progress;
use lakegen::host::{self, Memory};
use tempfile::TempDir;

use crate::compiled;

const LAKE: &str = "\
# the lake
[lakehouse]
name = \"lake\"

[components.prefect]
replicas = 2

[profile.production.components.prefect]
replicas = 3
";

fn lake() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), LAKE).unwrap();
    folder
}

fn run(folder: &Path, line: &str) -> Ran {
    compiled::lakegen().current_dir(folder).args(line.split_whitespace()).output().unwrap()
}

fn stderr(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

fn stdout(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Runs a line in a small lakehouse: the exit code, and words that are said to people.
fn check(line: &str, exit: i32, words: &[&str]) {
    let folder = lake();
    let ran = run(folder.path(), line);
    let said = stderr(&ran);
    assert_eq!(ran.status.code(), Some(exit), "{line}: {said}");
    words.iter().for_each(|words| assert!(said.contains(words), "{line} does not say {words:?}: {said}"));
}

#[test]
fn a_name_that_a_flag_gets_wrong_is_wrong_use() {
    check("build --profile prodution", 2, &["there is no profile called prodution", "did you mean production?"]);
    check("build --mode compos", 2, &["there is no mode called compos", "did you mean compose?"]);
    check("explain --mode compos docker-compose.yaml", 2, &["did you mean compose?"]);
    check(
        "explain --mode compose docker-compos.yaml",
        2,
        &["did you mean docker-compose.yaml?", "there are docker-compose.yaml, "],
    );
    check(
        "explain --mode k3s-local server-deploy.yaml",
        2,
        &["there are prefect-dev/prefect-server-deployment.yaml, ", "more: -v names them"],
    );
    check("explain --mode k3s-local service.yaml", 2, &["no output of this profile is called service.yaml", "-service.yaml"]);
    check("graph --profile prodution", 2, &["did you mean production?"]);
    check("explain-code L0999", 2, &["L0106", "there is no code L0999"]);
    check("man nope", 2, &["L0106", "there is no command nope", "build", "explain-code", "completions"]);
    check("man buld", 2, &["did you mean build?"]);
}

#[test]
fn a_mode_named_twice_is_built_once() {
    let folder = lake();
    let ran = run(folder.path(), "build --mode compose --mode compose");
    assert_eq!(stderr(&ran).matches("written").count(), 1, "{}", stderr(&ran));
    assert!(folder.path().join("out/development/compose/docker-compose.yaml").exists());
}

#[test]
fn reverse_says_what_it_cannot_find() {
    check("explain --reverse nowhere.toml:3", 2, &["no file called nowhere.toml was read"]);
    check("explain --reverse lakehose.toml:3", 2, &["did you mean lakehouse.toml?"]);
    check("explain --reverse lakehouse.toml", 2, &["lakehouse.toml is no FILE:LINE"]);
    check("explain --reverse lakehouse.toml:99", 2, &["lakehouse.toml has no line 99: it has 9 lines"]);
    check("explain --reverse lakehouse.toml:0", 2, &["has no line 0"]);
    check("explain --reverse lakehouse.toml:1", 2, &["line 1 of lakehouse.toml sets nothing", "lakehouse.toml:2"]);
    check("explain --reverse component.toml:3", 2, &["component.toml is the end of "]);
    check("explain --reverse lakehouse.toml:9", 0, &["no value of these outputs comes from lakehouse.toml:9"]);
}

#[test]
fn reverse_finds_files_by_their_end() {
    let folder = lake();
    let whole = folder.path().join("lakehouse.toml");
    let places = ["lakehouse.toml:6", "./lakehouse.toml:6", &format!("{}:6", whole.display())].map(str::to_owned);
    for place in places {
        let ran = run(folder.path(), &format!("explain --mode k3s-local --reverse {place}"));
        assert!(stdout(&ran).contains("prefect-server-deployment.yaml"), "{place}: {}", stdout(&ran));
    }
    let ran = run(folder.path(), "explain --mode compose --reverse compose/docker-compose.yaml.j2:6");
    assert!(stdout(&ran).starts_with("compose/docker-compose.yaml /services\n"), "{}{}", stdout(&ran), stderr(&ran));
}

#[test]
fn a_path_of_the_output_says_its_profile_and_mode() {
    let folder = lake();
    let path = "k3s-local/prefect-prod/prefect-worker-general-deployment.yaml /spec/replicas";
    let ran = run(folder.path(), &format!("explain out/production/{path}"));
    assert!(stdout(&ran).contains("\n= 5\n"), "{}{}", stdout(&ran), stderr(&ran));
    let ran = run(folder.path(), &format!("explain --profile staging out/production/{path}"));
    assert_eq!(ran.status.code(), Some(2), "the flag is what counts: {}", stdout(&ran));
}

#[test]
fn a_long_story_is_told_with_v() {
    let folder = lake();
    let line = "explain --mode k3s-local prefect-server-deployment.yaml /spec/template/spec/containers/0/image";
    let (short, long) = (run(folder.path(), line), run(folder.path(), &format!("{line} -v")));
    let because = |ran: &Ran| stdout(ran).split("because of\n").nth(1).unwrap_or_default().lines().count();
    assert!(because(&short) <= 4 && because(&long) >= because(&short), "{}{}", stdout(&short), stdout(&long));
    assert!(!stdout(&long).contains("-v shows them"));
}

/// Word for word, in this repository.
#[test]
fn the_examples_of_explain_work() {
    let mut cli = lakegen::cli::Cli::command();
    let help = cli.find_subcommand_mut("explain").unwrap().get_after_help().unwrap().to_string();
    let examples: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("lakegen ")).collect();
    assert!(examples.len() >= 3, "{help}");
    for example in examples {
        let ran = run(Path::new(env!("CARGO_MANIFEST_DIR")), example.split("   ").next().unwrap());
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{example}: {}", stderr(&ran));
    }
}

#[test]
fn the_readme_shows_what_explain_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (line, rest) = readme.split_once("$ lakegen ").unwrap().1.split_once('\n').unwrap();
    let (told, said) = (rest.split("```").next().unwrap(), stdout(&run(root, line)));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root.join("README.md"), readme.replace(told, &said)).unwrap();
    } else {
        assert_eq!(told, said, "UPDATE=1 writes it");
    }
}

#[test]
fn the_words_of_the_system_stay_readable() {
    let words = |text: &str| host::words(&std::io::Error::other(text));
    assert_eq!(words("No such file or directory (os error 2)"), "no such file or directory");
    assert_eq!(words("I/O error"), "I/O error");
    assert_eq!(words("RPC struct is bad"), "RPC struct is bad");
    assert_eq!(words("A link is broken"), "a link is broken");
    assert_eq!(words(""), "");
}

#[test]
fn findings_are_told_by_place_in_every_format() {
    let folder = lake();
    let wrong = format!("{LAKE}log_level = 3\nnope = 1\n").replace("replicas = 2", "replicas = 0\nnope = 1");
    fs::write(folder.path().join("lakehouse.toml"), wrong).unwrap();
    let lines = |format: &str| -> Vec<u64> {
        let ran = run(folder.path(), &format!("build --format {format} --set a.b=1"));
        let found = stdout(&ran);
        let lines = found.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.filter_map(|line| line["places"][0]["line"].as_u64()).collect()
    };
    let told = lines("jsonl");
    assert_eq!(told, [6, 7, 11, 11, 12, 1], "lakehouse.toml first, then --set");
    let human = stderr(&run(folder.path(), "build --set a.b=1"));
    let places: Vec<&str> = human.lines().filter_map(|line| line.trim().strip_prefix("--> ")).collect();
    assert_eq!(places.iter().map(|place| place.split(':').nth(1).unwrap().parse().unwrap()).collect::<Vec<u64>>(), told);
}

#[test]
fn help_has_no_flag_that_means_nothing() {
    let has = |verb: &str, flag: &str| {
        let mut cli = lakegen::cli::Cli::command();
        cli.build();
        cli.find_subcommand_mut(verb).unwrap().render_help().to_string().contains(flag)
    };
    assert!(!has("init", "--output") && !has("init", "--fail-on"));
    assert!(!has("graph", "--fail-on") && !has("schema", "--fail-on") && !has("man", "--fail-on"));
    assert!(has("build", "--fail-on") && has("explain", "--fail-on"));
    ["build", "explain", "explain-code", "graph", "schema", "completions", "man"]
        .iter()
        .for_each(|verb| assert!(has(verb, "--output")));
    check("init --output x", 2, &["unexpected argument '--output'"]);
}

#[test]
fn v_says_what_is_read_and_made() {
    check("build -v --mode k3s-local --stdout", 0, &["reading lakehouse.toml\n", "k3s-local: ", " documents compiled\n"]);
    let folder = lake();
    assert_eq!(stderr(&run(folder.path(), "build --stdout")), "");
}

#[test]
fn output_takes_the_findings_of_a_format_for_programs() {
    let folder = lake();
    let ran = run(folder.path(), "build --check --format json --output found.json");
    assert_eq!((ran.status.code(), stdout(&ran)), (Some(1), String::new()));
    let found: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("found.json")).unwrap()).unwrap();
    assert_eq!(found["findings"][0]["code"], "L0605");
    let ran = run(folder.path(), "build --check --format json --output nowhere/found.json");
    assert_eq!(ran.status.code(), Some(2), "{}", stderr(&ran));
    let ran = run(folder.path(), "build --mode compose --stdout --format json --output all.yaml");
    assert!(stdout(&ran).starts_with("{\n") && fs::read_to_string(folder.path().join("all.yaml")).unwrap().starts_with("---\n"));
}

/// A clock that stands until it is told to go.
#[test]
fn progress_shows_after_a_while_and_leaves_nothing() {
    let host = Memory::new();
    let pass = |ms| host.pass(Duration::from_millis(ms));
    let progress = Progress::new(&host);
    assert_eq!((1..=1_202).find_map(|_| progress.step(20_000)), None, "nobody wonders yet");
    pass(499);
    assert_eq!(progress.step(20_000), None);
    assert_eq!(progress.end(), None, "nothing was shown");
    pass(1);
    assert_eq!(progress.step(20_000).unwrap(), "\r\x1b[Krendering 1,204 of 20,000 …");
    pass(99);
    assert_eq!(progress.step(20_000), None, "not too often");
    pass(1);
    assert_eq!(progress.step(20_000).unwrap(), "\r\x1b[Krendering 1,206 of 20,000 …");
    assert_eq!((progress.end(), progress.end()), (Some("\r\x1b[K"), None));
}

#[test]
fn progress_counts_each_mode_anew() {
    let host = Memory::new();
    let progress = Progress::new(&host);
    let mut last = None;
    for total in [3, 3, 1_000_000] {
        for _ in 0..3 {
            host.pass(Duration::from_secs(1));
            last = progress.step(total);
        }
        assert_eq!(last.as_deref().unwrap().split(' ').nth(1), Some("3"), "{last:?}");
    }
    assert!(last.unwrap().ends_with("of 1,000,000 …"));
}

#[test]
fn progress_is_for_terminals_alone() {
    let folder = lake();
    let ran = run(folder.path(), "build --color always --stdout");
    assert!(ran.stderr.is_empty() && !stdout(&ran).contains('\x1b'), "{}", stderr(&ran));
}
