//! How this repository is written, as far as a program can tell: budgets, doors, names, and that nothing goes without a case.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use lakegen::catalog;
use lakegen::diagnostic::{Code, Diagnostics};
use lakegen::host::Memory;

/// Functions of more than 50 lines, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Files of more than 500 lines, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Templates of more than 80 lines, each with its reason.
const LONG_TEMPLATES: &[(&str, &str)] = &[
    ("templates/modes/kubernetes/README.md.j2", "one text from top to bottom"),
    ("templates/modes/compose/README.md.j2", "one text from top to bottom"),
    ("templates/components/drill/database.py.j2", "a program, and no document"),
    ("templates/components/drill/dump.py.j2", "a program, and no document"),
    ("templates/components/drill/objects.py.j2", "a program, and no document"),
    ("templates/components/drill/s3.py.j2", "a program, and no document"),
    ("templates/components/replication/copier.py.j2", "a program, and no document"),
    ("templates/modes/compose/service.yaml.j2", "one service is one table, and no part of it is used elsewhere"),
];

/// Codes that no case shows, each with its reason.
const CODES_WITHOUT_CASE: &[(&str, &str)] = &[
    ("L0609", "it takes two modes: tests/it/parity.rs"),
    ("L0701", "it takes an earlier output: tests/it/upgrade.rs"),
    ("L0702", "it takes an earlier output: tests/it/upgrade.rs"),
    ("L0703", "it takes an earlier output: tests/it/upgrade.rs"),
    ("L0704", "it takes an earlier output: tests/it/upgrade.rs"),
];

/// Names of components and modes that stand in Rust, each with its reason.
const NAMES_IN_RUST: &[(&str, &str, &str)] = &[
    ("src/check.rs", "compose", "a family of checks, by the name that --only takes"),
    ("src/check/files.rs", "alertmanager", "what a document is taken for, by the name that --as takes"),
    ("src/check/files.rs", "prometheus", "what a document is taken for, by the name that --as takes"),
    ("src/capacity.rs", "kubernetes", "labels of machines, as Kubernetes calls them"),
    ("src/capacity/fleet.rs", "kubernetes", "a taint of machines, as Kubernetes calls it"),
    ("src/capacity/pod.rs", "kubernetes", "taints of machines, as Kubernetes calls them"),
    ("src/capacity/pools.rs", "kubernetes", "labels of machines, as Kubernetes calls them"),
    ("src/check/capacity/gather.rs", "kubernetes", "a label of every Namespace, as Kubernetes calls it"),
    ("src/check/native.rs", "kubernetes", "a label of a Namespace, as Kubernetes calls it"),
    ("src/check/links/gather.rs", "kubernetes", "a type of Secret, as Kubernetes calls it"),
    ("src/check/links/hosts.rs", "cluster", "the domain of a cluster, as its DNS has it"),
    ("src/check/pod_security.rs", "kubernetes", "labels of a Namespace, as Kubernetes calls them"),
    ("src/check/pod_security/checks.rs", "kubernetes", "annotations of a pod, as Kubernetes calls them"),
    ("src/policy/read.rs", "kubernetes", "types of expressions, as the API server calls them"),
    ("src/policy/request.rs", "kubernetes", "a label of a Namespace, and types of expressions"),
    ("src/check/flows.rs", "kubernetes", "a label of pods, as Kubernetes calls it"),
    ("src/network/decide.rs", "kubernetes", "a label of every Namespace, as Kubernetes calls it"),
    ("src/network/facts.rs", "kubernetes", "labels of replicas, as Kubernetes calls them"),
    ("src/check/recognise.rs", "kubernetes", "what a document is taken for, by the name that --as takes"),
];

