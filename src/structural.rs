//! Kubernetes' structural schemas: what a value of a kind must be, in the form it is judged by. `compile` makes shapes of a
//! CustomResourceDefinition's words, `pack` and `unpack` keep them in few bytes, `judge` holds a value against one, and `rules`
//! against what its shapes say in CEL.

mod compile;
mod expand;
mod format;
mod judge;
mod literal;
mod pack;
mod path;
mod pattern;
mod rules;
mod scalar;
mod typed;
mod unpack;

use std::borrow::Cow;

pub use compile::{CompileError, compile, definitions};
pub use expand::expand;
pub use format::Format;
pub use format::{CRON, CronField};
pub use judge::{Decoding, Fault, judge};
pub use literal::Literal;
pub use pack::{Packer, Row};
pub use path::Path;
pub use pattern::Pattern;
pub use rules::{Issue, Rules, of_definition};
pub use typed::Typer;
pub use unpack::{Bundle, KindRow};

pub type Name = Cow<'static, str>;

/// What one value must be. All that is empty or absent asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub types: Types,
    /// Fields that are not declared are left alone.
    pub is_open: bool,
    /// Fields that are not declared are refused. Inside `anyOf` and its like neither is said.
    pub is_closed: bool,
    /// Fields whose names begin with `x-` are left alone.
    pub is_extensible: bool,
    pub is_nullable: bool,
    /// A whole object stands here, with its own apiVersion, kind and metadata.
    pub is_embedded: bool,
    pub format: Option<Format>,
    /// The form of the keys of a map.
    pub keys: Option<Format>,
    pub pattern: Option<Pattern>,
    pub choices: Vec<Literal>,
    pub bounds: Option<Box<Bounds>>,
    /// Sorted by name.
    pub properties: Vec<Property>,
    /// Required, in the order in which they are told.
    pub required: Vec<Name>,
    pub values: Option<Ref>,
    pub items: Option<Ref>,
    pub list: List,
    pub members: Vec<Members>,
    pub whens: Vec<When>,
    pub junctors: Option<Box<Junctors>>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub struct Property {
    pub name: Name,
    pub shape: Ref,
    pub default: Option<Literal>,
}

/// Which shape: one of the arena, or a definition whose shape depends on the version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ref {
    Shape(u32),
    Definition(u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(pub u8);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    pub minimum: Option<(f64, Exclusive)>,
    pub maximum: Option<(f64, Exclusive)>,
    pub multiple_of: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
}

pub type Exclusive = bool;

/// When two items of a list are one too many.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum List {
    #[default]
    Atomic,
    Set,
    Map(Vec<Name>),
}

/// So many of these fields must be there: one kind of volume, one handler of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    pub fields: Vec<Name>,
    pub least: u32,
    pub most: u32,
}

/// What one field's value asks of others: an operator that needs values, a type that is told in a field of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    pub field: Name,
    /// Any of these; the empty text is for a field that is not there.
    pub is: Vec<Name>,
    pub needs: Vec<Name>,
    pub bans: Vec<Name>,
}

#[derive(Clone, Debug, Default)]
pub struct Junctors {
    pub all: Vec<Ref>,
    pub any: Vec<Ref>,
    pub one: Vec<Ref>,
    pub not: Option<Ref>,
}

/// A rule in CEL: `x-kubernetes-validations`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    pub rule: Name,
    pub message: Name,
    pub message_expression: Name,
    pub field_path: Name,
    pub reason: Name,
    pub optional_old_self: bool,
    /// A list of which each item is asked alone, as `item`; only schemas of our own say this.
    pub each: Name,
}

/// Where the shapes of one source lie.
pub trait Shapes: Sync {
    fn shape(&self, at: Ref) -> &Shape;
}

/// The shapes of definitions that a user brought.
#[derive(Debug, Default)]
pub struct Arena {
    pub shapes: Vec<Shape>,
}

impl Shapes for Arena {
    fn shape(&self, at: Ref) -> &Shape {
        match at {
            Ref::Shape(index) | Ref::Definition(index) => &self.shapes[index as usize],
        }
    }
}

impl Arena {
    pub fn add(&mut self, shape: Shape) -> Ref {
        self.shapes.push(shape);
        Ref::Shape(self.shapes.len() as u32 - 1)
    }
}

impl Types {
    pub const STRING: Types = Types(1);
    pub const INTEGER: Types = Types(2);
    pub const NUMBER: Types = Types(4);
    pub const BOOLEAN: Types = Types(8);
    pub const OBJECT: Types = Types(16);
    pub const ARRAY: Types = Types(32);

    const NAMES: [(&'static str, &'static str, Types); 6] = [
        ("string", "a string", Types::STRING),
        ("integer", "an integer", Types::INTEGER),
        ("number", "a number", Types::NUMBER),
        ("boolean", "a boolean", Types::BOOLEAN),
        ("object", "a map", Types::OBJECT),
        ("array", "a list", Types::ARRAY),
    ];

    pub fn parse(name: &str) -> Option<Types> {
        Types::NAMES.iter().find(|(known, _, _)| *known == name).map(|(_, _, types)| *types)
    }

    pub fn and(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    pub fn has(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    pub fn is_several(self) -> bool {
        self.0.count_ones() > 1
    }

    pub fn is_any(self) -> bool {
        self.0 == 0
    }

    /// `an integer or a string`
    pub fn words(self) -> String {
        let words: Vec<&str> = Types::NAMES.iter().filter(|(_, _, types)| self.has(*types)).map(|(_, words, _)| *words).collect();
        words.join(" or ")
    }
}

impl Shape {
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.binary_search_by(|property| (*property.name).cmp(name)).ok().map(|at| &self.properties[at])
    }
}
