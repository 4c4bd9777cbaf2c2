//! No value a user writes can change structure: every string option, with every hostile string, in every mode.
//!
//! A lakehouse is compiled with a harmless word in every option, and again with a hostile string in the same places.
//! Either the string is refused, or the outputs are the same but for the string, which stands where the word stood:
//! in a document as the same value, in a script as what a real shell makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use lakegen::catalog::Catalog;
use lakegen::document::{Document, Format};
use lakegen::lakehouse::{self, Input};
use lakegen::yaml::{self, Limits};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::compiled::{self, told};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| compiled::load(Some("hostile")));
const MODES: [&str; 3] = ["compose", "k3s", "echo"];

/// Injections into what our outputs are read by: shells, SQL, YAML, compose, Kubernetes, templates, markdown, terminals.
const INJECTIONS: &[&str] = &[
    "$(reboot)",
    "`id`",
    "${HOME}",
    "$HOME",
    "$",
    "$$",
    "$$$",
    "$$(HOME)",
    "$(HOME)",
    "$(PREFECT_LOGGING_LEVEL)",
    "%d%%s%n",
    "'; DROP TABLE x; --",
    "\"; echo pwned; \"",
    "'\"'\"'",
    "' || true #",
    "x' 'y",
    "a;b",
    "a&b",
    "a|b",
    "a>b",
    "!!",
    "!x",
    "~root",
    "*",
    "?",
    "[a-z]*",
    "{a,b}",
    "\\",
    "\\'",
    "\\\n",
    "-n",
    "--help",
    "-- ",
    "#",
    " # x",
    "EOF",
    "<<EOF",
    "/* x */",
    "\\x41",
    "\\u0041",
    "x\nkey: value",
    "x\n  key: value",
    "x\n- item",
    "x\n---\nkind: Secret",
    "x\n...\n",
    "\n#!/bin/sh\nreboot\n",
    "x\r\ny: z",
    "|",
    "|-",
    ">-",
    "&a",
    "*a",
    "? x",
    "[]",
    "{}",
    "- x",
    "!!binary aGk=",
    "!!int 3",
    "<<",
    "...",
    "---",
    "=",
    ":",
    "a: {b: [c",
    "{{ 7*7 }}",
    "{{ options }}",
    "{% raw %}",
    "{% endraw %}",
    "{#",
    "#}",
    "{{",
    "}}",
    "%}",
    "${{ github.token }}",
    "{{{{",
    "\u{e000}",
    "\u{e000}0\u{e001}",
    "\u{e000}99999\u{e001}",
    "\u{e001}",
    "\u{e002}1\u{e003}",
    "\u{e002}",
    "\u{e003}x",
    "\u{e000}-1\u{e001}",
    "\0",
    "a\0b",
    "\u{1}",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{7f}",
    "\u{85}",
    "\u{feff}",
    "\u{feff}a",
    "\u{202e}abc",
    "\u{2066}a\u{2069}",
    "\u{2028}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "e\u{301}",
    "\u{1f468}\u{200d}\u{1f469}",
    "# Heading\n",
    "\n# Heading",
    "```\nreboot\n```",
    "<script>",
    "[x](y)",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../b",
    "C:\\x",
    "\t",
    "  ",
    " x ",
    "x\n",
    "\n\n",
    "null\n",
    "name\n",
    "a.b\n",
];

// --- options -------------------------------------------------------------------------------------------------------

/// A place in lakehouse.toml where a user writes a string.
#[derive(Clone, Debug)]
struct Setting {
    /// The keys down to it; where `is_key`, the last of `path[at]` is the string itself.
    path: Vec<String>,
    kind: Kind,
    /// The harmless word, findable in every output.
    word: String,
    /// Whether the string is a list's only item.
    in_list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Stands in the outputs as it is.
    Verbatim,
    /// Becomes a number or a quantity: only the structure can be compared.
    Measured,
    /// Must name something that exists: everything else is refused.
    Reference,
    /// A key of a table: what stands below it is given.
    Key(&'static str),
}

/// Every string of the schema that is not one of a list of choices.
fn options() -> Vec<Setting> {
    let schema = lakehouse::json_schema(&CATALOG);
    let mut walker = Walker { found: Vec::new(), path: Vec::new() };
    walker.walk(&schema["properties"]);
    let key = |path: &[&str], below| Setting {
        path: path.iter().map(|step| (*step).to_owned()).collect(),
        kind: Kind::Key(below),
        word: String::new(),
        in_list: false,
    };
    walker.found.extend([
        key(&["components", "object-store", "buckets"], "{ versioning = true }"),
        key(&["components", "prefect", "labels"], "\"label\""),
        key(&["components", "echo", "table"], "\"cell\""),
        key(&["echo", "table"], "\"cell\""),
        key(&["components", "prefect", "uses"], "\"postgresql\""),
        key(&["components"], "{ is = \"echo\" }"),
        key(&["profile"], "{}"),
        key(&["components", "valkey"], "\"x\""),
        key(&["lakehouse"], "\"x\""),
        key(&["compose"], "\"x\""),
    ]);
    for (index, option) in walker.found.iter_mut().enumerate() {
        option.word = option.harmless(&format!("zq{}{}q", letter(index / 26), letter(index % 26)));
    }
    walker.found
}

fn letter(n: usize) -> char {
    char::from(b'a' + u8::try_from(n).unwrap())
}

struct Walker {
    found: Vec<Setting>,
    path: Vec<String>,
}

impl Walker {
    fn walk(&mut self, properties: &Value) {
        for (name, schema) in properties.as_object().into_iter().flatten() {
            self.below(name, schema);
        }
    }

