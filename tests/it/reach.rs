//! What changes with a key is what `explain --reverse` names, for every key that a user may write.
//!
//! A lakehouse is written out whole: each key with the value that it has anyway, on a line of its own. Then keys get
//! another value, many at once, and every field that changed, came or went must be named for one of their lines. What
//! fails is split until it is known which key does more than is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use lakegen::diagnostic::Diagnostics;
use lakegen::document::Document;
use lakegen::lakehouse::{self, Lakehouse};
use lakegen::node::{Data, Node, escape};
use lakegen::origin::{self, Lines};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::compiled::{self, CATALOG, EVERYTHING, told};

const FILE: &str = "lakehouse.toml";

/// Keys changed at once.
const MANY: usize = 16;

/// What is compiled: a profile and a mode. A mode that only extends another has the same keys.
const PLATFORMS: [(&str, &str); 2] = [("development", "compose"), ("production", "k3s")];

// --- keys ----------------------------------------------------------------------------------------------------------

/// A key of lakehouse.toml, with the value that it has and another.
#[derive(Clone, Debug)]
struct Key {
    path: Vec<String>,
    /// How many steps of the path are a table that is there.
    table: usize,
    now: Option<Value>,
    other: Option<Value>,
}

impl Key {
    fn name(&self) -> String {
        self.path.join(".")
    }

    /// The line below its table's head.
    fn line(&self, value: &Value) -> String {
        format!("{} = {}", dotted(&self.path[self.table..]), toml(value))
    }
}

fn dotted(path: &[String]) -> String {
    path.iter().map(|step| json!(step).to_string()).collect::<Vec<_>>().join(".")
}

fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{} = {}", json!(key), toml(value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// The tables of tests/reach/keys.toml; names are ends of paths, and the longest that fits says what is done.
struct Said {
    others: BTreeMap<String, Value>,
    refused: BTreeMap<String, Value>,
}

static SAID: LazyLock<Said> = LazyLock::new(|| {
    let text = std::fs::read_to_string(compiled::tests().join("reach/keys.toml")).unwrap();
    let all: Value = toml::from_str(&text).expect("it is TOML");
    let table = |name: &str| all[name].as_object().cloned().unwrap_or_default().into_iter().collect();
    Said { others: table("other"), refused: table("refused") }
});

fn is_end(end: &str, key: &str) -> bool {
    key == end || key.ends_with(&format!(".{end}"))
}

fn said<'s>(table: &'s BTreeMap<String, Value>, key: &str) -> Option<(&'s String, &'s Value)> {
    let end = table.keys().filter(|end| is_end(end, key)).max_by_key(|end| end.len())?;
    table.get_key_value(end)
}

/// Walks the schema beside the values that are there.
#[derive(Default)]
struct Walker {
    keys: Vec<Key>,
    path: Vec<String>,
}

impl Walker {
    fn table(&mut self, schema: &Value, now: Option<&Value>, table: usize) {
        let table = if now.is_some() { self.path.len() } else { table };
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            self.below(name, below, now.and_then(|now| now.get(name)), table);
        }
        let others = &schema["additionalProperties"];
        if others.is_object() {
            let named = |name: &String| schema["properties"].get(name).is_some();
            for (name, value) in now.and_then(Value::as_object).into_iter().flatten().filter(|(name, _)| !named(name)) {
                self.below(name, others, Some(value), table);
            }
            self.below("more", others, None, table);
        }
    }

    fn below(&mut self, name: &str, schema: &Value, now: Option<&Value>, table: usize) {
        self.path.push(name.to_owned());
        let key = self.path.join(".");
        let is_table = schema["properties"].is_object() || schema["additionalProperties"].is_object();
        let has_other = said(&SAID.others, &key);
        if is_table && has_other.is_none() {
            self.table(schema, now, table);
        } else {
            let other = has_other.map(|(_, other)| other.clone()).or_else(|| other(schema, now));
            self.keys.push(Key { path: self.path.clone(), table, now: now.cloned(), other });
        }
        self.path.pop();
    }
}

