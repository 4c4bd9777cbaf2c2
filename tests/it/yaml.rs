//! The reader and printer of YAML and JSON against what Kubernetes answered, and against each other.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "tests may fail, read files and talk")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lakegen::diagnostic::Diagnostics;
use lakegen::node::{Data, Entry, Node, Number};
use lakegen::source::{Position, Source};
use lakegen::yaml::{self, Limits, Stream, Style};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const SCALARS: &str = include_str!("../yaml/scalars.json");
const HOSTILE: &str = include_str!("../yaml/hostile.json");

#[test]
fn plain_scalars_are_what_kubernetes_takes_them_for() {
    check_recorded("values", |text| format!("- {text}\n"), |root| root["0"].clone());
    check_recorded("values", |text| format!("a:\n  - b: {text}\r\n"), |root| root["a"]["0"]["b"].clone());
    check_recorded("tagged", |text| format!("- {}\n", text.trim_end().replace('\n', "\n  ")), |root| root["0"].clone());
}

#[test]
fn keys_are_what_kubernetes_takes_them_for() {
    check_recorded(
        "keys",
        |text| format!("{text}: 1\n"),
        |root| root.as_object().unwrap().keys().next().unwrap().as_str().into(),
    );
}

#[test]
fn what_kubernetes_refuses_is_refused() {
    let recorded: Value = serde_json::from_str(SCALARS).unwrap();
    let lists = [("refused", "- ", ""), ("refused keys", "", ": 1")];
    for (list, before, after) in lists {
        for text in recorded[list].as_array().unwrap().iter().map(|text| text.as_str().unwrap()) {
            let text = format!("{before}{}{after}\n", text.replace('\n', "\n  "));
            assert!(!read(&text).errors.is_empty(), "{text:?} should be refused");
        }
    }
}