    fn below(&mut self, name: &str, schema: &Value) {
        self.path.push(name.to_owned());
        let items = schema.get("items");
        // What is only judged by is in no output. Another service that stands in leaves nothing to compare, a mode that is not tried has no output, and one of those
        // that are tried has no Jobs for flows.
        let is_judged_by =
            self.path[0] == "validate" || (self.path[0] != "components" && self.path.get(1).is_some_and(|step| step == "pools"));
        let is_elsewhere = is_judged_by
            || self.path.iter().any(|step| step == "external" || step == "kubernetes_image")
            || CATALOG.mode(&self.path[0]).is_some_and(|mode| !MODES.contains(&mode.name.as_str()));
        if !is_elsewhere && (is_text(schema) || items.is_some_and(is_text)) {
            let types = [schema.get("x-type"), items.and_then(|items| items.get("x-type"))];
            self.found.push(Setting {
                path: self.path.clone(),
                kind: self.kind(types.into_iter().flatten().next().and_then(Value::as_str)),
                word: String::new(),
                in_list: items.is_some(),
            });
        }
        self.walk(&schema["properties"]);
        // `profile` and unknown components refer back to what is walked already.
        let others = &schema["additionalProperties"];
        if others.is_object() && others.get("$ref").is_none() && name != "components" && name != "profile" {
            self.below("zqentry", others);
        }
        self.path.pop();
    }

    fn kind(&self, form: Option<&str>) -> Kind {
        let last = self.path.last().map(String::as_str);
        let is_reference = self.path == ["modes"] || last == Some("is") || self.path.iter().any(|step| step == "uses");
        match form {
            _ if is_reference => Kind::Reference,
            Some("size" | "duration" | "cpu" | "rate" | "share") => Kind::Measured,
            _ => Kind::Verbatim,
        }
    }
}

fn is_text(schema: &Value) -> bool {
    let is = |kind: &Value| kind.as_str() == Some("string");
    let text = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(is),
        kind => is(kind),
    };
    text && schema.get("enum").is_none() && schema.get("const").is_none()
}

impl Setting {
    fn harmless(&self, word: &str) -> String {
        match self.path.last().map(String::as_str) {
            Some("domain") => format!("{word}.example"),
            Some("url" | "runbooks") => format!("http://{word}.example:3128"),
            Some("ca_bundle") => format!("-----BEGIN CERTIFICATE-----\n{word}\n-----END CERTIFICATE-----\n"),
            Some("key") if self.path.iter().any(|step| step == "signatures") => {
                format!("-----BEGIN PUBLIC KEY-----\n{word}\n-----END PUBLIC KEY-----\n")
            }
            Some("schedule") if self.path.contains(&"drill".to_owned()) => "7 7 7 7 7".to_owned(),
            Some("schedule") => "0 7 7 7 7 7".to_owned(),
            Some("prefixes") => format!("gold/{word}"),
            Some("version") if self.path.contains(&"installs".to_owned()) => "7.7.7".to_owned(),
            Some("ready") => format!("{word}/{word}"),
            Some("manifests_at") => format!("https://{word}.example"),
            _ if self.path.iter().any(|step| step == "manifests") => "7".repeat(64),
            Some("keep") => "77d".to_owned(),
            Some(name) if name.ends_with("image") => format!("{word}/{word}:1"),
            Some("address") => "10.254.253.77".to_owned(),
            Some("issuer") if ["login", "signatures"].iter().any(|of| self.path.iter().any(|step| step == of)) => {
                format!("https://{word}.example")
            }
            Some("server") => format!("https://{word}.example"),
            Some("provider_ranges" | "ranges") => "10.253.252.0/24".to_owned(),
            _ => word.to_owned(),
        }
    }

    /// Whether the harmless word can be written there at all.
    fn has_word(&self) -> bool {
        match self.kind {
            Kind::Verbatim => true,
            Kind::Key(_) => match self.path[0].as_str() {
                "components" => !matches!(self.path.last().map(String::as_str), Some("uses" | "valkey")),
                place => place == "echo",
            },
            Kind::Measured | Kind::Reference => false,
        }
    }

