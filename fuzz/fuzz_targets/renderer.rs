//! An arbitrary template and arbitrary values for it: no panic, no endless loop, no runaway memory.
//!
//! What stands before the first U+0001 is the template, what stands before the next a part that it may use; the rest,
//! divided by further ones, are values.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use lakegen::diagnostic::Diagnostics;
use lakegen::node::Node;
use lakegen::render::{Engine, Scope};
use lakegen::source::{self, Source};
use lakegen::types::Types;
use lakegen::yaml;
use libfuzzer_sys::fuzz_target;

static TYPES: LazyLock<Arc<Types>> = LazyLock::new(|| {
    let text = include_str!("../../schemas/types.toml");
    Arc::new(Types::read(&source::parse(&Source::new("types.toml", text), &"types".into(), &mut Diagnostics::default())))
});

/// Every language that a template's name can tell.
const ENDINGS: [&str; 6] = ["yaml", "sh", "sql", "json", "toml", "md"];

fuzz_target!(|text: &str| {
    let mut parts = text.split('\u{1}');
    let (template, part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let scope = Scope::default().with("mode", &values(&parts.collect::<Vec<_>>()));
    let mut templates = BTreeMap::new();
    for ending in ENDINGS {
        for (name, text) in [(format!("fuzz.{ending}.j2"), template), (format!("part.{ending}.j2"), part)] {
            templates.insert(name.clone(), Source::new(name.as_str(), text));
        }
    }
    let engine = Engine::new(&templates, &TYPES);
    let mut diags = Diagnostics::default();
    engine.check(&mut diags);
    if !diags.is_empty() {
        return;
    }
    if let Ok(node) = engine.document("fuzz.yaml.j2", scope.clone()) {
        yaml::print(&node);
    }
    for ending in &ENDINGS[1..] {
        drop(engine.text(&format!("fuzz.{ending}.j2"), scope.clone()));
    }
});

/// What a template sees as `mode`: a text, a list, a table and a number.
fn values(values: &[&str]) -> Arc<Node> {
    let value = |index: usize| quoted(values.get(index).copied().unwrap_or("x"));
    let text = format!(
        "text = {text}\nwords = [{text}, {word}]\nnumber = {}\n[table]\n{word} = {text}\n\" other\" = {other}\n",
        values.len(),
        text = value(0),
        word = value(1),
        other = value(2),
    );
    Arc::new(source::parse(&Source::new("values.toml", text), &"values".into(), &mut Diagnostics::default()))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}