#[test]
fn bad_texts_are_refused_at_their_place() {
    let mut files: Vec<_> = std::fs::read_dir(folder().join("bad")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let stream = read(&text);
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# error ")).collect();
        let shown: Vec<String> = stream.errors.iter().map(|error| show(&text, error)).collect();
        let agree = expected.len() == shown.len() && expected.iter().zip(&shown).all(|(expected, shown)| agrees(expected, shown));
        if !agree {
            wrong.push(format!("{name}: expected {expected:#?}, got {shown:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_is_read_as_json() {
    let text = "\u{feff} {\"a\":\t\"http:\\/\\/x \\ud83d\\ude00\",\n\t\"b\": [1, -2.5e3, true, null, {}, []], \"\": \"yes\"}\n[18446744073709551616]";
    let stream = read(text);
    assert_eq!(
        values(&stream),
        [json!({"a": "http://x 😀", "b": [1, -2500.0, true, null, {}, []], "": "yes"}), json!([18446744073709551616u128 as f64])]
    );
    let mark = stream.documents[0].root.pointer("/b/1").unwrap().mark;
    assert_eq!(
        (&text[mark.start as usize..mark.end as usize], mark.position(text)),
        ("-2.5e3", Position { line: 2, column: 11 })
    );
    assert_eq!(values(&read("{a: 1, 'b': [yes,]}")), [json!({"a": 1, "b": [true]})]);
    assert_eq!(values(&read("{\"a\":\"x\t\", \"\t\":\"\"}")), [json!({"a": "x\t", "\t": ""})], "not JSON, but YAML");
    let duplicate = "{\"a\": 1,\n \"b\": 2, \"a\": 3}";
    let errors: Vec<_> = read(duplicate).errors.iter().map(|error| show(duplicate, error)).collect();
    assert_eq!(errors, ["L0102 2:10 the key a stands twice in one map"]);
}

#[test]
fn documents_without_content_are_counted_and_left_out() {
    let stream = read("# licence\n---\n# nothing\n---\na: 1\n---\nnull\n...\n---\n--- b\n");
    let documents: Vec<_> = stream.documents.iter().map(|document| document.index).zip(values(&stream)).collect();
    assert_eq!(documents, [(1, json!({"a": 1})), (2, Value::Null), (4, json!("b"))]);
    assert!(read("").documents.is_empty() && read("# only\n").documents.is_empty() && read("\u{feff}").documents.is_empty());
}

#[test]
fn reading_goes_on_after_an_error() {
    let stream = read("a: [\n---\nb: 1\nb: 2\n<<: {a: 2}\n---\nc: 3\n---\n<<: x\n");
    assert_eq!(stream.errors.iter().map(|error| error.code.id()).collect::<Vec<_>>(), ["L0101", "L0102", "L0105", "L0101"]);
    assert_eq!(values(&stream), [json!({"b": 1, "a": 2}), json!({"c": 3}), json!({})]);
}

#[test]
fn every_value_knows_its_place_and_style() {
    let text = "\u{feff}a: plain # c\r\n\"b\": 'é'\r\nc: &x [1, {d: e}]\r\nf: *x\r\ng: |\r\n  l\r\n  m\r\n\r\nh: >-\r\n  i\r\n";
    let root = &read(text).documents[0].root;
    let seen = |pointer: &str| {
        let yaml = root.pointer(pointer).unwrap();
        let Position { line, column } = yaml.mark.position(text);
        (&text[yaml.mark.start as usize..yaml.mark.end as usize], line, column, yaml.style)
    };
    assert_eq!(seen("/a"), ("plain", 1, 4, Style::Plain));
    assert_eq!(seen("/b"), ("'é'", 2, 6, Style::Quoted));
    assert_eq!(seen("/c"), ("[1, {d: e}]", 3, 7, Style::Plain));
    assert_eq!(seen("/c/1/d"), ("e", 3, 15, Style::Plain));
    assert_eq!(seen("/f"), ("*x", 4, 4, Style::Plain));
    assert_eq!(seen("/f/0"), ("1", 3, 8, Style::Plain));
    assert_eq!(seen("/g"), ("l\r\n  m", 6, 3, Style::Literal));
    assert_eq!(seen("/h"), ("i", 10, 3, Style::Folded));
    assert_eq!(root.get("g").unwrap().as_str(), Some("l\nm\n"));
    assert_eq!(root.entries()[1].key.style, Style::Quoted);
}

#[test]
fn nodes_point_into_their_source() {
    let source = Source::new("x.yaml", "a:\n- b: 12\n- b: x\n  c:\n");
    let stream = read(&source.text);
    let node = stream.documents[0].root.to_node(&source, &"x.yaml".into());
    let place = |pointer: &str| {
        let node = node.pointer(pointer).unwrap();
        (&source.text[node.span().unwrap().range()], &source.text[node.key_span().unwrap().range()])
    };
    assert_eq!(place("/a/0/b"), ("12", "b"));
    assert_eq!(place("/a/1"), ("b: x\n  c", "b: x\n  c"));
    assert_eq!(place("/a/1/c"), ("", "c"));
}

#[test]
fn a_duplicate_is_told_with_both_places() {
    let source = Source::new("x.yaml", "a: 1\nb: 2\na: 3\n");
    let mut diags = Diagnostics::default();
    read(&source.text).errors[0].report(&source, &mut diags);
    let places = &diags.iter().next().unwrap().places;
    let lines: Vec<_> = places.iter().map(|place| (place.span.start().line, &*place.label)).collect();
    assert_eq!(lines, [(3, "again here"), (1, "first here")]);
}

#[test]
fn limits_hold() {
    let limits = Limits { bytes: 20, depth: 2, nodes: 8, expansion: 2 };
    let code = |text: &str| yaml::read(text, &limits).errors.first().map(|error| error.code.id());
    let fine = ["[[a]]", "a: {b: c}", "[\"a\", [\"b\"]]", "[&a b, *a]", "[1, 2, 3, 4, 5, 6]"];
    let beyond = ["[[[a]]]", "[[[\"a\"]]]", "a: {b: {c: d}}", "[&a b, *a, *a]", "[1,2,3,4,5,6,7,8,9]", "[a, b, c, d, e, f, g]"];
    fine.iter().for_each(|text| assert_eq!(code(text), None, "{text}"));
    beyond.iter().for_each(|text| assert_eq!(code(text), Some("L0104"), "{text}"));
}

/// Quadratic reading would take minutes.
#[test]
fn large_maps_and_lines_are_read_in_one_pass() {
    let keys: String = (0..60_000).map(|i| format!("key-{i}: {i}\n")).collect();
    assert_eq!(read(&keys).documents[0].root.entries().len(), 60_000);
    assert_eq!(read(&format!("{keys}key-3: again\n")).errors.len(), 1);
    assert_eq!(read(&format!("{keys}{keys}")).documents[0].root.entries().len(), 60_000);
    let json = format!("[{}]", vec!["{\"a\": \"b\"}"; 60_000].join(","));
    assert_eq!(read(&json).documents[0].root.items().len(), 60_000);
    assert!(read(&"- &a [x]\n".repeat(60_000)).errors.len() <= 1);
    assert_eq!(read("a: |+\n\n\nb: >\n").documents[0].root.get("a").unwrap().as_str(), Some("\n\n"));
    assert!(read(&"a: 1\n---\nb: [\n---\n".repeat(20_000)).errors.len() <= 101);
}

#[test]
fn hostile_texts_survive_printing() {
    let tree = hostile_tree();
    assert_eq!(values(&read(&yaml::print(&node(&tree)))), std::slice::from_ref(&tree));
    assert_eq!(serde_json::from_str::<Value>(&yaml::print_json(&node(&tree))).unwrap(), tree);
}

#[test]
fn hostile_texts_survive_kubectl() {
    let tree = hostile_tree();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.yaml");
    std::fs::write(&file, yaml::print(&node(&tree))).unwrap();
    let arguments = ["label", "--local", "a=b", "-o", "json", "--dry-run=client", "-f"];
    let Ok(output) = Command::new("kubectl").args(arguments).arg(&file).output() else {
        eprintln!("NOT CHECKED: there is no kubectl on PATH to read what we print");
        return;
    };
    assert!(output.status.success(), "kubectl refuses: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    for part in ["list", "values", "keys", "nested"] {
        assert_eq!(answer[part], tree[part], "{part}");
    }
}

#[test]
fn the_printed_form_is_stable() {
    let tree = json!({
        "apiVersion": "apps/v1", "on": "off", "empty": {}, "none": [], "mode": "0644", "image": "quay.io/a/b:1.2.3",
        "list": [1, -2.5, true, null, "x", [["deep"], {"a": [{"b": 1}]}], {}],
        "script": "#!/bin/sh\necho hi\n\n  indented\n", "chomped": "a\nb", "kept": "a\n\n\n", "tab": "a\n\tb",
    });
    let yaml = "apiVersion: apps/v1\n\"on\": \"off\"\nempty: {}\nnone: []\nmode: \"0644\"\nimage: quay.io/a/b:1.2.3\nlist:\n- 1\n- -2.5\n- true\n- null\n- x\n- - - deep\n  - a:\n    - b: 1\n- {}\nscript: |\n  #!/bin/sh\n  echo hi\n\n    indented\nchomped: |-\n  a\n  b\nkept: |+\n  a\n\n\ntab: \"a\\n\\tb\"\n";
    assert_eq!(yaml::print(&node(&tree)), yaml);
    assert_eq!(
        yaml::print_json(&node(&json!({"a": [1, {}], "b": "é\u{7f}/"}))),
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"é\\u007f/\"\n}\n"
    );
}

#[test]
fn numbers_survive_printing() {
    let numbers =
        [0.0, -0.0, 1.0, 1e15, 1e16, 1e21, -1e21, 1.5e-7, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 0.1, 1e22, 123_456_789.125];
    for number in numbers {
        let printed = yaml::print(&leaf(Data::Number(Number::Float(number))));
        assert_eq!(read(&printed).documents[0].root.data, yaml::Data::Number(Number::Float(number)), "{printed}");
        assert!(printed.contains('.'), "{printed} is an integer or a string to YAML 1.1");
    }
}

#[test]
fn what_is_usual_reads_as_what_is_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = 0;
    for folder in ["golden", "examples", "schemas", "tests"] {
        for file in walkdir::WalkDir::new(root.join(folder)) {
            let file = file.unwrap();
            if file.path().extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                let text = std::fs::read_to_string(file.path()).unwrap();
                let (usual, full) = (told(&text), told(&unusual(&text)));
                let same = usual.bytes().zip(full.bytes()).take_while(|(a, b)| a == b).count();
                let rest = |told: &str| told.chars().skip(same.saturating_sub(100)).take(200).collect::<String>();
                assert!(usual == full, "{}:\n{}\n{}", file.path().display(), rest(&usual), rest(&full));
                texts += 1;
            }
        }
    }
    assert!(texts > 1000, "there are {texts} files only");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back(tree in tree()) {
        let node = node(&tree);
        let (yaml, json) = (yaml::print(&node), yaml::print_json(&node));
        prop_assert_eq!(values(&read(&yaml)), vec![tree.clone()], "{}", yaml);
        prop_assert_eq!(values(&read(&json)), vec![tree], "{}", json);
        let again = Source::new("again", yaml.clone());
        prop_assert_eq!(yaml::print(&read(&yaml).documents[0].root.to_node(&again, &"again".into())), yaml);
    }

    #[test]
    fn what_is_nearly_usual_reads_as_what_is_not(
        lines in proptest::collection::vec(line(), 1..8),
        last in prop::sample::select(vec!["z: 1\n", "- z\n", "  z: 1\n"]),
    ) {
        // Where an empty text is depends on what comes behind it: none stands alone or last.
        let text = format!("{}{last}", lines.concat().trim_start_matches(['|', '>', ' ', '\n']));
        prop_assert_eq!(told(&text), told(&unusual(&text)), "{}", text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), "[-a1:,?&*!|>'\"\\[\\]{}#%@`~<. \\n\\t\\r\\\\u{feff}é]{0,60}"]) {
        for error in read(&text).errors {
            prop_assert!(text.get(error.mark.start as usize..error.mark.end as usize).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn no_json_makes_the_reader_panic(text in "[\\[{][-\\[\\]{}:,\"\\\\u/dD80eE.+ntf \\n]{0,40}") {
        let ours = yaml::read(&text, &Limits::default());
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert!(!ours.errors.is_empty() || values(&ours) == [value]);
        }
    }
}

/// What a person would see of an error: code, line, column and message.
fn show(text: &str, error: &yaml::Error) -> String {
    let Position { line, column } = error.mark.position(text);
    format!("{} {line}:{column} {}", error.code.id(), error.message)
}

/// True where code and place are the same and the message has the words expected.
fn agrees(expected: &str, shown: &str) -> bool {
    let mut expected = expected.splitn(3, ' ');
    let start = format!("{} {} ", expected.next().unwrap(), expected.next().unwrap());
    shown.starts_with(&start) && shown.contains(expected.next().unwrap_or_default())
}

fn check_recorded(table: &str, document: impl Fn(&str) -> String, find: impl Fn(&Value) -> Value) {
    let recorded: Value = serde_json::from_str(SCALARS).unwrap();
    for (text, expected) in recorded[table].as_object().unwrap() {
        let document = document(text);
        let stream = read(&document);
        assert!(stream.errors.is_empty(), "{document:?}: {:?}", stream.errors);
        let found = find(&by_number(&values(&stream)[0]));
        assert!(same(&found, &by_number(expected)), "{document:?} is {found} to us and {expected} to Kubernetes");
    }
}

/// Lists as maps, so that one way of indexing serves both.
fn by_number(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().enumerate().map(|(i, item)| (i.to_string(), by_number(item))).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), by_number(value))).collect(),
        other => other.clone(),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64() == b.as_f64() && (a.as_i64().is_none() || b.as_i64().is_none()))
        }
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, value)| same(value, &b[key])),
        _ => a == b,
    }
}