    /// One line of lakehouse.toml.
    fn line(&self, text: &str) -> String {
        let path = self.path.iter().map(|step| quoted(step)).collect::<Vec<_>>().join(".");
        match self.kind {
            Kind::Key(below) => format!("{path}.{} = {below}", quoted(text)),
            _ if self.in_list => format!("{path} = [{}]", quoted(text)),
            _ => format!("{path} = {}", quoted(text)),
        }
    }
}

/// A TOML string, or a key.
fn quoted(text: &str) -> String {
    json!(text).to_string().replace('\u{7f}', "\\u007f")
}

// --- compiling -----------------------------------------------------------------------------------------------------

type Texts = Vec<Option<String>>;

/// A lakehouse file with a line for each option that has a text.
fn file(options: &[Setting], texts: &Texts) -> (String, Vec<usize>) {
    let mut lines = vec!["components.echo = {}".to_owned()];
    let mut owners = vec![usize::MAX];
    // Tables that are written with dots cannot also be written as `{}`.
    if texts.iter().zip(options).any(|(text, option)| text.is_some() && option.path.get(1).is_some_and(|name| name == "echo")) {
        lines.clear();
        owners.clear();
    }
    // What is off by itself would hide the options of what it needs, and a pool is one more workload.
    for switch in [
        "components.postgresql.backup.enabled = true",
        "components.valkey.exporter.enabled = true",
        "components.prefect.exporter.enabled = true",
        "components.postgresql.exporter.enabled = true",
        "components.prefect.pools.zqentry.workers = 1",
        "components.postgresql.pooler = 1",
        "components.valkey.tls = true",
        "components.loki.in_object_store = true",
        "k3s.pages.issuer = \"letsencrypt\"",
    ] {
        lines.push(switch.to_owned());
        owners.push(usize::MAX);
    }
    if !options.iter().zip(texts).any(|(option, text)| text.is_some() && option.path == ["lakehouse", "name"]) {
        lines.push("lakehouse.name = \"zqname\"".to_owned());
        owners.push(usize::MAX);
    }
    for (index, (option, text)) in options.iter().zip(texts).enumerate() {
        if let Some(text) = text {
            lines.push(option.line(text));
            owners.push(index);
        }
    }
    (lines.join("\n"), owners)
}

/// The documents of each mode, or the options that were refused as far as that is told.
fn compile(options: &[Setting], texts: &Texts, modes: &[&str]) -> Result<Vec<Vec<Document>>, BTreeSet<usize>> {
    let (text, owners) = file(options, texts);
    let input: Input = compiled::input(&text, "development");
    match compiled::try_compile(&CATALOG, &input, modes) {
        Ok(outputs) => Ok(outputs.into_iter().map(|output| output.documents).collect()),
        Err(diags) => {
            let spans = diags.iter().flat_map(|d| &d.places).filter(|place| place.span.source.name == "lakehouse.toml");
            let owner = |line: u32| owners.get(line as usize - 1).copied().filter(|owner| *owner != usize::MAX);
            Err(spans.filter_map(|place| owner(place.span.start().line)).collect())
        }
    }
}

#[derive(Default, Debug)]
struct Counts {
    compared: usize,
    refused: usize,
    scripts: usize,
}

/// Which hostile string goes into which option.
type Trial<'a> = Vec<(usize, &'a str)>;

/// Writes hostile strings into many options at once; what is refused gives way, and what remains is compared.
struct Judge<'a> {
    options: &'a [Setting],
    harmless: &'a Texts,
    expected: &'a [Vec<Expected>],
    modes: &'a [&'a str],
}

/// What the harmless words became, read once.
struct Expected {
    document: Document,
    text: String,
    value: Value,
}

impl Expected {
    fn read(document: Document) -> Result<Expected, String> {
        let text = document.print();
        let value = read(document.format, &text)?;
        Ok(Expected { document, text, value })
    }
}

/// A document as data; of text nothing is known.
fn read(format: Format, text: &str) -> Result<Value, String> {
    match format {
        Format::Text => Ok(Value::Null),
        Format::Json => serde_json::from_str(text).map_err(|error| format!("no JSON: {error}")),
        Format::Yaml => read_yaml(text),
    }
}