/// Another value that the schema allows.
fn other(schema: &Value, now: Option<&Value>) -> Option<Value> {
    if let Some(choices) = schema["enum"].as_array() {
        let at = choices.iter().position(|choice| Some(choice) == now).map_or(0, |at| at + 1);
        return Some(choices[at % choices.len()].clone());
    }
    match (schema["x-type"].as_str(), now) {
        (Some("size"), None) => Some(json!("7GiB")),
        (Some("duration"), None) => Some(json!("7m")),
        (Some("cpu"), None) => Some(json!("700m")),
        (Some("share"), None) => Some(json!("77%")),
        (Some("rate"), None) => Some(json!("7MB/s")),
        (Some("size" | "duration" | "cpu" | "share" | "rate"), Some(now)) => Some(more(now)),
        (Some("domain"), _) => Some(json!("other.example.com")),
        (Some("image"), _) => Some(json!("registry.example.com/other:1")),
        (Some("name" | "identifier"), _) => Some(json!("other")),
        _ => plain(schema, now),
    }
}

/// One more of the same unit, or one less where that would be all.
fn more(now: &Value) -> Value {
    let Some(text) = now.as_str() else { return json!(now.as_f64().unwrap_or_default() + 1.0) };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().unwrap_or_default();
    let number = if &text[end..] == "%" && number > 90.0 { number - 1.0 } else { number + 1.0 };
    json!(format!("{number}{}", &text[end..]))
}

fn plain(schema: &Value, now: Option<&Value>) -> Option<Value> {
    match schema["type"].as_str()? {
        "boolean" => Some(json!(!now.is_some_and(|now| now == &json!(true)))),
        "integer" | "number" => {
            let low = schema["minimum"].as_i64().unwrap_or(0);
            let Some(now) = now.and_then(Value::as_i64) else { return Some(json!(low + 1)) };
            let high = schema["maximum"].as_i64().unwrap_or(i64::MAX);
            Some(json!(if now < high { now + 1 } else { now - 1 }))
        }
        "string" => Some(json!(format!("{}other", now.and_then(Value::as_str).unwrap_or_default()))),
        "array" => {
            let mut items = now.and_then(Value::as_array).cloned().unwrap_or_default();
            let more = other(&schema["items"], items.last())?;
            let at = items.iter().position(|item| *item == more);
            match at {
                Some(at) => drop(items.remove(at)),
                None => items.push(more),
            }
            Some(json!(items))
        }
        _ => None,
    }
}

// --- the file ------------------------------------------------------------------------------------------------------

/// The whole file: text without the keys, and the place of each line.
struct Whole {
    keys: Vec<Key>,
    /// Heads of tables, which are the same in every file, and the keys.
    lines: Vec<Result<String, usize>>,
}

impl Whole {
    /// Everything that may be written about a platform, in the order of the schema.
    fn of(profile: &str, mode: &str) -> Whole {
        let input = compiled::input(&format!("{EVERYTHING}{}", include_str!("../reach/platform.toml")), profile);
        let mut diags = Diagnostics::default();
        let lakehouse = lakehouse::read(&CATALOG, &input, &mut diags);
        let lakehouse = lakehouse.unwrap_or_else(|_| panic!("{profile} {mode}: {:#?}", told(&diags)));
        let now = now(&lakehouse, mode);
        let mut schema = lakehouse::json_schema(&CATALOG);
        let properties = schema["properties"].as_object_mut().unwrap();
        properties.retain(|name, _| name != "profile" && (now.get(name).is_some() || CATALOG.mode(name).is_none()));
        let components = properties["components"].as_object_mut().unwrap();
        components.remove("additionalProperties");
        let shapes = components["properties"].clone();
        let mut walker = Walker::default();
        for instance in lakehouse.instances.iter().filter(|instance| *instance.component.name != *instance.name.as_str().unwrap())
        {
            let name = instance.name.as_str().unwrap();
            components["properties"][name] = shapes[&instance.component.name].clone();
        }
        walker.table(&schema, Some(&now), 0);
        Whole::written(walker.keys)
    }

