//! The output before and the new one in, what may not change between them out: what Kubernetes would refuse, and what
//! would lose data. Which changes these are, schemas/upgrades.toml says.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Content, Found, Host};
use crate::node::{Data, Node, Number};
use crate::source::Source;
use crate::tree::File;
use crate::types::Types;
use crate::yaml::{self, Limits};

const MAX_FILE_BYTES: u64 = 64 << 20;

pub struct Rules<'a> {
    pub rules: &'a Node,
    pub types: &'a Types,
    /// Codes of changes that the user has accepted.
    pub accepted: &'a [String],
}

/// Codes that a user may accept are those of this stage.
const CODES: [Code; 5] = [Code::Shrinks, Code::Immutable, Code::MajorUpgrade, Code::OtherProgram, Code::DataLeft];

pub fn check_accepted(accepted: &[String], diags: &mut Diagnostics) -> Result<(), Reported> {
    let known = CODES.map(|code| code.id());
    for code in accepted.iter().filter(|code| !known.iter().any(|known| known.eq_ignore_ascii_case(code))) {
        let diagnostic = diags.error(Code::BadArgument, format!("{code} cannot be accepted"));
        diagnostic.help(format!("--accept takes {}", known.join(", ")));
    }
    diags.checkpoint()
}

/// Compares each file that is there with the one that would take its place; `gone` are those that nothing takes the place of.
pub fn check(host: &dyn Host, root: &Path, files: &[File], gone: &[String], rules: &Rules<'_>, diags: &mut Diagnostics) {
    if matches!(host.kind(root), Ok(None)) {
        return;
    }
    let before = |path: &str| match host.look(&root.join(path), MAX_FILE_BYTES) {
        Ok(Found::File(Content { bytes, .. })) => Some(bytes),
        _ => None,
    };
    let shown = |path: &str| root.join(path).display().to_string();
    for file in files.iter().filter(|file| file.path.ends_with(".yaml") && rules.may_be_about(&file.bytes)) {
        let Some(bytes) = before(&file.path).filter(|bytes| *bytes != file.bytes) else { continue };
        let shown = shown(&file.path);
        if let (Some(old), Some(new)) = (read(&shown, &bytes), read(&shown, &file.bytes)) {
            rules.compare(&old, &new, diags);
            rules.keep(&old, Some(&new), diags);
        }
    }
    for path in gone.iter().filter(|path| path.ends_with(".yaml")) {
        let old = before(path).filter(|bytes| rules.may_be_about(bytes)).and_then(|bytes| read(&shown(path), &bytes));
        old.into_iter().for_each(|old| rules.keep(&old, None, diags));
    }
}

/// What stands in a file; one that cannot be read is not lakegen's, which is told elsewhere.
fn read(name: &str, bytes: &[u8]) -> Option<Node> {
    let source = Source::new(name, std::str::from_utf8(bytes).ok()?);
    let stream = yaml::read(&source.text, &Limits::default());
    match &stream.documents[..] {
        [document] if stream.errors.is_empty() => Some(document.root.to_node(&source, &Arc::from("output"))),
        _ => None,
    }
}

/// One value that a rule is about, before and after; nothing where there is none.
struct Change<'n> {
    pointer: String,
    old: Option<&'n Node>,
    new: Option<&'n Node>,
    /// Where it is told: the new value, or what it would stand in.
    at: &'n Node,
}

impl Rules<'_> {
    /// Whether a file of ours is of a kind that some rule is about, which is seen without reading all of it.
    fn may_be_about(&self, file: &[u8]) -> bool {
        let kind = file.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"kind: "));
        kind.is_none_or(|kind| self.all().iter().any(|rule| rule.text("of").as_bytes() == kind))
    }

    fn all(&self) -> &[Arc<Node>] {
        self.rules.get("rule").map_or(&[], |rules| rules.items())
    }

    fn compare(&self, old: &Node, new: &Node, diags: &mut Diagnostics) {
        // Under another name it is another object.
        if name(old, 0) != name(new, 0) {
            return;
        }
        let mut told: Vec<String> = Vec::new();
        for rule in self.all().iter().filter(|rule| is_of(rule, new)) {
            let parts: Vec<&str> = rule.text("at").split('/').skip(1).collect();
            let mut changes = Vec::new();
            pairs(old, new, &parts, String::new(), rule.get("beside").map_or(&[], |beside| beside.items()), &mut changes);
            for change in changes {
                // What is wrong in a part of it has been said.
                if told.iter().any(|told| is_within(told, &change.pointer)) {
                    continue;
                }
                if let Some((code, what)) = self.wrong(rule.text("may"), &change) {
                    told.push(change.pointer.clone());
                    self.tell(code, &what, rule, &change, new, diags);
                }
            }
        }
    }

    /// What keeps data stays where it is: an object that does, and each part of a document that does.
    fn keep(&self, old: &Node, new: Option<&Node>, diags: &mut Diagnostics) {
        if self.accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(Code::DataLeft.id())) {
            return;
        }
        let new = new.filter(|new| name(old, 0) == name(new, 0));
        for rule in self.rules.get("keep").map_or(&[][..], |rules| rules.items()).iter().filter(|rule| is_of(rule, old)) {
            // Of an object that is there still, the other rules tell.
            if rule.get("of").is_some() && new.is_some() {
                continue;
            }
            let parts: Vec<&str> = rule.text("at").split('/').skip(1).collect();
            let kept: Vec<String> = new.map_or(Vec::new(), |new| values(new, &parts).into_iter().map(|(name, _)| name).collect());
            let left: Vec<_> = values(old, &parts).into_iter().filter(|(name, _)| !kept.contains(name)).collect();
            let Some((_, first)) = left.first() else { continue };
            let owner = old.get("metadata").map_or("", |metadata| metadata.text("name"));
            let what = match owner {
                "" => left.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
                owner => format!("{} {owner}", old.text("kind")),
            };
            let diagnostic = diags.error(Code::DataLeft, format!("{what}: the data would be left behind"));
            diagnostic
                .at_some(first.key_span().or(first.span()), "this would no longer be made")
                .help(rule.text("help").replace("NAME", owner));
        }
    }

    fn wrong(&self, may: &str, change: &Change<'_>) -> Option<(Code, String)> {
        if change.old.map(|old| old.to_json()) == change.new.map(|new| new.to_json()) {
            return None;
        }
        match may {
            "grow" => {
                let (old, new) = (change.old?, change.new?);
                let shrinks = self.bytes(new)? < self.bytes(old)?;
                shrinks.then(|| (Code::Shrinks, format!("a volume cannot shrink from {} to {}", show(old), show(new))))
            }
            "program" => other_program(change.old?.as_str()?, change.new?.as_str()?),
            _ => Some((Code::Immutable, format!("{} cannot change once it is there", change.pointer))),
        }
    }

    fn bytes(&self, node: &Node) -> Option<f64> {
        match self.types.convert(node.as_str()?, "B")? {
            Number::Int(bytes) => Some(bytes as f64),
            Number::Float(bytes) => Some(bytes),
        }
    }

    fn tell(&self, code: Code, what: &str, rule: &Node, change: &Change<'_>, new: &Node, diags: &mut Diagnostics) {
        if self.accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(code.id())) {
            return;
        }
        let name = new.get("metadata").map_or("", |metadata| metadata.text("name"));
        let owner = if name.is_empty() { change.pointer.clone() } else { format!("{} {name}", new.text("kind")) };
        let diagnostic = diags.error(code, format!("{owner}: {what}"));
        diagnostic.at_some(change.at.span(), "this would be written").help(rule.text("help").replace("NAME", name));
    }
}

