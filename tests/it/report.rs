//! The formats of findings: one set of diagnostics for each case, one file for each format.

use std::path::Path;
use std::sync::Arc;

use lakegen::diagnostic::{Code, Diagnostics};
use lakegen::report::{Format, Style, Summary, render};
use lakegen::source::{Source, Span};
use proptest::prelude::*;
use serde_json::Value;

type Make = fn(&mut Diagnostics);

const CASES: &[(&str, Make)] =
    &[("clean", |_| {}), ("simple", simple), ("places", places), ("hostile", hostile), ("layout", layout), ("many", many)];

const PLAIN: Style = Style { color: false, width: 100 };

const CONFIG: &str = "\
# the house
name = \"lake\"

[components.minio]
nodes = 0
size = \"20XB\"

[components.trino]
uses.catalog = \"hive\"
memory = \"8GiB\"
";

#[test]
fn every_case_in_every_format() {
    for (case, make) in CASES {
        let diags = made(*make);
        for format in Format::ALL {
            expect(&format!("{case}.{}", format.name()), &render(*format, &diags, &summary(&diags), PLAIN));
        }
        let color = Style { color: true, ..PLAIN };
        expect(&format!("{case}.ansi"), &render(Format::Human, &diags, &summary(&diags), color).replace('\x1b', "␛"));
    }
}

#[test]
fn sarif_follows_its_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("../report/sarif-2.1.0.json")).unwrap();
    // A pattern that is no regular expression: a bracket closes that was never opened. We name no language.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (case, text) in rendered(Format::Sarif) {
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(errors.is_empty(), "{case}: {errors:#?}");
    }
}