    fn written(mut keys: Vec<Key>) -> Whole {
        keys.sort_by(|a, b| a.path[..a.table].cmp(&b.path[..b.table]));
        let mut lines = Vec::new();
        let mut head: &[String] = &[];
        for (index, key) in keys.iter().enumerate() {
            let own = &key.path[..key.table];
            if own != head {
                lines.push(Ok(format!("[{}]", dotted(own))));
                head = own;
            }
            lines.push(Err(index));
        }
        Whole { lines, keys }
    }

    /// The text in which these keys have their other value.
    fn text(&self, changed: &[usize]) -> String {
        let line = |line: &Result<String, usize>| match line {
            Ok(head) => head.clone(),
            Err(index) => {
                let key = &self.keys[*index];
                let value = if changed.contains(index) { key.other.as_ref() } else { key.now.as_ref() };
                value.map(|value| key.line(value)).unwrap_or_default()
            }
        };
        self.lines.iter().map(|kept| line(kept) + "\n").collect()
    }

    fn lines_of(&self, keys: &[usize]) -> Vec<u32> {
        let lines = self.lines.iter().zip(1..);
        lines.filter_map(|(line, number)| line.as_ref().err().filter(|key| keys.contains(key)).map(|_| number)).collect()
    }

    fn key_at(&self, line: u32) -> Option<usize> {
        self.lines.get(line as usize - 1)?.as_ref().err().copied()
    }
}

/// What every key has, whether it was written or not.
fn now(lakehouse: &Lakehouse<'_>, mode: &str) -> Value {
    let mut now = lakehouse.settings.to_json();
    let host = CATALOG.mode(mode).unwrap();
    now[mode] = lakehouse.options_of(host).to_json();
    for part in &host.parts {
        now[part] = lakehouse.options_of(&CATALOG.modes[part]).to_json();
    }
    for name in CATALOG.public_modes().map(|mode| &mode.name).filter(|name| *name != mode && !host.parts.contains(name)) {
        now.as_object_mut().unwrap().remove(name);
    }
    for instance in &lakehouse.instances {
        now["components"][instance.name.as_str().unwrap()] = instance.options.to_json();
    }
    now
}

// --- one change ----------------------------------------------------------------------------------------------------

/// What a file makes, and which of its lines each place depends on.
struct Made {
    documents: BTreeMap<String, Document>,
    named: BTreeMap<(String, String), Lines>,
}

impl Made {
    fn of(text: &str, profile: &str, mode: &str) -> Result<Made, Diagnostics> {
        let mut outputs = compiled::try_compile(&CATALOG, &compiled::input(text, profile), &[mode])?;
        let documents = outputs.remove(0).documents;
        let places = origin::reach(&documents, FILE).into_iter();
        let named = places.fold(BTreeMap::new(), |mut named: BTreeMap<_, Lines>, place| {
            named.entry((place.path, place.pointer)).or_default().join(&place.lines);
            named
        });
        Ok(Made { documents: documents.into_iter().map(|document| (document.path.clone(), document)).collect(), named })
    }

    /// Whether a leaf, or something above it, is named for one of these lines.
    fn is_named(&self, path: &str, pointer: &str, lines: &[u32]) -> bool {
        self.named_above(path, pointer).any(|named| lines.iter().any(|line| named.has(*line)))
    }

    /// The lines for which a leaf is named, or something above it.
    fn named_above(&self, path: &str, pointer: &str) -> impl Iterator<Item = &Lines> {
        let ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
        ends.filter_map(move |end| self.named.get(&(path.to_owned(), pointer[..end].to_owned())))
    }
}

/// The leaves on each side that are not the same on the other.
#[derive(Default)]
struct Differences {
    before: Vec<(String, String)>,
    after: Vec<(String, String)>,
}

impl Differences {
    fn between(before: &Made, after: &Made) -> Differences {
        let mut found = Differences::default();
        let paths: BTreeSet<&String> = before.documents.keys().chain(after.documents.keys()).collect();
        for path in paths {
            let sides = [before, after].map(|made| made.documents.get(path).map(|document| &*document.node));
            found.at(path, [const { String::new() }; 2], sides);
        }
        found
    }