impl Judge<'_> {
    fn all(&self, mut trial: Trial<'_>, counts: &mut Counts) -> Result<(), String> {
        loop {
            match compile(self.options, &self.with(&trial), self.modes) {
                Ok(outputs) => {
                    counts.compared += trial.len();
                    return self.compare(&trial, &outputs, counts);
                }
                Err(refused) if trial.iter().any(|(option, _)| refused.contains(option)) => {
                    let before = trial.len();
                    trial.retain(|(option, _)| !refused.contains(option));
                    counts.refused += before - trial.len();
                }
                // Refused further on, where nobody can tell which of them it was: halves, and halves of them.
                Err(_) if trial.len() > 1 => {
                    let (mut left, mut right): (Trial<'_>, Trial<'_>) =
                        trial.iter().partition(|(option, _)| self.options[*option].path.iter().any(|step| step == "echo"));
                    if left.is_empty() || right.is_empty() {
                        right = trial.split_off(trial.len() / 2);
                        left = trial;
                    }
                    return self.all(left, counts).and(self.all(right, counts));
                }
                Err(_) => {
                    counts.refused += trial.len();
                    return Ok(());
                }
            }
        }
    }

    fn with(&self, trial: &Trial<'_>) -> Texts {
        let mut texts = self.harmless.clone();
        trial.iter().for_each(|(option, hostile)| texts[*option] = Some((*hostile).to_owned()));
        texts
    }

    fn compare(&self, trial: &Trial<'_>, outputs: &[Vec<Document>], counts: &mut Counts) -> Result<(), String> {
        let exact = trial.iter().all(|(option, _)| self.options[*option].kind != Kind::Measured);
        let words = trial.iter().map(|(option, hostile)| (self.options[*option].word.as_str(), *hostile));
        let words: Vec<(&str, &str)> = words.filter(|(word, _)| !word.is_empty()).collect();
        let needles = needles(&words);
        for (mode, found) in self.modes.iter().zip(outputs) {
            let expected = &self.expected[MODES.iter().position(|known| known == mode).unwrap()];
            let mut comparison = Comparison { needles: &needles, exact, mode, doubled: "", scripts: 0 };
            comparison.documents(expected, found).map_err(|difference| format!("{words:?} in {mode}: {difference}"))?;
            counts.scripts += comparison.scripts;
        }
        Ok(())
    }
}

// --- comparing -----------------------------------------------------------------------------------------------------

/// By their first sign the harmless words, with the hostile strings that were written in their places; names of variables are
/// in capitals.
type Needles = BTreeMap<char, Vec<(String, String)>>;

fn needles(words: &[(&str, &str)]) -> Needles {
    let mut needles = Needles::new();
    for (word, hostile) in words {
        for (word, hostile) in [((*word).to_owned(), (*hostile).to_owned()), (word.to_uppercase(), hostile.to_uppercase())] {
            needles.entry(word.chars().next().unwrap()).or_default().push((word, hostile));
        }
    }
    needles
}

struct Comparison<'a> {
    needles: &'a Needles,
    exact: bool,
    mode: &'a str,
    doubled: &'a str,
    scripts: usize,
}

