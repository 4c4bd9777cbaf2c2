//! Expressions and what comes of them: the files below tests/cel; and that no text can do harm.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use lakegen::cel::{self, COST_LIMIT, Env, Type, Value, Version};
use proptest::prelude::*;

const VERSION: Version = Version { major: 1, minor: 36 };

type Variables = BTreeMap<Arc<str>, Value>;

/// Each expression stands before its answer, which is indented; `UPDATE=1` writes the answers.
#[test]
fn cel() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir("tests/cel").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let answered = answered(&text);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &answered).unwrap();
        } else if text != answered {
            wrong.push(format!("{}\n{}", path.display(), similar::TextDiff::from_lines(&text, &answered).unified_diff()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn answered(text: &str) -> String {
    let mut variables = Variables::new();
    let mut out = Vec::new();
    for block in text.trim_end().split("\n\n") {
        let lines = block.lines().filter(|line| !line.starts_with("  ")).collect::<Vec<_>>();
        for json in lines.iter().filter_map(|line| line.strip_prefix("vars ")) {
            let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
            variables = json.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
        }
        let expr = lines.join("\n");
        let is_head = lines.iter().any(|line| line.starts_with('#'));
        out.push(if is_head { expr } else { format!("{expr}\n{}", answer(&expr, &variables)) });
    }
    out.join("\n\n") + "\n"
}

fn answer(expr: &str, variables: &Variables) -> String {
    let env = variables.keys().fold(Env::new(VERSION), |env, name| env.with(name, Type::Dyn));
    let program = match cel::compile(expr, &env) {
        Ok(program) => program,
        Err(issues) => {
            let line = |issue: &cel::Issue| {
                let (line, column) = cel::place(expr, issue.at);
                format!("  {line}:{column}: {}", issue.message)
            };
            return issues.iter().map(line).collect::<Vec<_>>().join("\n");
        }
    };
    let outcome = program.eval(variables, COST_LIMIT);
    match outcome.value {
        Ok(value) => format!("  = {} ({}, cost {})", value.to_plain_json().unwrap(), program.of, outcome.cost),
        Err(fault) => format!("  ! {} ({}, cost {})", fault.message, program.of, outcome.cost),
    }
}

#[test]
fn the_verb_answers_people_and_programs() {
    let lakegen = |args: &[&str]| {
        let ran = crate::compiled::lakegen().args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
    };
    assert_eq!(lakegen(&["cel", "x + 1", "--vars", r#"{"x": 2}"#]), (Some(0), "3\n".into(), String::new()));
    let (code, answer, said) = lakegen(&["cel", "1 + 'a'"]);
    assert!(code == Some(1) && answer.is_empty() && said.contains("error[L1801]") && said.contains("expression:1:3"), "{said}");
    let (code, _, said) = lakegen(&["cel", "1 / 0"]);
    assert!(code == Some(1) && said.contains("error[L1802]: division by zero"), "{said}");
    let (code, answer, _) = lakegen(&["cel", "[1u]", "--format", "json", "--cost"]);
    assert_eq!((code, &*answer), (Some(0), "{\"value\":{\"list\":[{\"uint\":\"1\"}]},\"type\":\"list(uint)\",\"cost\":0}\n"));
    assert_eq!(lakegen(&["cel", "1", "--vars", "[]"]).0, Some(2));
    let folder = tempfile::tempdir().unwrap();
    let batch = folder.path().join("batch.jsonl");
    fs::write(&batch, "{\"expr\": \"1 +\"}\n{\"expr\": \"x\", \"vars\": {\"x\": null}}\n{\"expr\": \"[][0]\"}\n").unwrap();
    let (code, answers, _) = lakegen(&["cel", "--batch", batch.to_str().unwrap()]);
    let answers: Vec<&str> = answers.lines().collect();
    assert!(
        code == Some(0)
            && answers.len() == 3
            && answers[0].starts_with("{\"error\":\"compile\",\"message\":\"ERROR: <input>:1:4:")
    );
    assert_eq!(answers[1], "{\"value\":{\"null\":true},\"type\":\"dyn\"}");
    assert!(answers[2].starts_with("{\"error\":\"eval\""));
}

fn run(text: &str) -> Option<Result<Value, cel::Fault>> {
    let env = Env::new(VERSION).with("x", Type::Dyn);
    let variables = Variables::from([("x".into(), Value::from_json(&serde_json::json!({"a": [1, "b", null]})))]);
    Some(cel::compile(text, &env).ok()?.eval(&variables, COST_LIMIT).value)
}

#[test]
fn no_depth_exhausts_the_stack() {
    let deep = |open: &str, middle: &str, close: &str, times: usize| open.repeat(times) + middle + &close.repeat(times);
    for times in [100, 240, 260, 20_000] {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("[", "", "]"),
            ("{1:", "1", "}"),
            ("!", "true", ""),
            ("-", "x", ""),
            ("", "x", ".a"),
            ("", "1", "+1"),
            ("", "x", "[0]"),
            ("true?", "1", ":1"),
            ("[1].map(y,", "y", ")"),
            ("", "[1]", ".map(y,y)"),
            ("", "x", ".?a.optMap(y,y)"),
            ("has(x.a)&&", "true", ""),
            ("dyn(", "1", ")"),
        ] {
            run(&deep(open, middle, close, times));
        }
    }
    assert!(run(&deep("(", "1", ")", 200)).is_some());
    assert!(run(&deep("(", "1", ")", 300)).is_none());
}

/// Each of these would fill the memory or never end, if nobody counted.
#[test]
fn no_expression_takes_all_there_is() {
    let doubling = |times| "[[1]]".to_owned() + &".map(y, y + y)".repeat(times);
    let tree = |times| "[1]".to_owned() + &".map(y, [y, y])".repeat(times);
    let eight = |deep| "[1,2,3,4,5,6,7,8].map(y, ".repeat(deep) + "y" + &")".repeat(deep);
    for text in [
        doubling(60),
        eight(7),
        format!("{0} == {0}", tree(40)),
        format!("'%s'.format([{}])", tree(40)),
        "'aaaaaaaaaaaaaaaa'".to_owned() + &".replace('', 'bbbbbbbbbbbbbbbb')".repeat(30),
        "lists.range(900000).map(a, lists.range(900000))".to_owned(),
    ] {
        let stopped = run(&text).expect("well typed").expect_err("too much");
        assert!(stopped.is_final, "{text}: {}", stopped.message);
    }
    let printed = run(&tree(40)).unwrap().unwrap();
    assert!(printed.to_typed_json().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_tokens_are_read_or_refused(parts in prop::collection::vec(token(), 0..24)) {
        run(&parts.concat());
    }
}

fn token() -> impl Strategy<Value = String> {
    let words = [
        "x",
        "y",
        "1",
        "2u",
        "0.5",
        "'a'",
        "b'a'",
        "true",
        "null",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ".",
        ".?",
        "[?",
        ",",
        ":",
        "?",
        "+",
        "-",
        "*",
        "/",
        "%",
        "!",
        "&&",
        "||",
        "==",
        "<",
        " in ",
        ".map(",
        ".all(y,",
        ".exists(",
        "has(",
        "size(",
        ".a",
        ".matches(",
        ".format([",
        "duration(",
        "int(",
        "optional.of(",
        ".orValue(",
        ".optMap(y,",
        "quantity(",
        "url(",
        ".sortBy(y,",
        ".transformMap(",
        "\n",
        "é",
        "'",
    ];
    prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"]
}