    fn at(&mut self, path: &str, pointers: [String; 2], sides: [Option<&Node>; 2]) {
        if sides[0].zip(sides[1]).is_some_and(|(left, right)| is_same_leaf(left, right)) {
            return;
        }
        for steps in pairs(sides) {
            let step = |side: usize| steps[side].as_ref().map(|step| format!("{}/{}", pointers[side], escape(step)));
            let below = [0, 1].map(|side| inner(sides[side]?, steps[side].as_deref()?));
            self.at(path, [0, 1].map(|side| step(side).unwrap_or_default()), below);
        }
        for ((side, pointer), found) in sides.iter().zip(pointers).zip([&mut self.before, &mut self.after]) {
            if side.is_some_and(is_leaf) {
                found.push((path.to_owned(), pointer));
            }
        }
    }
}

fn is_leaf(node: &Node) -> bool {
    node.items().is_empty() && node.entries().is_empty()
}

/// Steps down on both sides that belong together: keys of one name; and of lists what stands at one place, once the same items
/// at both ends are paired, for what only moves on because something is added before it did not change.
fn pairs(sides: [Option<&Node>; 2]) -> Vec<[Option<String>; 2]> {
    let [left, right] = sides.map(|side| side.map_or(&[][..], Node::items));
    let most = left.len().min(right.len());
    let same = |(left, right): &(&Arc<Node>, &Arc<Node>)| is_same(left, right);
    let head = left.iter().zip(right).take_while(same).count();
    let tail = left.iter().rev().zip(right.iter().rev()).take_while(same).count().min(most - head);
    let middle = head..left.len().max(right.len()) - tail;
    let within = |at: usize, items: &[Arc<Node>]| (at < items.len() - tail).then(|| at.to_string());
    let items = middle.map(|at| [within(at, left), within(at, right)]);
    let keys = sides.into_iter().flatten().flat_map(|side| side.entries()).map(|entry| entry.key.to_string());
    let keys = keys.collect::<BTreeSet<_>>().into_iter().map(|key| [Some(key.clone()), Some(key)]);
    items.chain(keys).collect()
}

fn is_same(left: &Node, right: &Node) -> bool {
    is_same_leaf(left, right) || !is_leaf(left) && !is_leaf(right) && left.to_json() == right.to_json()
}

fn inner<'n>(node: &'n Node, step: &str) -> Option<&'n Node> {
    match &node.data {
        Data::Seq(items) => items.get(step.parse::<usize>().ok()?).map(|item| &**item),
        _ => node.get(step).map(|node| &**node),
    }
}

fn is_same_leaf(left: &Node, right: &Node) -> bool {
    match (&left.data, &right.data) {
        (Data::Null, Data::Null) => true,
        (Data::Bool(left), Data::Bool(right)) => left == right,
        (Data::Number(left), Data::Number(right)) => left == right,
        (Data::Str(left), Data::Str(right)) => left == right,
        (Data::Seq(left), Data::Seq(right)) => left.is_empty() && right.is_empty(),
        (Data::Map(left), Data::Map(right)) => left.is_empty() && right.is_empty(),
        _ => false,
    }
}

/// What came of the changes of some keys.
#[derive(Default)]
struct Found {
    /// Keys whose other value changed something that is not named, each with some of it.
    unnamed: Vec<String>,
    accepted: BTreeSet<String>,
    refused: BTreeMap<String, String>,
    touched: usize,
    compiled: usize,
}

impl Found {
    fn join(mut self, other: Found) -> Found {
        self.unnamed.extend(other.unnamed);
        self.accepted.extend(other.accepted);
        self.refused.extend(other.refused);
        Found { touched: self.touched + other.touched, compiled: self.compiled + other.compiled, ..self }
    }
}

struct Trial<'a> {
    whole: &'a Whole,
    before: &'a Made,
    profile: &'a str,
    mode: &'a str,
}

