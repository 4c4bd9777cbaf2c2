//! The bytes of a bundle in, its kinds and shapes out, each decoded when it is first asked for.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::pack::{MAGIC, part};
use super::{Bounds, Format, Junctors, List, Literal, Members, Name, Pattern, Property, Ref, Rule, Shape, Shapes, Types, When};

/// A bundle that has been opened, seen with the eyes of one version of Kubernetes.
#[derive(Debug)]
pub struct Bundle {
    strings: Blobs,
    shapes: Blobs,
    decoded: Vec<OnceLock<Box<Shape>>>,
    versions: Vec<&'static str>,
    /// The names of definitions, sorted.
    definitions: Vec<u64>,
    /// The shape of each definition in the version chosen.
    table: Vec<Option<u32>>,
    kinds: Blobs,
    nothing: Shape,
}

/// A kind that the bundle has.
#[derive(Clone, Debug, PartialEq)]
pub struct KindRow {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub plural: &'static str,
    pub source: &'static str,
    pub scope: u8,
    pub versions: u64,
    pub root: Ref,
}

/// Pieces of bytes behind one another.
#[derive(Debug)]
struct Blobs {
    bytes: &'static [u8],
    starts: Vec<u32>,
}

impl Blobs {
    fn get(&self, at: usize) -> &'static [u8] {
        &self.bytes[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

impl Bundle {
    /// Opens what `Packer` made; `version` says which of its versions definitions are of, by its place in `versions`.
    pub fn open(bytes: &'static [u8], version: usize) -> Bundle {
        let mut bytes = Bytes(bytes.strip_prefix(MAGIC).expect("the bundle is one that Packer made"));
        let strings = bytes.blobs();
        let shapes = bytes.blobs();
        let definitions: Vec<u64> = (0..bytes.number()).map(|_| bytes.number()).collect();
        let mut bundle = Bundle {
            decoded: (0..shapes.len()).map(|_| OnceLock::new()).collect(),
            strings,
            shapes,
            versions: Vec::new(),
            definitions,
            table: Vec::new(),
            kinds: Blobs { bytes: &[], starts: vec![0] },
            nothing: Shape { is_open: true, ..Shape::default() },
        };
        for at in 0..bytes.number() as usize {
            let name = bytes.number();
            bundle.versions.push(bundle.text(name));
            let table = bundle.definitions.iter().map(|_| bytes.number().checked_sub(1).map(|shape| shape as u32)).collect();
            if at == version {
                bundle.table = table;
            }
        }
        bundle.kinds = bytes.blobs();
        bundle
    }

    pub fn versions(&self) -> &[&'static str] {
        &self.versions
    }

    pub fn kinds(&self) -> impl Iterator<Item = KindRow> + '_ {
        (0..self.kinds.len()).map(|at| self.kind(at))
    }

    /// Kinds stand sorted by API version and name.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<KindRow> {
        let (mut low, mut high) = (0, self.kinds.len());
        while low < high {
            let middle = low.midpoint(high);
            let row = self.kind(middle);
            match (row.api_version, row.kind).cmp(&(api_version, kind)) {
                std::cmp::Ordering::Equal => return Some(row),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// A definition by its name.
    pub fn definition(&self, name: &str) -> Option<Ref> {
        let at = self.definitions.binary_search_by(|known| self.text(*known).cmp(name)).ok()?;
        Some(Ref::Definition(at as u32))
    }

    fn kind(&self, at: usize) -> KindRow {
        let mut bytes = Bytes(self.kinds.get(at));
        let mut text = || self.text(bytes.number());
        let (api_version, kind, plural, source) = (text(), text(), text(), text());
        let (scope, versions) = (bytes.number() as u8, bytes.number());
        KindRow { api_version, kind, plural, source, scope, versions, root: bytes.reference() }
    }

    fn text(&self, number: u64) -> &'static str {
        std::str::from_utf8(self.strings.get(number as usize)).expect("the bundle holds strings")
    }

    fn decode(&self, at: usize) -> Shape {
        let mut bytes = Bytes(self.shapes.get(at));
        let parts = bytes.number();
        let has = |part: u64| parts & part != 0;
        let mut shape = Shape { types: Types(bytes.byte()), ..Shape::default() };
        shape.is_open = has(part::OPEN);
        shape.is_closed = has(part::CLOSED);
        shape.is_nullable = has(part::NULLABLE);
        shape.is_embedded = has(part::EMBEDDED);
        if has(part::PROPERTIES) {
            shape.properties = (0..bytes.number()).map(|_| self.property(&mut bytes)).collect();
        }
        if has(part::REQUIRED) {
            shape.required = self.names(&mut bytes);
        }
        shape.items = has(part::ITEMS).then(|| bytes.reference());
        shape.values = has(part::VALUES).then(|| bytes.reference());
        if has(part::FORMAT) {
            shape.format = Format::parse(self.text(bytes.number()));
        }
        if has(part::KEYS) {
            shape.keys = Format::parse(self.text(bytes.number()));
        }
        if has(part::CHOICES) {
            shape.choices = (0..bytes.number()).map(|_| self.literal(&mut bytes)).collect();
        }
        if has(part::LIST) {
            let keys = self.names(&mut bytes);
            shape.list = if keys.is_empty() { List::Set } else { List::Map(keys) };
        }
        shape.pattern = has(part::PATTERN).then(|| Pattern::new(self.name(&mut bytes)));
        shape.bounds = has(part::BOUNDS).then(|| Box::new(bounds(&mut bytes)));
        shape.junctors = has(part::JUNCTORS).then(|| Box::new(junctors(&mut bytes)));
        if has(part::MEMBERS) {
            shape.members = (0..bytes.number()).map(|_| self.members(&mut bytes)).collect();
        }
        if has(part::WHENS) {
            shape.whens = (0..bytes.number()).map(|_| self.when(&mut bytes)).collect();
        }
        if has(part::RULES) {
            shape.rules = (0..bytes.number()).map(|_| self.rule(&mut bytes)).collect();
        }
        shape
    }

    fn property(&self, bytes: &mut Bytes) -> Property {
        let name = self.name(bytes);
        let shape = bytes.number();
        let default = (shape & 1 == 1).then(|| self.literal(bytes));
        Property { name, shape: reference(shape >> 1), default }
    }

    fn members(&self, bytes: &mut Bytes) -> Members {
        Members { fields: self.names(bytes), least: bytes.number() as u32, most: bytes.number() as u32 }
    }

    fn when(&self, bytes: &mut Bytes) -> When {
        When { field: self.name(bytes), is: self.names(bytes), needs: self.names(bytes), bans: self.names(bytes) }
    }

    fn rule(&self, bytes: &mut Bytes) -> Rule {
        Rule {
            rule: self.name(bytes),
            message: self.name(bytes),
            message_expression: self.name(bytes),
            field_path: self.name(bytes),
            reason: self.name(bytes),
            optional_old_self: bytes.number() == 1,
            each: Name::default(),
        }
    }

    fn name(&self, bytes: &mut Bytes) -> Name {
        Cow::Borrowed(self.text(bytes.number()))
    }

    fn names(&self, bytes: &mut Bytes) -> Vec<Name> {
        (0..bytes.number()).map(|_| self.name(bytes)).collect()
    }

    fn literal(&self, bytes: &mut Bytes) -> Literal {
        Literal(serde_json::from_str(self.text(bytes.number())).expect("the bundle holds JSON"))
    }
}

impl Shapes for Bundle {
    fn shape(&self, at: Ref) -> &Shape {
        let at = match at {
            Ref::Shape(at) => at,
            Ref::Definition(at) => match self.table.get(at as usize) {
                Some(Some(at)) => *at,
                // A kind of another source refers to what this version does not have.
                _ => return &self.nothing,
            },
        };
        self.decoded[at as usize].get_or_init(|| Box::new(self.decode(at as usize)))
    }
}

fn bounds(bytes: &mut Bytes) -> Bounds {
    let is_there = bytes.number();
    let has = |at: u32| is_there & 1 << at != 0;
    let mut edge = |at: u32| has(at).then(|| (bytes.byte() == 1, bytes.float())).map(|(exclusive, edge)| (edge, exclusive));
    let (minimum, maximum, multiple_of) = (edge(0), edge(1), edge(2).map(|(of, _)| of));
    let mut count = |at: u32| has(at).then(|| bytes.number());
    Bounds {
        minimum,
        maximum,
        multiple_of,
        min_length: count(3),
        max_length: count(4),
        min_items: count(5),
        max_items: count(6),
        min_properties: count(7),
        max_properties: count(8),
    }
}

fn junctors(bytes: &mut Bytes) -> Junctors {
    let mut parts = || (0..bytes.number()).map(|_| bytes.reference()).collect::<Vec<Ref>>();
    Junctors { all: parts(), any: parts(), one: parts(), not: parts().first().copied() }
}

fn reference(number: u64) -> Ref {
    let index = (number >> 1) as u32;
    if number & 1 == 1 { Ref::Definition(index) } else { Ref::Shape(index) }
}

/// What is left to read.
struct Bytes(&'static [u8]);

impl Bytes {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("the bundle is whole");
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    fn float(&mut self) -> f64 {
        f64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn reference(&mut self) -> Ref {
        reference(self.number())
    }

    fn blobs(&mut self) -> Blobs {
        let count = self.number();
        let mut starts = Vec::with_capacity(count as usize + 1);
        let mut end = 0;
        starts.push(end);
        for _ in 0..count {
            end += self.number() as u32;
            starts.push(end);
        }
        let (bytes, rest) = self.0.split_at(end as usize);
        self.0 = rest;
        Blobs { bytes, starts }
    }
}