/// Each crate with the files that may name it.
const DOORS: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["src/report/human.rs"]),
    ("clap", &["src/cli.rs", "src/cli/"]),
    ("clap_complete", &["src/cli/reference.rs"]),
    ("clap_mangen", &["src/cli/reference.rs"]),
    ("getrandom", &["src/host/disk.rs"]),
    ("granit_parser", &["src/yaml.rs", "src/yaml/"]),
    ("mimalloc", &["src/main.rs"]),
    // One holds patterns of definitions, the other those of label matchers.
    ("regex", &["src/cel/library/pattern.rs", "src/cel/library/named.rs", "src/promql/check.rs", "src/structural/pattern.rs"]),
    ("jsonschema", &["src/schema.rs"]),
    ("minijinja", &["src/render.rs", "src/render/"]),
    ("p256", &["src/certificate.rs"]),
    ("quick_junit", &["src/report/junit.rs"]),
    // One names content in templates, the other files in the ownership manifest.
    ("sha2", &["src/render.rs", "src/tree/manifest.rs"]),
    ("similar", &["src/tree/unified.rs"]),
    ("strsim", &["src/diagnostic.rs"]),
    ("toml", &["src/source.rs"]),
    ("x509_cert", &["src/certificate.rs"]),
    ("walkdir", &["src/host/disk.rs"]),
];

/// Crates that are a way of writing Rust rather than a door to something.
const EVERYWHERE: &[&str] = &["rayon", "serde_json"];

#[test]
fn functions_are_short() {
    let mut all: Vec<(usize, String)> = Vec::new();
    for (file, text) in rust() {
        all.extend(functions(&text).into_iter().map(|(name, lines)| (lines, format!("{file}: {name}"))));
    }
    all.sort();
    let (median, _) = all[all.len() / 2];
    assert!(median <= 8, "half of all functions have more than {median} lines");
    let long = all.iter().filter(|(lines, place)| *lines > 50 && !LONG_FUNCTIONS.iter().any(|(known, _)| known == place));
    nothing("functions of more than 50 lines", long.map(|(lines, place)| format!("{place} ({lines} lines)")));
    let gone = LONG_FUNCTIONS.iter().filter(|(known, _)| !all.iter().any(|(lines, place)| known == place && *lines > 50));
    nothing("listed as long functions, and are not", gone);
}

#[test]
fn files_are_short() {
    let long = rust().into_iter().filter(|(_, text)| text.lines().count() > 500);
    nothing("files of more than 500 lines", long.map(|(file, _)| file).filter(|file| !is_listed(LONG_FILES, file)));
    let long = templates().into_iter().filter(|(_, text)| text.lines().count() > 80);
    nothing("templates of more than 80 lines", long.map(|(file, _)| file).filter(|file| !is_listed(LONG_TEMPLATES, file)));
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    assert!(architecture.lines().count() <= 150, "ARCHITECTURE.md has more than 150 lines");
}

#[test]
fn every_module_says_what_it_is() {
    let tests = files("tests/it", "rs").into_iter().chain(files("benches", "rs"));
    let silent = rust().into_iter().chain(tests).filter(|(_, text)| !text.starts_with("//! "));
    nothing("modules without a first sentence", silent.map(|(file, _)| file));
}

#[test]
fn every_crate_has_one_door() {
    let mut wrong = Vec::new();
    for (file, text) in rust() {
        let code = without_comments(&text);
        let named = DOORS.iter().filter(|(name, _)| names(&code, &format!("{name}::")));
        let strangers = named.filter(|(_, doors)| !doors.iter().any(|door| file.starts_with(door)));
        wrong.extend(strangers.map(|(name, doors)| format!("{file} names {name}, whose door is {}", doors.join(", "))));
    }
    nothing("crates named outside of their door", wrong);
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    // A crate that waits behind a feature for its first use has no door yet.
    let waits = |spec: &toml::Value| spec.get("optional").is_some_and(|optional| optional.as_bool() == Some(true));
    let crates = manifest["dependencies"].as_table().unwrap().iter().filter(|(_, spec)| !waits(spec));
    let crates = crates.map(|(name, _)| name.replace('-', "_"));
    let without = crates.filter(|name| !DOORS.iter().any(|(door, _)| door == name) && !EVERYWHERE.contains(&name.as_str()));
    nothing("crates without a door", without);
}

/// A component or mode is data: the engine knows none by name.
#[test]
fn no_component_and_no_mode_is_named_in_rust() {
    let mut wrong = Vec::new();
    for (file, text) in rust() {
        let code = without_comments(&text);
        let found = components().into_iter().chain(modes()).filter(|name| names(&code, name));
        let found = found.filter(|name| !NAMES_IN_RUST.iter().any(|(at, known, _)| *at == file && known == name));
        wrong.extend(found.map(|name| format!("{file} names {name}")));
    }
    nothing("names that belong into templates/", wrong);
}