impl Trial<'_> {
    /// Changes some keys together; what fails is split.
    fn judge(&self, keys: &[usize], found: &mut Found) {
        if keys.is_empty() {
            return;
        }
        found.compiled += 1;
        match Made::of(&self.whole.text(keys), self.profile, self.mode) {
            Err(diags) => self.refused(keys, &diags, found),
            Ok(after) => self.compare(keys, &after, found),
        }
    }

    fn halves(&self, keys: &[usize], found: &mut Found) {
        let (left, right) = keys.split_at(keys.len() / 2);
        self.judge(left, found);
        self.judge(right, found);
    }

    /// Whom the compiler blames is judged alone, unless it is known to be refused.
    fn refused(&self, keys: &[usize], diags: &Diagnostics, found: &mut Found) {
        if let [key] = keys {
            found.refused.insert(self.whole.keys[*key].name(), told(diags).join("; "));
            return;
        }
        let places = diags.iter().filter_map(|d| d.places.first()).filter(|place| place.span.source.name == FILE);
        let blamed: BTreeSet<usize> = places.filter_map(|place| self.whole.key_at(place.span.start().line)).collect();
        let (blamed, others): (Vec<usize>, Vec<usize>) = keys.iter().partition(|key| blamed.contains(key));
        if blamed.is_empty() {
            return self.halves(keys, found);
        }
        for key in blamed {
            match said(&SAID.refused, &self.whole.keys[key].name()) {
                Some(_) => drop(found.refused.insert(self.whole.keys[key].name(), told(diags).join("; "))),
                None => self.judge(&[key], found),
            }
        }
        self.judge(&others, found);
    }

    fn compare(&self, keys: &[usize], after: &Made, found: &mut Found) {
        let (touched, unnamed) = self.unnamed(keys, after);
        match keys {
            _ if unnamed.is_empty() => {
                found.touched += touched;
                found.accepted.extend(keys.iter().map(|key| self.whole.keys[*key].name()));
            }
            [key] => {
                let name = self.whole.keys[*key].name();
                let shown = unnamed.iter().take(6).cloned().collect::<Vec<_>>().join("\n    ");
                let what = format!("{} {} {name}: {} of {touched}\n    {shown}", self.profile, self.mode, unnamed.len());
                found.unnamed.push(what);
                found.accepted.insert(name);
            }
            _ => self.halves(keys, found),
        }
    }

    /// How many leaves changed, and those that are not named for a line of these keys.
    fn unnamed(&self, keys: &[usize], after: &Made) -> (usize, Vec<String>) {
        let lines = self.whole.lines_of(keys);
        let differences = Differences::between(self.before, after);
        let were_there = keys.iter().all(|key| self.whole.keys[*key].now.is_some());
        let mut unnamed = Vec::new();
        let sides = [("was", self.before, &differences.before), ("is", after, &differences.after)];
        for (word, made, leaves) in sides.into_iter().skip(usize::from(!were_there)) {
            let missing = leaves.iter().filter(|(path, pointer)| !made.is_named(path, pointer, &lines));
            unnamed.extend(missing.map(|(path, pointer)| format!("{word} {path} {pointer}")));
        }
        (differences.before.len() + differences.after.len(), unnamed)
    }

    /// Keys in heaps: those whose names do not overlap together, as far as that can be had.
    fn heaps(&self) -> Vec<Vec<usize>> {
        let keys = 0..self.whole.keys.len();
        let (there, absent): (Vec<usize>, Vec<usize>) = keys.partition(|key| self.whole.keys[*key].now.is_some());
        let count = absent.len().div_ceil(MANY);
        let absent = (0..count).map(|heap| absent.iter().copied().skip(heap).step_by(count).collect());
        merged(self.apart(&there)).into_iter().chain(absent).collect()
    }

    /// Keys that name nothing in common, in heaps; who names least comes first.
    fn apart(&self, keys: &[usize]) -> Vec<Vec<usize>> {
        let named = self.before.leaves_by_line();
        let of = |key: &usize| named.get(&self.whole.lines_of(&[*key])[0]).cloned().unwrap_or_default();
        let mut keys: Vec<(usize, Bits)> = keys.iter().map(|key| (*key, of(key))).collect();
        keys.sort_by_key(|(_, named)| named.count());
        let mut heaps: Vec<(Vec<usize>, Bits)> = Vec::new();
        for (key, named) in keys {
            match heaps.iter_mut().find(|(heap, taken)| heap.len() < MANY && !taken.meets(&named)) {
                Some((heap, taken)) => {
                    heap.push(key);
                    taken.join(&named);
                }
                None => heaps.push((vec![key], named)),
            }
        }
        heaps.into_iter().map(|(heap, _)| heap).collect()
    }
}

