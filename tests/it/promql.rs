//! PromQL: tests/promql/good.txt has what a query gives and reads, tests/promql/bad.txt what is wrong with it and where.

use lakegen::promql;

fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promql").join(name)).unwrap()
}

/// `type metric,metric | expression`, a line each.
#[test]
fn what_prometheus_takes_is_taken() {
    let cases = read("good.txt");
    let cases: Vec<_> = cases.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(" | ").unwrap()).collect();
    assert!(cases.len() > 50);
    for (gives, text) in cases {
        let expr = promql::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let told = format!("{} {}", expr.type_().name(), expr.metrics().join(","));
        assert_eq!(told.trim_end(), gives, "{text}");
    }
}

/// The expression, then a line with `^` under what is wrong and the message behind it.
#[test]
fn what_prometheus_refuses_is_refused_at_its_place() {
    let cases = read("bad.txt");
    let lines: Vec<&str> = cases.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(lines.len() > 80);
    for case in lines.chunks(2) {
        let Err(error) = promql::parse(case[0]) else { panic!("this is taken: {}", case[0]) };
        let carets = "^".repeat(error.at.len().max(1));
        assert_eq!(format!("{}{carets} {}", " ".repeat(error.at.start), error.message), case[1], "{}", case[0]);
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    use proptest::prelude::*;
    let words = prop::sample::select(vec![
        "(", ")", "{", "}", "[", "]", ",", "+", "-", "^", "=", "=~", "and", "by", "on", "offset", "@", "sum", "rate", "up", "5m",
        "0x", "1e", "\"a", "'\\", "`", "#", "é", "step()", ":", "\n", " ",
    ]);
    proptest!(|(text in prop::collection::vec(words, 0..40))| { let _ = promql::parse(&text.concat()); });
    proptest!(|(text in ".{0,60}")| { let _ = promql::parse(&text); });
    let deep =
        [("(", ")"), ("-", "1"), ("abs(", ")"), ("a[", "")].map(|(open, close)| open.repeat(100_000) + &close.repeat(100_000));
    assert!(deep.iter().all(|text| promql::parse(text).is_err()));
}

#[test]
fn the_verb_tells_people_and_programs() {
    let ask = |args: &[&str]| crate::compiled::lakegen().arg("promql").args(args).output().unwrap();
    let told = ask(&["sum(rate(up[5m])) / down"]);
    assert_eq!((told.status.code(), &*told.stdout), (Some(0), &b"vector of down, up\n"[..]));
    let told = ask(&["rate(up)", "--format", "jsonl"]);
    let lines = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1));
    assert!(lines.contains("L1501") && lines.contains("\"column\":6"), "{lines}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asked.jsonl");
    std::fs::write(&file, "{\"expr\": \"up\"}\n{\"expr\": \"up[\"}\n[]\n").unwrap();
    let told = ask(&["--batch", file.to_str().unwrap()]);
    let answers = [
        r#"{"ok":true,"type":"vector","metrics":["up"]}"#,
        r#"{"ok":false,"message":"expected a duration, found the end","start":3,"end":3}"#,
        r#"{"error":"input","message":"not an object"}"#,
    ];
    assert_eq!(String::from_utf8(told.stdout).unwrap().lines().collect::<Vec<_>>(), answers);
}