#[test]
fn every_code_is_raised_and_has_a_case() {
    let code: String = rust().iter().filter(|(file, _)| file != "src/diagnostic/codes.rs").map(|(_, text)| &**text).collect();
    nothing("codes that nothing raises", Code::ALL.iter().filter(|c| !names(&code, &format!("Code::{c:?}"))).map(|c| c.id()));
    let mut shown: String = cases().iter().flat_map(|text| text.lines()).filter(|line| line.contains("#! ")).collect();
    let others =
        files("tests/it", "rs").into_iter().filter(|(file, _)| !file.ends_with("report.rs") && !file.ends_with("tidy.rs"));
    others.for_each(|(_, text)| shown.push_str(&text));
    let without = Code::ALL.iter().map(|code| code.id()).filter(|id| !shown.contains(id) && !is_listed(CODES_WITHOUT_CASE, id));
    nothing("codes without a case", without);
}

#[test]
fn every_component_and_every_mode_is_in_golden() {
    let golden = files("golden", "");
    let in_a_text = |name: &String| golden.iter().any(|(_, text)| names(text, name));
    nothing("components without a golden file", components().into_iter().filter(|name| !in_a_text(name)));
    let catalog = catalog::load(&Memory::default(), None, &mut Diagnostics::default()).expect("the built-in catalog is whole");
    let modes = catalog.public_modes().map(|mode| mode.name.clone());
    let has_folder = |mode: &String| golden.iter().any(|(file, _)| file.split('/').nth(2) == Some(mode));
    nothing("modes without a golden file", modes.filter(|mode| !has_folder(mode)));
}

#[test]
fn no_template_goes_round_the_escape() {
    let is_safe = |line: &&str| {
        line.split('|').skip(1).any(|filter| filter.trim_start().split(|c: char| !is_word(c)).next() == Some("safe"))
    };
    let unsafe_lines = templates().into_iter().flat_map(|(file, text)| {
        let lines: Vec<String> = text.lines().filter(is_safe).map(|line| format!("{file}: {}", line.trim())).collect();
        lines
    });
    nothing("values without an escape", unsafe_lines);
}

/// The commands in our documents and in the help are ones that exist.
#[test]
fn every_command_we_tell_of_exists() {
    let mut cli = lakegen::cli::Cli::command();
    cli.build();
    let mut texts: Vec<(String, String)> =
        files("", "md").into_iter().filter(|(file, _)| !file.contains('/') || file.starts_with("docs/")).collect();
    for verb in std::iter::once(&cli).chain(cli.get_subcommands()) {
        let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        texts.push((format!("lakegen {} --help", verb.get_name()), format!("```\n{help}")));
    }
    let wrong = texts.iter().flat_map(|(file, text)| {
        let bad = commands(text)
            .into_iter()
            .filter_map(|command| Some(format!("{file}: `lakegen {command}`: {}", unknown(&cli, &command)?)));
        bad.collect::<Vec<_>>()
    });
    nothing("commands that do not exist", wrong);
}

/// What follows `lakegen ` in code: a block of it, or a piece between backticks.
fn commands(text: &str) -> Vec<String> {
    let mut code: Vec<&str> = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            code.extend(line.split(['|', '&', ';', '`']));
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    let commands = code.iter().filter_map(|code| code.trim_start().trim_start_matches("$ ").strip_prefix("lakegen "));
    commands.map(|command| command.split(['#', '>', '<']).next().unwrap_or_default().to_owned()).collect()
}

fn unknown(cli: &clap::Command, command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['[', ']', '(', ')', ',', '.'])).collect();
    let verb = words.iter().find(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))?;
    let Some(verb) = cli.find_subcommand(verb) else { return Some(format!("there is no verb {verb}")) };
    let inner = verb.get_subcommands().flat_map(clap::Command::get_arguments);
    let flags: BTreeSet<&str> =
        cli.get_arguments().chain(verb.get_arguments()).chain(inner).filter_map(|arg| arg.get_long()).collect();
    let mut wanted =
        words.iter().filter_map(|word| word.strip_prefix("--")).map(|flag| flag.split('=').next().unwrap_or_default());
    let wrong = wanted.find(|flag| !flag.is_empty() && !flags.contains(flag) && !["help", "version"].contains(flag))?;
    Some(format!("there is no flag --{wrong}"))
}

