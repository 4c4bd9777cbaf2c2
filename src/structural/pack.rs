//! Shapes in, bytes out: each string and each shape once, numbers as short as they are. `unpack` reads them.

use std::collections::BTreeMap;

use super::{Arena, Bounds, Junctors, List, Literal, Members, Name, Property, Ref, Rule, Shape, When};

/// What stands first in a bundle; the number changes with the form.
pub(super) const MAGIC: &[u8; 5] = b"LGK1\n";

/// Which parts of a shape follow, as bits of its first number.
pub(super) mod part {
    pub(crate) const OPEN: u64 = 1;
    pub(crate) const CLOSED: u64 = 1 << 1;
    pub(crate) const NULLABLE: u64 = 1 << 2;
    pub(crate) const EMBEDDED: u64 = 1 << 3;
    pub(crate) const PROPERTIES: u64 = 1 << 4;
    pub(crate) const REQUIRED: u64 = 1 << 5;
    pub(crate) const ITEMS: u64 = 1 << 6;
    pub(crate) const VALUES: u64 = 1 << 7;
    pub(crate) const FORMAT: u64 = 1 << 8;
    pub(crate) const CHOICES: u64 = 1 << 9;
    pub(crate) const LIST: u64 = 1 << 10;
    pub(crate) const PATTERN: u64 = 1 << 11;
    pub(crate) const BOUNDS: u64 = 1 << 12;
    pub(crate) const JUNCTORS: u64 = 1 << 13;
    pub(crate) const MEMBERS: u64 = 1 << 14;
    pub(crate) const RULES: u64 = 1 << 15;
    pub(crate) const KEYS: u64 = 1 << 16;
    pub(crate) const WHENS: u64 = 1 << 17;
}

/// Makes the bytes of a bundle.
#[derive(Debug, Default)]
pub struct Packer {
    strings: Strings,
    shapes: BTreeMap<Vec<u8>, u32>,
    order: Vec<Vec<u8>>,
    versions: Vec<String>,
    definitions: BTreeMap<String, u32>,
    /// For each version the shape of each definition.
    tables: Vec<Vec<Option<u32>>>,
    kinds: Vec<Vec<u8>>,
}

/// A kind as it goes into the bundle.
#[derive(Clone, Debug)]
pub struct Row<'r> {
    pub api_version: &'r str,
    pub kind: &'r str,
    pub plural: &'r str,
    /// 0 unknown, 1 in a namespace, 2 of the cluster
    pub scope: u8,
    /// A bit for each version; none where they do not matter.
    pub versions: u64,
    pub source: &'r str,
    pub root: Ref,
}

#[derive(Debug, Default)]
struct Strings {
    numbers: BTreeMap<String, u64>,
    order: Vec<String>,
}

impl Strings {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.order.len() as u64;
        self.numbers.insert(text.to_owned(), number);
        self.order.push(text.to_owned());
        number
    }
}

impl Packer {
    /// The numbers that definitions have in every version.
    pub fn name_definitions(&mut self, names: impl IntoIterator<Item = String>) -> BTreeMap<String, u32> {
        let names: std::collections::BTreeSet<String> = names.into_iter().collect();
        self.definitions = names.into_iter().zip(0..).collect();
        self.definitions.clone()
    }

    pub fn add_version(&mut self, version: &str, shapes: &[(u32, Ref)], arena: &Arena) {
        let mut table = vec![None; self.definitions.len()];
        for (definition, shape) in shapes {
            if let Ref::Shape(at) = self.add_shape(*shape, arena) {
                table[*definition as usize] = Some(at);
            }
        }
        self.versions.push(version.to_owned());
        self.tables.push(table);
    }

    pub fn add_kind(&mut self, row: &Row<'_>, arena: &Arena) {
        let mut out = Vec::new();
        for text in [row.api_version, row.kind, row.plural, row.source] {
            put(&mut out, self.strings.number(text));
        }
        put(&mut out, row.scope.into());
        put(&mut out, row.versions);
        let root = self.add_shape(row.root, arena);
        put(&mut out, number(root));
        self.kinds.push(out);
    }