#[test]
fn sarif_fingerprints_outlive_a_move_and_are_unique() {
    assert_eq!(prints(|diags| nodes_in("nodes = 0\n", diags)), prints(|diags| nodes_in("# new\n\n  nodes = 0\n", diags)));
    assert_ne!(prints(|diags| nodes_in("nodes = 0\n", diags)), prints(|diags| nodes_in("more.nodes = 0\n", diags)));
    let mut all = prints(many);
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn json_is_json() {
    for (case, text) in rendered(Format::Json) {
        let value: Value = serde_json::from_str(&text).unwrap();
        let lines = render(Format::Jsonl, &made(make_of(case)), &summary(&made(make_of(case))), PLAIN);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (last, findings) = lines.split_last().unwrap();
        assert_eq!(value["findings"].as_array().unwrap(), findings, "{case}");
        assert_eq!(value["summary"], last["summary"], "{case}");
    }
}

#[test]
fn junit_is_xml() {
    for (case, text) in rendered(Format::Junit) {
        well_formed(&text).unwrap_or_else(|wrong| panic!("{case}: {wrong}"));
    }
}

/// Nothing that a terminal, a browser or a log would obey; in JSON such characters stand as escapes.
#[test]
fn nothing_hidden_gets_out() {
    for format in Format::ALL {
        for (case, text) in rendered(*format) {
            let found = text.chars().find(is_hidden);
            assert_eq!(found, None, "{case}.{}", format.name());
        }
    }
}

#[test]
fn github_lines_are_commands() {
    for (case, text) in rendered(Format::Github) {
        for line in text.lines() {
            assert!(
                ["::error ", "::warning ", "::notice ", "lakegen: "].iter().any(|start| line.starts_with(start)),
                "{case}: {line}"
            );
        }
        assert!(text.matches("::error ").count() <= 10, "{case}");
    }
}

#[test]
fn markdown_rows_have_three_cells_and_fit_a_comment() {
    for (case, text) in rendered(Format::Markdown) {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.for_each(|row| assert_eq!(row.replace("\\\\", "").replace("\\|", "").matches('|').count(), 4, "{case}: {row}"));
        assert!(text.chars().count() < 65_536, "{case}");
    }
}

/// Thousands of findings in megabytes, in many lines and in a single one: what is read once takes no time.
#[test]
fn large_files_are_read_once() {
    for line in ["nodes = 0\n", "nodes = 0, "] {
        let source = Source::new("large.toml", line.repeat(1_000_000 / line.len()));
        let mut diags = Diagnostics::default();
        for at in 0..2_000 {
            let start = at * 450 / line.len() * line.len();
            diags.error(Code::BadValue, "0 is less than the minimum of 1").at(&Span::new(&source, start + 8..start + 9), "here");
        }
        for format in Format::ALL {
            assert!(!render(*format, &diags, &summary(&diags), PLAIN).is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

    /// Any text and any places in it come out of every format, and nothing hidden does.
    #[test]
    fn anything_can_be_reported(
        text in "(a|é|日| |\t|\n|\r\n|\r|\u{1b}|\u{200d}|\u{202e}|👩|\u{301}|\u{feff}|x{300}){0,40}",
        message in "\\PC{0,9}|[\\x00-\\x{10FFFF}]{0,9}",
        spans in prop::collection::vec((0..200_usize, 0..200_usize), 0..5),
        width in 0..200_usize,
        color: bool,
    ) {
        let source = Source::new("a.toml", text);
        let mut diags = Diagnostics::default();
        let finding = diags.error(Code::BadValue, message.clone());
        for (start, length) in spans {
            finding.at(&Span::new(&source, start..start + length), message.clone());
        }
        for format in Format::ALL {
            let text = render(*format, &diags, &summary(&diags), Style { color: false, width });
            prop_assert_eq!(text.chars().find(is_hidden), None, "{}", text);
        }
        render(Format::Human, &diags, &summary(&diags), Style { color, width });
        prop_assert_eq!(well_formed(&render(Format::Junit, &diags, &summary(&diags), PLAIN)), Ok(()));
    }
}

#[test]
fn formats_are_known_by_their_names() {
    Format::ALL.iter().for_each(|format| assert_eq!(Format::parse(format.name()), Some(*format)));
    assert_eq!(Format::parse("xml"), None);
}

fn simple(diags: &mut Diagnostics) {
    let source = Source::new("lakehouse.toml", CONFIG);
    diags
        .error(Code::BadValue, "0 is less than the minimum of 1")
        .at(&spot(&source, "0"), "servers in the erasure set")
        .help("one server is enough on a laptop: use profile development");
    diags
        .error(Code::WrongUnit, "XB is not a unit of size")
        .at(&spot(&source, "\"20XB\""), "")
        .note("units of size are B, kB, MB, GB, TB, PB and KiB, MiB, GiB, TiB, PiB")
        .help("did you mean 20GB?");
    diags.warning(Code::UnknownKey, "no such key").at(&spot(&source, "memory"), "unknown here");
    diags
        .note(Code::Differs, "3 files differ from what is written")
        .note("in out/production")
        .help("write them with lakegen build");
}

fn places(diags: &mut Diagnostics) {
    let config = Source::new("lakehouse.toml", CONFIG);
    let template =
        Source::new("templates/trino/catalog.properties.j2", "connector.name={{ catalog.kind }}\nuri={{ catalog.uri }}\n");
    let output = Source::new("out/production/compose/trino.yaml", "");
    diags
        .error(Code::AmbiguousNeed, "trino needs a catalog, and two components offer one")
        .at(&spot(&config, "\"hive\""), "asked for here")
        .at(&spot(&config, "[components.trino]"), "by this component")
        .at(&spot(&config, "\"lake\""), "in this house")
        .at(&spot(&template, "catalog.uri"), "used here")
        .at(&Span::new(&output, 0..0), "")
        .note("hive and nessie both offer catalog")
        .help("say which: uses.catalog = \"nessie\"");
    diags
        .error(Code::Unreadable, "no such file")
        .at(&Span::new(&Source::new("missing.toml", ""), 0..0), "named on the command line")
        .help("run lakegen init");
    diags.warning(Code::BadSet, "nothing stands after the =").at(&spot(&Source::new("--set", "minio.nodes="), "="), "here");
    let deploy = Source::new("deploy.yaml", "kind: Deployment\nspec:\n  replicas: two\n");
    let finding = diags.error(Code::WrongType, "replicas: expected an integer, found the string \"two\"");
    finding.at(&spot(&deploy, "two"), "here").help("write 2");
    finding.places[0].document = Some(0);
    finding.places[0].pointer = Some("/spec/replicas".into());
}

fn hostile(diags: &mut Diagnostics) {
    let text = "evil = \"\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J \u{202e}txet\u{2066} \u{0}\u{7f}\u{200b}\u{2028}\u{fffe}\"\r\nnext = 1";
    let source = Source::new("a b\u{1b}[2J,c:d%|`x`/ä.toml", text);
    diags
        .error(
            Code::BadValue,
            "\u{1b}[31mred\u{202e} <script>alert(1)</script> ]]> & | `code` **bold** @someone #1 ::error::x 100%\nnext\ttab",
        )
        .at(&spot(&source, "txet"), "\u{1b}[0m label | <b>\n@here")
        .note("\u{9b}1m [link](https://example.com) www.example.com https://example.com\r\n::set-output name=a::b")
        .help("\u{7}\u{feff}{0} \\u{1b} \u{e0041}");
    diags.warning(Code::UnknownKey, "").at(&spot(&source, "next"), "after a line with controls");
}

fn layout(diags: &mut Diagnostics) {
    let windows = Source::new("windows.toml", "a = 1\r\n\tkey\t= \"x\"\r\n\r\nlast = 2\r\n");
    diags
        .error(Code::UnknownKey, "a tab before and after, and Windows line ends")
        .at(&spot(&windows, "key"), "the key")
        .at(&spot(&windows, "\"x\""), "the value");
    diags.error(Code::Syntax, "a place over a line end").at(&spot(&windows, "\"x\"\r\n"), "here");
    diags
        .error(Code::Syntax, "the end of the file")
        .at(&Span::new(&windows, windows.text.len()..windows.text.len()), "something is missing");
    let unicode = Source::new("größe.toml", "größe = \"日本語\" # 👩‍👩‍👧 é\nnächste = 1\n");
    diags.error(Code::BadValue, "wide characters: 日本語").at(&spot(&unicode, "\"日本語\""), "hier");
    diags
        .warning(Code::UnknownKey, "after wide characters")
        .at(&spot(&unicode, "é"), "combined")
        .at(&spot(&unicode, "nächste"), "");
    let long =
        Source::new("long.json", format!("{{\"a\": \"{}\", \"b\": 0, \"c\": \"{}\"}}\n", "x".repeat(9_000), "y".repeat(9_000)));
    diags.error(Code::BadValue, "deep in a long line").at(&spot(&long, "0"), "too small").at(&spot(&long, "\"a\""), "far away");
    diags.error(Code::BadValue, "a long value").at(&spot(&long, &format!("\"{}\"", "y".repeat(9_000))), "too long");
    let block = Source::new("block.yaml", "a:\n  b: |\n    one\n    two\n  c: 3\n");
    diags.error(Code::WrongType, "a place of several lines").at(&spot(&block, "b: |\n    one\n    two"), "this text");
    let tall = Source::new("tall.yaml", format!("list:\n{}end: 1\n", "  - item\n".repeat(200)));
    diags
        .error(Code::TooComplex, "a place of very many lines")
        .at(&spot(&tall, &"  - item\n".repeat(200)), "this list")
        .at(&spot(&tall, "end"), "ends here");
}

fn many(diags: &mut Diagnostics) {
    let source = Source::new("many.toml", "nodes = 0\n".repeat(40));
    for at in 0..12 {
        diags.warning(Code::UnknownKey, "no such key").at(&Span::new(&source, at * 10..at * 10 + 5), "");
    }
    for at in 12..37 {
        diags.error(Code::BadValue, "0 is less than the minimum of 1").at(&Span::new(&source, at * 10 + 8..at * 10 + 9), "here");
    }
    diags.note(Code::Differs, "nothing else");
}

fn nodes_in(text: &str, diags: &mut Diagnostics) {
    diags.error(Code::BadValue, "0 is less than the minimum of 1").at(&spot(&Source::new("a.toml", text), "0"), "here");
}

fn made(make: Make) -> Diagnostics {
    let mut diags = Diagnostics::default();
    make(&mut diags);
    diags
}

fn make_of(case: &str) -> Make {
    CASES.iter().find(|(name, _)| *name == case).unwrap().1
}

fn summary(diags: &Diagnostics) -> Summary {
    Summary { files: 3, objects: 12, unknown_kinds: vec!["Foo.example.com/v1".into()], ..Summary::of(diags) }
}

fn rendered(format: Format) -> Vec<(&'static str, String)> {
    let one = |(case, make): &(&'static str, Make)| {
        let diags = made(*make);
        (*case, render(format, &diags, &summary(&diags), PLAIN))
    };
    CASES.iter().map(one).collect()
}

fn prints(make: Make) -> Vec<String> {
    let text = render(Format::Sarif, &made(make), &Summary::default(), PLAIN);
    let value: Value = serde_json::from_str(&text).unwrap();
    let print = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_string();
    value["runs"][0]["results"].as_array().unwrap().iter().map(print).collect()
}

fn spot(source: &Arc<Source>, part: &str) -> Span {
    let start = source.text.find(part).expect("the part stands in the source");
    Span::new(source, start..start + part.len())
}

fn expect(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report").join(name);
    let got = &got.replace(concat!('"', env!("CARGO_PKG_VERSION"), '"'), "\"VERSION\"");
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(path, got).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(wanted == *got, "{name} differs; run with UPDATE=1 and read the difference:\n{got}");
}

fn is_hidden(c: &char) -> bool {
    (c.is_control() && *c != '\n')
        || matches!(c, '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}'..='\u{FFFF}')
}

/// Tags closed in their order, known entities, and only the characters that XML 1.0 allows.
fn well_formed(xml: &str) -> Result<(), String> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if let Some(c) = xml.chars().find(|c| !allowed(*c)) {
        return Err(format!("{c:?} is no character of XML"));
    }
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').ok_or("a tag without end")?;
        entities(tag)?;
        entities(text)?;
        match tag {
            _ if tag.starts_with('?') || tag.ends_with('/') => {}
            _ if tag.starts_with('/') => {
                if open.pop() != Some(&tag[1..]) {
                    return Err(format!("{tag} closes another tag"));
                }
            }
            _ => open.push(tag.split(' ').next().unwrap_or_default()),
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

fn entities(text: &str) -> Result<(), String> {
    for part in text.split('&').skip(1) {
        let name = part.split(';').next().unwrap_or_default();
        if !["amp", "lt", "gt", "quot", "apos"].contains(&name) && !name.starts_with('#') {
            return Err(format!("&{name} is no entity"));
        }
    }
    Ok(())
}