/// Small heaps become large ones: what is left over overlaps with something in any case.
fn merged(heaps: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut merged: Vec<Vec<usize>> = Vec::new();
    for heap in heaps {
        match merged.iter_mut().find(|other| other.len() + heap.len() <= MANY) {
            Some(other) => other.extend(heap),
            None => merged.push(heap),
        }
    }
    merged
}

/// Some of the leaves, by their number.
#[derive(Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn add(&mut self, index: usize) {
        self.0.resize(self.0.len().max(index / 64 + 1), 0);
        self.0[index / 64] |= 1 << (index % 64);
    }

    fn join(&mut self, other: &Bits) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    fn meets(&self, other: &Bits) -> bool {
        self.0.iter().zip(&other.0).any(|(word, other)| word & other != 0)
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

impl Made {
    /// For each line the leaves that are named for it.
    fn leaves_by_line(&self) -> BTreeMap<u32, Bits> {
        let mut index = 0;
        let mut all: BTreeMap<u32, Bits> = BTreeMap::new();
        for (path, document) in &self.documents {
            document.node.leaves(&mut |pointer, _| {
                let mut lines = Lines::default();
                self.named_above(path, pointer).for_each(|named| lines.join(named));
                lines.iter().for_each(|line| all.entry(line).or_default().add(index));
                index += 1;
            });
        }
        all
    }
}

fn judged(profile: &str, mode: &str) -> Found {
    let whole = Whole::of(profile, mode);
    let before = Made::of(&whole.text(&[]), profile, mode);
    let before = before.unwrap_or_else(|diags| panic!("{profile} {mode}: {:#?}\n", told(&diags)));
    let without: Vec<String> = whole.keys.iter().filter(|key| key.other.is_none()).map(Key::name).collect();
    assert!(without.is_empty(), "tests/reach/keys.toml has to give another value of {without:#?}");
    let trial = Trial { whole: &whole, before: &before, profile, mode };
    let judge = |heap: &Vec<usize>| {
        let mut found = Found::default();
        trial.judge(heap, &mut found);
        found
    };
    trial.heaps().par_iter().map(judge).reduce(Found::default, Found::join)
}

#[test]
fn what_a_key_changes_is_named() {
    let found = PLATFORMS.map(|(profile, mode)| judged(profile, mode)).into_iter().fold(Found::default(), Found::join);
    eprintln!("{} keys changed, {} compiled, {} leaves touched", found.accepted.len(), found.compiled, found.touched);
    let never = found.refused.iter().filter(|(key, _)| !found.accepted.contains(*key));
    let (known, strange): (Vec<_>, Vec<_>) = never.partition(|(key, _)| said(&SAID.refused, key).is_some());
    let (count, all) = (found.unnamed.len(), found.unnamed.join("\n"));
    assert!(
        count == 0 && strange.is_empty(),
        "{count} keys change what is not named:\n{all}\nrefused for no known reason: {strange:#?}"
    );
    let used: BTreeSet<&String> = known.iter().filter_map(|(key, _)| said(&SAID.refused, key)).map(|(row, _)| row).collect();
    let idle: Vec<&String> = SAID.refused.keys().filter(|row| !used.contains(row)).collect();
    assert!(idle.is_empty(), "said to be refused, and is not: {idle:#?}");
    assert!(found.touched > 1_000, "only {} leaves changed", found.touched);
}