    fn add_shape(&mut self, at: Ref, arena: &Arena) -> Ref {
        let Ref::Shape(index) = at else { return at };
        let bytes = self.encode(&arena.shapes[index as usize], arena);
        if let Some(known) = self.shapes.get(&bytes) {
            return Ref::Shape(*known);
        }
        let new = self.order.len() as u32;
        self.shapes.insert(bytes.clone(), new);
        self.order.push(bytes);
        Ref::Shape(new)
    }

    fn encode(&mut self, shape: &Shape, arena: &Arena) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, parts_of(shape));
        out.push(shape.types.0);
        self.put_fields(&mut out, shape, arena);
        for format in [shape.format, shape.keys].into_iter().flatten() {
            self.put_text(&mut out, format.name());
        }
        if !shape.choices.is_empty() {
            put(&mut out, shape.choices.len() as u64);
            shape.choices.iter().for_each(|choice| self.put_literal(&mut out, choice));
        }
        match &shape.list {
            List::Atomic => {}
            List::Set => put(&mut out, 0),
            List::Map(keys) => self.put_names(&mut out, keys),
        }
        if let Some(pattern) = &shape.pattern {
            self.put_text(&mut out, &pattern.text);
        }
        if let Some(bounds) = &shape.bounds {
            put_bounds(&mut out, bounds);
        }
        if let Some(junctors) = &shape.junctors {
            self.put_junctors(&mut out, junctors, arena);
        }
        self.put_members(&mut out, &shape.members);
        self.put_whens(&mut out, &shape.whens);
        self.put_rules(&mut out, &shape.rules);
        out
    }

    fn put_fields(&mut self, out: &mut Vec<u8>, shape: &Shape, arena: &Arena) {
        if !shape.properties.is_empty() {
            put(out, shape.properties.len() as u64);
            for Property { name, shape, default } in &shape.properties {
                self.put_text(out, name);
                let inner = self.add_shape(*shape, arena);
                put(out, number(inner) << 1 | u64::from(default.is_some()));
                default.iter().for_each(|default| self.put_literal(out, default));
            }
        }
        if !shape.required.is_empty() {
            self.put_names(out, &shape.required);
        }
        for inner in [shape.items, shape.values].into_iter().flatten() {
            let inner = self.add_shape(inner, arena);
            put(out, number(inner));
        }
    }

    fn put_junctors(&mut self, out: &mut Vec<u8>, junctors: &Junctors, arena: &Arena) {
        let not: Vec<Ref> = junctors.not.into_iter().collect();
        for parts in [&junctors.all, &junctors.any, &junctors.one, &not] {
            put(out, parts.len() as u64);
            for part in parts {
                let part = self.add_shape(*part, arena);
                put(out, number(part));
            }
        }
    }

    fn put_members(&mut self, out: &mut Vec<u8>, members: &[Members]) {
        if !members.is_empty() {
            put(out, members.len() as u64);
        }
        for rule in members {
            self.put_names(out, &rule.fields);
            put(out, rule.least.into());
            put(out, rule.most.into());
        }
    }

    fn put_whens(&mut self, out: &mut Vec<u8>, whens: &[When]) {
        if !whens.is_empty() {
            put(out, whens.len() as u64);
        }
        for When { field, is, needs, bans } in whens {
            self.put_text(out, field);
            [is, needs, bans].into_iter().for_each(|names| self.put_names(out, names));
        }
    }

    fn put_rules(&mut self, out: &mut Vec<u8>, rules: &[Rule]) {
        if !rules.is_empty() {
            put(out, rules.len() as u64);
        }
        for rule in rules {
            assert!(rule.each.is_empty(), "kinds have no rules that are asked of each item: {}", rule.rule);
            for text in [&rule.rule, &rule.message, &rule.message_expression, &rule.field_path, &rule.reason] {
                self.put_text(out, text);
            }
            put(out, rule.optional_old_self.into());
        }
    }

    fn put_names(&mut self, out: &mut Vec<u8>, names: &[Name]) {
        put(out, names.len() as u64);
        names.iter().for_each(|name| self.put_text(out, name));
    }

    fn put_literal(&mut self, out: &mut Vec<u8>, literal: &Literal) {
        self.put_text(out, &literal.0.to_string());
    }

    fn put_text(&mut self, out: &mut Vec<u8>, text: &str) {
        put(out, self.strings.number(text));
    }

    /// The whole bundle.
    pub fn bytes(mut self) -> Vec<u8> {
        let versions: Vec<u64> = self.versions.iter().map(|version| self.strings.number(version)).collect();
        let names: Vec<u64> = self.definitions.keys().map(|name| self.strings.number(name)).collect();
        let mut out = MAGIC.to_vec();
        put_blobs(&mut out, self.strings.order.iter().map(String::as_bytes));
        put_blobs(&mut out, self.order.iter().map(Vec::as_slice));
        put(&mut out, names.len() as u64);
        names.into_iter().for_each(|name| put(&mut out, name));
        put(&mut out, versions.len() as u64);
        for (version, table) in versions.into_iter().zip(&self.tables) {
            put(&mut out, version);
            table.iter().for_each(|shape| put(&mut out, shape.map_or(0, |shape| u64::from(shape) + 1)));
        }
        put_blobs(&mut out, self.kinds.iter().map(Vec::as_slice));
        out
    }
}