impl Comparison<'_> {
    fn documents(&mut self, expected: &[Expected], found: &[Document]) -> Result<(), String> {
        if expected.len() != found.len() {
            return Err(format!("{} files became {}", expected.len(), found.len()));
        }
        // A name in a path may change the order of files: they are found by their names.
        let by_path: BTreeMap<&str, &Document> = found.iter().map(|document| (document.path.as_str(), document)).collect();
        for one in expected {
            let path = self.replaced(&one.document.path, str::to_owned);
            let other = by_path.get(path.as_str()).ok_or_else(|| format!("there is no {path:?}"))?;
            self.document(one, other).map_err(|difference| format!("{}: {difference}", one.document.path))?;
        }
        Ok(())
    }

    fn document(&mut self, expected: &Expected, found: &Document) -> Result<(), String> {
        self.doubled = match (self.mode, found.path.as_str()) {
            ("compose", "docker-compose.yaml") => "$",
            ("echo", "doubled.yaml") => "$%",
            _ => "",
        };
        let other = found.print();
        match found.format {
            Format::Text => self.text(&expected.document.path, &expected.text, &other),
            format => self.value("", &expected.value, &read(format, &other)?),
        }
    }

    fn value(&mut self, at: &str, expected: &Value, found: &Value) -> Result<(), String> {
        match (expected, found) {
            (Value::Object(a), Value::Object(b)) => {
                if a.len() != b.len() {
                    return Err(format!("{at}: {} keys became {}", a.len(), b.len()));
                }
                for (key, value) in a {
                    let key = stripped(&self.replaced(key, str::to_owned));
                    let other = b.iter().find(|(name, _)| stripped(name) == key).map(|(_, value)| value);
                    let other = other.ok_or_else(|| format!("{at}: there is no key {key:?} among {:?}", b.keys()))?;
                    self.value(&format!("{at}/{key}"), value, other)?;
                }
                Ok(())
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                // Networks are in the order of their names.
                let is_sorted = at.ends_with("/networks");
                let mut b: Vec<&Value> = b.iter().collect();
                for (index, item) in a.iter().enumerate() {
                    let at = format!("{at}/{index}");
                    if is_sorted && let Some(same) = b.iter().position(|other| self.value(&at, item, other).is_ok()) {
                        b.remove(same);
                        b.insert(index, &Value::Null);
                        continue;
                    }
                    self.value(&at, item, b[index])?;
                }
                Ok(())
            }
            (Value::String(a), Value::String(b)) => self.string(at, a, b),
            (a, b) if a == b || (!self.exact && a.is_number() && b.is_number()) => Ok(()),
            (a, b) => Err(format!("{at}: {a} became {b}")),
        }
    }

    fn string(&mut self, at: &str, expected: &str, found: &str) -> Result<(), String> {
        let name = at.rsplit('/').next().unwrap_or_default();
        let once = |text: &str| {
            self.doubled.chars().fold(text.to_owned(), |text, sign| text.replace(&format!("{sign}{sign}"), &sign.to_string()))
        };
        if name.starts_with("etc-echo-") || [".yml", ".yaml", "-cluster.json"].iter().any(|end| name.ends_with(end)) {
            return self.text(name, expected, found);
        }
        if ["#!/bin/sh", "set -eu\n", "printf '%s\\0' "].iter().any(|start| once(expected).starts_with(start)) {
            // Kubernetes turns $$ into $ before a shell sees it.
            let once = |text: &str| if expands(at) { text.replace("$$", "$") } else { once(text) };
            return self.script(&once(expected), &once(found));
        }
        let wanted = self.replaced(expected, |text| {
            let text = self.doubled.chars().fold(text.to_owned(), |text, sign| text.replace(sign, &format!("{sign}{sign}")));
            if self.doubled.is_empty() && expands(at) { text.replace('$', "$$") } else { text }
        });
        let is_quoted_json = at == "/folded";
        match () {
            () if !self.exact || stripped(&wanted) == stripped(found) => Ok(()),
            () if is_quoted_json => self.json(&once(expected), &once(found)),
            () => Err(format!("{at}: {wanted:?} was expected, and there is {found:?}")),
        }
    }

    /// Text in a language of its own, as its file's name tells.
    fn text(&mut self, name: &str, expected: &str, found: &str) -> Result<(), String> {
        let same = |wanted: String, found: &str| {
            if wanted == found { Ok(()) } else { Err(format!("{name}: {wanted:?} became {found:?}")) }
        };
        match name.rsplit('.').next().unwrap_or_default() {
            "sh" => self.script(expected, found),
            "json" => self.json(expected, found),
            "sql" => same(self.replaced(expected, |text| text.replace('\'', "''")), found),
            "txt" | "crt" => same(self.replaced(expected, str::to_owned), found),
            "promql" => {
                let literal = |text: &str| {
                    text.trim().strip_prefix("sum(up{job=").and_then(|text| text.strip_suffix("})")).map(str::to_owned)
                };
                self.json(&literal(expected).ok_or("no literal")?, &literal(found).ok_or("the literal ends early")?)
            }
            "toml" => {
                let read = |text: &str| {
                    let table: toml::Table = text.parse().map_err(|error| format!("no TOML: {error}"))?;
                    Ok::<_, String>(serde_json::to_value(table).unwrap())
                };
                self.plain().value("", &read(expected)?, &read(found)?)
            }
            "yml" | "yaml" => {
                let read = |text: &str| {
                    let stream = yaml::read(text, &Limits::default());
                    let root = stream.documents.first().filter(|_| stream.errors.is_empty()).map(|document| &document.root);
                    let source = lakegen::source::Source::new(name, text);
                    root.map(|root| root.to_node(&source, &"test".into()).to_json()).ok_or("no YAML")
                };
                self.plain().value("", &read(expected)?, &read(found)?)
            }
            // A program asks its environment, and holds nothing of a user's.
            "py" => same(expected.to_owned(), found),
            "md" => markdown(name, expected, found),
            ending => Err(format!("the test does not know how to read .{ending}")),
        }
    }

    fn json(&mut self, expected: &str, found: &str) -> Result<(), String> {
        let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("no JSON: {error}: {text}"));
        self.plain().value("", &read(expected)?, &read(found)?)
    }

    /// The same, where nothing is doubled.
    fn plain(&self) -> Comparison<'_> {
        Comparison { doubled: "", mode: "", scripts: 0, ..*self }
    }

    /// What a shell makes of both scripts: the words that every command got.
    fn script(&mut self, expected: &str, found: &str) -> Result<(), String> {
        if expected == found {
            return Ok(());
        }
        self.scripts += 1;
        let wanted: Vec<String> = shell(expected)?.iter().map(|word| self.replaced(word, str::to_owned)).collect();
        let words = shell(found)?;
        if self.exact && wanted != words { Err(format!("the shell sees {words:?}, not {wanted:?}, in\n{found}")) } else { Ok(()) }
    }

    /// The text with the hostile string in the place of each harmless word.
    fn replaced(&self, text: &str, write: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let mut words = self.needles.get(&first).into_iter().flatten();
            let met = words.find_map(|(word, hostile)| Some((rest.strip_prefix(word.as_str())?, hostile)));
            if let Some((after, hostile)) = met {
                out.push_str(&write(hostile));
                rest = after;
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        out
    }
}