fn is_within(pointer: &str, other: &str) -> bool {
    pointer.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_of(rule: &Node, document: &Node) -> bool {
    match document.get("kind").and_then(|kind| kind.as_str()) {
        Some(kind) => rule.text("of") == kind,
        None => document.get(rule.text("has")).is_some(),
    }
}

/// The values at a pointer with `*` in it, where both documents have what they stand in.
fn pairs<'n>(old: &'n Node, new: &'n Node, parts: &[&str], at: String, beside: &[Arc<Node>], found: &mut Vec<Change<'n>>) {
    let Some((part, rest)) = parts.split_first() else {
        return found.push(Change { pointer: at, old: Some(old), new: Some(new), at: new });
    };
    if rest.is_empty() && beside.iter().any(|key| new.get(key.as_str().unwrap_or_default()).is_none()) {
        return;
    }
    let (was, is) = (old.get(part).map(|node| &**node), new.get(part).map(|node| &**node));
    if rest.is_empty() && was.is_some() != is.is_some() {
        return found.push(Change { pointer: format!("{at}/{part}"), old: was, new: is, at: is.unwrap_or(new) });
    }
    for (key, old) in children(old).into_iter().filter(|(key, _)| *part == "*" || key == part) {
        if let Some((_, new)) = children(new).into_iter().find(|(other, _)| *other == key) {
            pairs(old, new, rest, format!("{at}/{key}"), beside, found);
        }
    }
}

/// The values at a pointer with `*` in it, each with its own name.
fn values<'n>(document: &'n Node, parts: &[&str]) -> Vec<(String, &'n Node)> {
    let Some((part, rest)) = parts.split_first() else { return Vec::new() };
    let here = children(document).into_iter().filter(|(key, _)| *part == "*" || key == part);
    if rest.is_empty() { here.collect() } else { here.flat_map(|(_, below)| values(below, rest)).collect() }
}

/// Items of a list go by their names where they have any.
fn children(node: &Node) -> Vec<(String, &Node)> {
    match &node.data {
        Data::Map(entries) => entries.iter().map(|entry| (entry.key.to_string(), &*entry.node)).collect(),
        Data::Seq(items) => items.iter().enumerate().map(|(index, item)| (name(item, index), &**item)).collect(),
        _ => Vec::new(),
    }
}

fn name(item: &Node, index: usize) -> String {
    let named = [item.text("name"), item.get("metadata").map_or("", |metadata| metadata.text("name"))];
    named.into_iter().find(|name| !name.is_empty()).map_or_else(|| index.to_string(), str::to_owned)
}

/// Another program, or another major version of it; the registry it comes from does not matter.
fn other_program(old: &str, new: &str) -> Option<(Code, String)> {
    let ((old_name, old_tag), (new_name, new_tag)) = (parts(old), parts(new));
    if old_name != new_name {
        return Some((Code::OtherProgram, format!("{new_name} would take over the data of {old_name}")));
    }
    match (major(old_tag), major(new_tag)) {
        (Some(before), Some(after)) if before != after => {
            Some((Code::MajorUpgrade, format!("{new_name} would go from {old_tag} to {new_tag} over the same data")))
        }
        _ => None,
    }
}

fn parts(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').unwrap_or((last, ""))
}

fn major(tag: &str) -> Option<u32> {
    let digits = tag.trim_start_matches('v').split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn show(node: &Node) -> &str {
    node.as_str().unwrap_or_default()
}