pub(super) fn parts_of(shape: &Shape) -> u64 {
    let parts = [
        (shape.is_open, part::OPEN),
        (shape.is_closed, part::CLOSED),
        (shape.is_nullable, part::NULLABLE),
        (shape.is_embedded, part::EMBEDDED),
        (!shape.properties.is_empty(), part::PROPERTIES),
        (!shape.required.is_empty(), part::REQUIRED),
        (shape.items.is_some(), part::ITEMS),
        (shape.values.is_some(), part::VALUES),
        (shape.format.is_some(), part::FORMAT),
        (!shape.choices.is_empty(), part::CHOICES),
        (shape.list != List::Atomic, part::LIST),
        (shape.pattern.is_some(), part::PATTERN),
        (shape.bounds.is_some(), part::BOUNDS),
        (shape.junctors.is_some(), part::JUNCTORS),
        (!shape.members.is_empty(), part::MEMBERS),
        (!shape.rules.is_empty(), part::RULES),
        (shape.keys.is_some(), part::KEYS),
        (!shape.whens.is_empty(), part::WHENS),
    ];
    parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, bit)| bit).sum()
}

fn put_bounds(out: &mut Vec<u8>, bounds: &Bounds) {
    let edges = [bounds.minimum, bounds.maximum, bounds.multiple_of.map(|n| (n, false))];
    let counts =
        [bounds.min_length, bounds.max_length, bounds.min_items, bounds.max_items, bounds.min_properties, bounds.max_properties];
    let is_there = edges.iter().map(Option::is_some).chain(counts.iter().map(Option::is_some));
    put(out, is_there.enumerate().map(|(at, is_there)| u64::from(is_there) << at).sum());
    for (edge, is_exclusive) in edges.into_iter().flatten() {
        out.push(is_exclusive.into());
        out.extend(edge.to_le_bytes());
    }
    counts.into_iter().flatten().for_each(|count| put(out, count));
}

fn number(at: Ref) -> u64 {
    match at {
        Ref::Shape(index) => u64::from(index) << 1,
        Ref::Definition(index) => u64::from(index) << 1 | 1,
    }
}

/// How many, how long each, then all of them in one.
fn put_blobs<'b>(out: &mut Vec<u8>, blobs: impl ExactSizeIterator<Item = &'b [u8]> + Clone) {
    put(out, blobs.len() as u64);
    blobs.clone().for_each(|blob| put(out, blob.len() as u64));
    blobs.for_each(|blob| out.extend(blob));
}

/// Seven bits a byte, the low ones first; the high bit says that more follow.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