fn read_yaml(text: &str) -> Result<Value, String> {
    let stream = yaml::read(text, &Limits::default());
    if let Some(error) = stream.errors.first() {
        return Err(format!("no YAML: {}", error.message));
    }
    let [document] = &stream.documents[..] else { return Err(format!("{} documents", stream.documents.len())) };
    let source = lakegen::source::Source::new("out", text);
    Ok(document.root.to_node(&source, &"out".into()).to_json())
}

/// Where Kubernetes fills in `$(NAME)` and makes `$` of `$$`.
fn expands(at: &str) -> bool {
    at.contains("/args/") || at.contains("/command/") || (at.contains("/env/") && at.ends_with("/value"))
}

/// A digest of content, or a name that ends with one, without the digest.
fn stripped(text: &str) -> String {
    let (name, digest) = text.rsplit_once('-').unwrap_or(("", text));
    let is_digest = digest.len() == 10 && digest.chars().all(|c| c.is_ascii_hexdigit());
    if is_digest { format!("{name}-…") } else { text.to_owned() }
}

/// Headings, fences, list items: the structure of markdown, line by line. Fenced shell must be shell.
fn markdown(name: &str, expected: &str, found: &str) -> Result<(), String> {
    let kind = |line: &str| {
        let signs = ["```", "####", "###", "##", "#", "- ", "    "];
        if line.is_empty() { "empty" } else { signs.into_iter().find(|sign| line.starts_with(sign)).unwrap_or("text") }
    };
    let kinds = |text: &str| text.split('\n').map(kind).collect::<Vec<_>>();
    if kinds(expected) != kinds(found) {
        return Err(format!("{name}: the structure changed to\n{found}"));
    }
    for fence in found.split("\n```sh\n").skip(1) {
        let script = fence.split("\n```").next().unwrap_or_default();
        syntax(script).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

// --- the shell -----------------------------------------------------------------------------------------------------

/// Every word of every command that a script runs, as a real shell hands them over. Results are kept: most scripts repeat.
fn shell(script: &str) -> Result<Vec<String>, String> {
    static KNOWN: Mutex<BTreeMap<String, Result<Vec<String>, String>>> = Mutex::new(BTreeMap::new());
    if let Some(known) = KNOWN.lock().unwrap().get(script) {
        return known.clone();
    }
    let result = syntax(script).and_then(|()| words(script));
    KNOWN.lock().unwrap().insert(script.to_owned(), result.clone());
    result
}

fn syntax(script: &str) -> Result<(), String> {
    let ran = sh(&["-n"], script, Path::new("/"));
    if ran.status.success() { Ok(()) } else { Err(format!("sh -n: {}", String::from_utf8_lossy(&ran.stderr))) }
}

/// Runs the script where every program is a function that only tells its words.
fn words(script: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    // What a script writes, and what it would become, are kept in the folder.
    let script =
        script.replace("/tmp/", "./").replace("exec /usr/bin/tini", "tini").replace("exec valkey-server", "valkey_server");
    let script = script.replace("exec /redis_exporter", "true").replace("exec python", "python");
    // What lies beside the script is run by itself.
    let script = script.replace("\n. /etc/lakehouse/", "\ntrue /etc/lakehouse/");
    // No function has a dash in its name.
    let script = script.replace("exec \"$@\"", "true").replace("valkey-cli", "valkey_cli");
    let tell = |name: &str| format!("{name}() {{ printf '%s\\0' {name} \"$@\" >&3; printf '%s\\0' {name} \"$@\"; }}\n");
    let programs: String =
        ["mc", "prefect", "psql", "tini", "valkey_server", "valkey_cli", "cat", "test", "python", "sha256sum", "tls"]
            .into_iter()
            .map(tell)
            .collect();
    let whole =
        format!("PATH=/nowhere PREFECT_REDIS_MESSAGING_USERNAME=x PREFECT_REDIS_MESSAGING_PASSWORD=x\n{programs}{script}\n");
    let ran = sh(&[], &format!("exec 3>words\n{whole}"), folder.path());
    let mut out = std::fs::read(folder.path().join("words")).unwrap_or_default();
    out.extend(&ran.stdout);
    let written = ["valkey.conf", "users.acl"];
    written.iter().for_each(|name| out.extend(std::fs::read(folder.path().join(name)).unwrap_or_default()));
    let mut entries: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.retain(|name| name != "words" && !written.iter().any(|written| name == written));
    if !ran.status.success() || !entries.is_empty() {
        return Err(format!("it ends with {}, {entries:?}: {}", ran.status, String::from_utf8_lossy(&ran.stderr)));
    }
    Ok(out.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

fn sh(arguments: &[&str], script: &str, folder: &Path) -> std::process::Output {
    let mut command = Command::new("/bin/sh");
    command.args(arguments).current_dir(folder).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    child.wait_with_output().unwrap()
}

// --- the tests -----------------------------------------------------------------------------------------------------

fn strings() -> Vec<String> {
    let recorded: Vec<String> = serde_json::from_str(include_str!("../yaml/hostile.json")).unwrap();
    let long = [
        "x".repeat(10_000),
        "a b ".repeat(2_500),
        "'".repeat(10_000),
        "$(".repeat(5_000),
        "line\n".repeat(2_000),
        "\u{e000}".repeat(3_000),
    ];
    // Names that are legal and mean something to YAML, SQL or a shell.
    let names = [
        "yes",
        "no",
        "on",
        "y",
        "n",
        "null",
        "true",
        "e1",
        "x1e3",
        "inf",
        "nan",
        "select",
        "table",
        "true1",
        "d41d8cd98f",
        "a-0123456789",
    ];
    let mut all: BTreeSet<String> = recorded.into_iter().collect();
    all.extend(INJECTIONS.iter().chain(&names).map(|text| (*text).to_owned()));
    all.extend(long);
    all.into_iter().collect()
}

/// Values for options by their number, and the modes to try them in.
type Round = (Vec<(usize, String)>, Vec<&'static str>);

/// Strings with a sign that some mode doubles go into every option at once, in every mode. Of the others a different one
/// goes into each option, so that injections reach every other option and strings that are hostile to YAML every fourth;
/// the modes take turns. With LAKEGEN_HOSTILE_ALL everything goes everywhere.
fn trials(settings: &[Setting]) -> Vec<Round> {
    let everything = std::env::var_os("LAKEGEN_HOSTILE_ALL").is_some();
    let (everywhere, others): (Vec<String>, Vec<String>) =
        strings().into_iter().partition(|text| everything || text.len() > 1_000 || text.contains(['$', '%']));
    let (injections, others): (Vec<String>, Vec<String>) =
        others.into_iter().partition(|text| INJECTIONS.contains(&text.as_str()));
    let options = 0..settings.len();
    let mut trials: Vec<Round> =
        everywhere.iter().map(|text| (options.clone().map(|option| (option, text.clone())).collect(), MODES.to_vec())).collect();
    for (texts, step) in [(injections, 2), (others, 4)] {
        for index in 0..texts.len().div_ceil(step) {
            let trial = options.clone().map(|option| (option, texts[(index * step + option) % texts.len()].clone()));
            trials.push((trial.collect(), vec![MODES[index % MODES.len()]]));
        }
    }
    // Who names no owner wants no label that says so, and who names no provider the one of the domain: there the empty text
    // changes what is made.
    let chooses = |option: usize| matches!(settings[option].path.last().map(String::as_str), Some("owner" | "issuer"));
    // A bucket that is given a quota is one bucket more.
    let makes =
        |option: usize| settings[option].kind == Kind::Measured && settings[option].path.iter().any(|step| step == "buckets");
    trials.iter_mut().for_each(|(trial, _)| {
        trial.retain(|(option, text)| (!text.is_empty() || !chooses(*option)) && !makes(*option));
    });
    trials
}

fn harmless(options: &[Setting]) -> Texts {
    // What is promised makes rules that are not there without it.
    let promise = |option: &Setting| option.path.last().is_some_and(|name| name == "availability").then(|| "99%".to_owned());
    options.iter().map(|option| option.has_word().then(|| option.word.clone()).or_else(|| promise(option))).collect()
}

#[test]
fn no_value_changes_structure() {
    let options = options();
    let harmless = harmless(&options);
    let expected = compile(&options, &harmless, &MODES).unwrap_or_else(|refused| {
        let (text, _) = file(&options, &harmless);
        let told =
            compiled::try_compile(&CATALOG, &compiled::input(&text, "development"), &MODES).map_err(|diags| told(&diags)).err();
        panic!("the harmless words are refused: {refused:?} {told:#?}\n{text}")
    });
    let verbatim = options.iter().filter(|option| option.has_word()).count();
    assert!(verbatim >= 25 && options.len() >= 60, "the schema has {verbatim} of {} options", options.len());
    assert_words_are_used(&options, &expected);
    let read = |documents: Vec<Document>| documents.into_iter().map(Expected::read).collect();
    let expected: Vec<Vec<Expected>> = expected.into_iter().map(read).collect::<Result<_, _>>().unwrap();
    let trials = trials(&options);
    let judged = trials.par_iter().map(|(trial, modes)| {
        let judge = Judge { options: &options, harmless: &harmless, expected: &expected, modes };
        let mut counts = Counts::default();
        let result = judge.all(trial.iter().map(|(option, text)| (*option, text.as_str())).collect(), &mut counts);
        (counts, result)
    });
    let results: Vec<(Counts, Result<(), String>)> = judged.collect();
    let broken: Vec<&String> = results.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
    let sum = |count: fn(&Counts) -> usize| results.iter().map(|(counts, _)| count(counts)).sum::<usize>();
    let (compared, refused, scripts) = (sum(|c| c.compared), sum(|c| c.refused), sum(|c| c.scripts));
    let written: usize = trials.iter().map(|(trial, _)| trial.len()).sum();
    eprintln!(
        "{} options, {written} strings written: {refused} refused, {compared} compared, {scripts} scripts run",
        options.len()
    );
    assert!(broken.is_empty(), "{} of {} trials change structure:\n{}", broken.len(), trials.len(), shortened(&broken));
    assert_eq!(compared + refused, written, "every string in every option is compared or refused");
    assert!(compared > 10 * trials.len(), "a dozen options take anything");
}

fn shortened(broken: &[&String]) -> String {
    broken.iter().take(12).map(|line| both_ends(line)).collect()
}

/// How a line begins, and how it ends: what differs stands last.
fn both_ends(line: &str) -> String {
    let end = line.chars().count().saturating_sub(1200).max(300);
    let kept = line.chars().enumerate().filter(|(at, _)| *at < 300 || *at >= end).map(|(_, sign)| sign);
    kept.chain(['\n', '\n']).collect()
}

/// An option that reaches no output would pass any test.
fn assert_words_are_used(options: &[Setting], expected: &[Vec<Document>]) {
    let all: String = expected.iter().flatten().map(|document| format!("{} {}", document.path, document.print())).collect();
    let unused: Vec<&Setting> = options
        .iter()
        .filter(|option| option.has_word() && !all.contains(&option.word) && !all.contains(&option.word.to_uppercase()))
        .collect();
    // The summary of a profile is for people who read profiles; a helper is for programs without a shell, of which there is
    // none, a store of secrets is named where they come from one, an issuer of one's own needs no namespace, what must be
    // installed before is told of where somebody here wants it, and so are the namespaces of what scales and what rolls out, and
    // signatures. What data comes from is nobody's but a mesh's to name.
    let spare = [
        "summary",
        "compose.helper_image",
        "k3s.secrets.",
        "k3s.certificates.namespace",
        "k3s.installs.",
        "k3s.signatures.",
        "components.autoscaler.namespace",
        "components.data-sources.",
        "components.rollouts.namespace",
    ];
    let is_spare = |option: &&Setting| {
        let path = option.path.join(".");
        spare.iter().any(|spare| path == *spare || spare.ends_with('.') && path.starts_with(spare))
    };
    assert!(unused.iter().all(is_spare), "{unused:#?}");
}

#[test]
fn kubernetes_reads_what_we_mean() {
    let found = Command::new("kubectl").args(["version", "--client"]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        eprintln!("SKIPPED: no kubectl on PATH, so Kubernetes' own decoder was not asked");
        return;
    }
    let strings = strings();
    let without_nul: Vec<String> = strings.iter().filter(|text| !text.contains('\0')).map(|text| quoted(text)).collect();
    let short = strings.iter().filter(|text| text.chars().count() <= 500).enumerate();
    let labels: String = short.map(|(index, text)| format!("label{index} = {}\n", quoted(text))).collect();
    let worst = quoted("x'\"\n---\n- $(a): `b` {{ c }} \u{e000}0\u{e001}\u{feff}\u{202e} # ");
    let file = format!(
        "lakehouse = {{ name = 'a', owner = {worst} }}\nk3s = {{ storage_class = {worst}, edge_class = {worst} }}\n\
         components.echo = {{ text = {worst}, words = [{}] }}\n[components.prefect.labels]\n{labels}",
        without_nul.join(", ")
    );
    let documents = compiled::documents(&CATALOG, &file, "development", "k3s");
    let mut stream = String::new();
    let mut objects = Vec::new();
    for document in documents.iter().filter(|document| document.format == Format::Yaml && document.path != "kustomization.yaml") {
        let mut object = document.node.to_json();
        stream.push_str(&format!("---\n{}", document.print()));
        object["metadata"]["labels"]["judged"] = "yes".into();
        objects.push(object);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.yaml");
    std::fs::write(&path, stream).unwrap();
    let mut command = Command::new("kubectl");
    command
        .args(["label", "--local", "--dry-run=client", "-o", "json", "judged=yes", "-f"])
        .arg(&path)
        .env("HOME", folder.path());
    let read = compiled::run(&mut command).stdout;
    let read: Vec<Value> = serde_json::Deserializer::from_slice(&read).into_iter::<Value>().map(Result::unwrap).collect();
    assert_eq!(read.len(), objects.len());
    for (read, ours) in read.iter().zip(&objects) {
        assert_eq!(read, ours);
    }
    eprintln!("kubectl reads {} objects as we do", objects.len());
}