fn hostile_tree() -> Value {
    let texts: Vec<String> = serde_json::from_str(HOSTILE).unwrap();
    let map = |value: &dyn Fn(usize, &String) -> (String, Value)| -> Value {
        texts.iter().enumerate().map(|(i, text)| value(i, text)).collect::<Map<_, _>>().into()
    };
    json!({
        "apiVersion": "example.com/v1", "kind": "Hostile", "metadata": {"name": "hostile"},
        "list": texts,
        "values": map(&|i, text| (format!("k{i}"), text.clone().into())),
        "keys": map(&|i, text| (text.clone(), i.into())),
        "nested": map(&|_, text| (text.clone(), json!({text: [text, [text, [text]], {text: text}]}))),
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let texts: Vec<String> = serde_json::from_str(HOSTILE).unwrap();
    let text = prop_oneof![any::<String>(), proptest::sample::select(texts), "[-a1:.#'\" \\n\\t]{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from);
        let map = proptest::collection::btree_map(text.clone(), inner, 0..6);
        prop_oneof![list, map.prop_map(|map| Value::Object(map.into_iter().collect()))]
    })
}

fn node(value: &Value) -> Node {
    leaf(match value {
        Value::Null => Data::Null,
        Value::Bool(flag) => Data::Bool(*flag),
        Value::String(text) => Data::Str(text.as_str().into()),
        Value::Number(n) => Data::Number(n.as_i128().map_or_else(|| Number::Float(n.as_f64().unwrap()), Number::Int)),
        Value::Array(items) => Data::Seq(items.iter().map(|item| Arc::new(node(item))).collect()),
        Value::Object(map) => {
            Data::Map(map.iter().map(|(key, value)| Entry { key: key.as_str().into(), node: Arc::new(node(value)) }).collect())
        }
    })
}

fn leaf(data: Data) -> Node {
    Arc::unwrap_or_clone(Node::derived("test", data, []))
}

fn values(stream: &Stream<'_>) -> Vec<Value> {
    let (source, layer) = (Source::new("test", ""), Arc::from("test"));
    stream.documents.iter().map(|document| document.root.to_node(&source, &layer).to_json()).collect()
}

/// The same values at the same places; but with an end that only the full reader takes.
fn unusual(text: &str) -> String {
    format!("{text}...\n")
}

/// All that was read, with its places.
fn told(text: &str) -> String {
    let stream = read(text);
    let documents: Vec<String> = stream.documents.iter().map(|document| format!("{document:?}")).collect();
    if stream.errors.is_empty() { documents.concat() } else { format!("{} errors", stream.errors.len()) }
}

/// A line as people and programs write it, or nearly so.
fn line() -> impl Strategy<Value = String> {
    let indent = prop::sample::select(vec!["", "", "", "  ", "  ", "    ", " ", "- ", "- - ", "  - ", "-", "-   "]);
    let key = prop_oneof![
        Just(String::new()),
        "[a-c]{1,2}: ?",
        prop::sample::select(vec!["\"a b\": ", "'a': ", "a :", "on: ", "1: ", "<<: ", "a b: ", "a#b: ", "a #b: ", "{a: b}: "])
            .prop_map(str::to_owned)
    ];
    let value = prop_oneof![
        prop::sample::select(vec![
            "",
            "",
            "x",
            "1",
            "yes",
            "~",
            "|",
            "|-",
            "|+",
            ">",
            ">-",
            ">+",
            "[]",
            "{}",
            "[a, b]",
            "[a, {b: c}]",
            "{a: 1, b: [x]}",
            "{a: b, a: c}",
            "[a,",
            "b]",
            "[a, ]",
            "{a}",
            "{a:b}",
            "[a: b]",
            "'it''s'",
            "\"a\\n\\\"\"",
            "\"a\\/\"",
            "- x",
            "a:",
            "a: b",
            "#c",
            "x #c",
            "x#c",
            "x  ",
            "!t x",
            "&a x",
            "*a",
            "---",
            "...",
            "? a",
            "-x",
            "-",
            ".inf",
            "é \u{e000}1\u{e001}",
            "\u{85}",
            "%a",
            "@a",
            "[-]",
            "[- a]",
            "{ \"a\": b }",
            "{\"a\":b}",
            "[\"a\" , b]",
            "|2",
            "| #c",
            "x:y",
            "http://x:1/#a",
            "[http://x, a:b]",
            "\"a",
            "'a",
        ])
        .prop_map(str::to_owned),
        "[-a1:,?&*!|>'\"\\[\\]{}#%@`~<. ]{0,6}",
    ];
    let ends = prop::sample::select(vec!["\n", "\n", "\n", "\n", "\n\n", " \n", "\n   \n"]);
    (indent, key, value, ends).prop_map(|(indent, key, value, end)| format!("{indent}{key}{value}{end}"))
}

fn read(text: &str) -> Stream<'_> {
    yaml::read(text, &Limits::default())
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/yaml"))
}