fn nothing(what: &str, found: impl IntoIterator<Item = impl std::fmt::Debug>) {
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "{what}: {found:#?}");
}

fn is_listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(known, _)| *known == name)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with this ending, by their path from the root; those of the build and of hidden folders are not ours.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let is_ours = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || entry.depth() == 1 && matches!(&*name, "target" | "out"))
    };
    let walked = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name().into_iter().filter_entry(is_ours);
    let files = walked.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let wanted = files.filter(|entry| extension.is_empty() || entry.path().extension().is_some_and(|found| found == extension));
    let read = |path: &Path| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        Some((name, fs::read_to_string(path).ok()?))
    };
    wanted.filter_map(|entry| read(entry.path())).collect()
}

fn rust() -> Vec<(String, String)> {
    files("src", "rs")
}

fn templates() -> Vec<(String, String)> {
    files("templates", "j2")
}

fn cases() -> Vec<String> {
    files("tests/cases", "")
        .into_iter()
        .chain(files("tests/manifests", "yaml"))
        .filter(|(file, _)| !file.ends_with(".txt"))
        .map(|(_, text)| text)
        .collect()
}

fn components() -> Vec<String> {
    folders("templates/components")
}

fn modes() -> Vec<String> {
    folders("templates/modes")
}

fn folders(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Each function with the lines of its body, as rustfmt lays them out.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_level = |line: &&str| line.starts_with(indent) && !line[indent.len()..].starts_with(' ');
        let Some(open) = (at..lines.len()).find(|i| is_level(&lines[*i]) && lines[*i].ends_with(['{', '}', ';'])) else {
            continue;
        };
        if !lines[open].ends_with('{') {
            functions.push((name, usize::from(lines[open].ends_with('}'))));
            continue;
        }
        let body = lines[open + 1..].iter().take_while(|line| !(is_level(line) && line.trim_start().starts_with('}')));
        functions.push((name, body.filter(|line| !line.trim().is_empty()).count()));
    }
    functions
}

fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    let is_declaration =
        before.split_whitespace().all(|word| word.starts_with("pub") || matches!(word, "const" | "unsafe" | "in"));
    let name: String = after.chars().take_while(|c| is_word(*c)).collect();
    (is_declaration && !name.is_empty()).then_some(name)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a name stands in a text as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| is_word(c) || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let after = &text[at + name.len()..];
        !text[..at].ends_with(is_part) && (name.ends_with(':') || !after.starts_with(is_part))
    })
}

/// Rust without its comments, and without what clap shows people: examples name components, as they should.
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (skipped, kept) = match c {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), ""),
            '#' if rest.starts_with("#[command(") || rest.starts_with("#[arg(") => (attribute(rest), ""),
            '"' | '\'' => (literal(rest), &rest[..literal(rest)]),
            _ => (c.len_utf8(), &rest[..c.len_utf8()]),
        };
        out.push_str(kept);
        rest = &rest[skipped..];
    }
    out
}

/// The length of the string or character a text begins with; of a lifetime, its tick.
fn literal(text: &str) -> usize {
    let quote = text.chars().next().expect("a literal has a quote");
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ if quote == '\'' && text[1..at].chars().count() > 8 => return 1,
            _ => {}
        }
        if quote == '\''
            && !text[1..].starts_with('\\')
            && !text[1 + text[1..].chars().next().map_or(0, char::len_utf8)..].starts_with('\'')
        {
            return 1;
        }
    }
    text.len()
}

/// The length of an attribute, up to its `)]`.
fn attribute(text: &str) -> usize {
    let mut at = 0;
    while !text[at..].starts_with(")]") && at < text.len() {
        let c = text[at..].chars().next().expect("not at the end");
        at += if c == '"' { literal(&text[at..]) } else { c.len_utf8() };
    }
    (at + 2).min(text.len())
}
