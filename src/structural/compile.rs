//! The schema of a CustomResourceDefinition, as read, in; shapes out, and what cannot be understood.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Arena, Bounds, Format, Junctors, List, Literal, Members, Name, Pattern, Property, Ref, Rule, Shape, Types, When};
use crate::yaml::{Data, Mark, Yaml};

/// Deeper than any definition is.
const MAX_DEPTH: usize = 100;

/// A part of a schema that means nothing.
#[derive(Clone, Debug)]
pub struct CompileError {
    pub message: String,
    pub mark: Mark,
}

/// One schema, whose shapes go into `arena`.
pub fn compile(schema: &Yaml<'_>, arena: &mut Arena) -> Result<Ref, CompileError> {
    let place = if flag(schema, "x-partial") { Place::Junctor } else { Place::Whole };
    Compiler { arena, names: &BTreeMap::new() }.shape(schema, place, MAX_DEPTH)
}

/// A table of definitions that may refer to one another, and a schema beside them; `names` numbers the definitions.
pub fn definitions(schema: &Yaml<'_>, names: &BTreeMap<String, u32>, arena: &mut Arena) -> Result<Ref, CompileError> {
    Compiler { arena, names }.shape(schema, Place::Whole, MAX_DEPTH)
}

struct Compiler<'c> {
    arena: &'c mut Arena,
    names: &'c BTreeMap<String, u32>,
}

/// Inside of `anyOf` and its like nothing says which fields there are, nor in a schema that adds to another.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Whole,
    Junctor,
}

impl Compiler<'_> {
    fn shape(&mut self, schema: &Yaml<'_>, place: Place, depth: usize) -> Result<Ref, CompileError> {
        let wrong = |message: &str| Err(CompileError { message: message.to_owned(), mark: schema.mark });
        if depth == 0 {
            return wrong("a schema that is too deep");
        }
        if !matches!(schema.data, Data::Map(_)) {
            // `additionalProperties: true`, and the like.
            return Ok(self.arena.add(Shape { is_open: true, ..Shape::default() }));
        }
        if let Some(name) = schema.get("$ref").and_then(Yaml::as_str) {
            return match self.names.get(name) {
                Some(number) => Ok(Ref::Definition(*number)),
                None => wrong("a reference that leads nowhere"),
            };
        }
        let mut shape = words(schema, place)?;
        self.parts(&mut shape, schema, place, depth - 1)?;
        Ok(self.arena.add(shape))
    }

    fn parts(&mut self, shape: &mut Shape, schema: &Yaml<'_>, place: Place, depth: usize) -> Result<(), CompileError> {
        for entry in schema.get("properties").map_or(&[][..], Yaml::entries) {
            let name: Name = Cow::Owned(entry.key.name.to_string());
            let default = entry.value.get("default").map(Literal::of);
            // The metadata of a whole object is what it is everywhere; a definition may only narrow its name.
            let is_whole_object = shape.is_embedded || depth == MAX_DEPTH - 1;
            let place = if is_whole_object && name == "metadata" { Place::Junctor } else { place };
            shape.properties.push(Property { name, shape: self.shape(&entry.value, place, depth)?, default });
        }
        shape.properties.sort_by(|a, b| a.name.cmp(&b.name));
        shape.items = match schema.get("items") {
            Some(items) => Some(self.shape(items, place, depth)?),
            None => None,
        };
        shape.values = match schema.get("additionalProperties") {
            Some(values) if values.data != Data::Bool(false) => Some(self.shape(values, place, depth)?),
            _ => None,
        };
        let mut junctors = Junctors { not: None, ..Junctors::default() };
        for (word, parts) in [("allOf", &mut junctors.all), ("anyOf", &mut junctors.any), ("oneOf", &mut junctors.one)] {
            // Of an int-or-string it only says so again.
            let is_repeated = word == "anyOf" && flag(schema, "x-kubernetes-int-or-string");
            for part in schema.get(word).filter(|_| !is_repeated).map_or(&[][..], Yaml::items) {
                parts.push(self.shape(part, Place::Junctor, depth)?);
            }
        }
        if let Some(not) = schema.get("not") {
            junctors.not = Some(self.shape(not, Place::Junctor, depth)?);
        }
        let says_nothing =
            junctors.all.is_empty() && junctors.any.is_empty() && junctors.one.is_empty() && junctors.not.is_none();
        shape.junctors = (!says_nothing).then(|| Box::new(junctors));
        Ok(())
    }
}

/// Everything but the schemas inside.
fn words(schema: &Yaml<'_>, place: Place) -> Result<Shape, CompileError> {
    let is_either = flag(schema, "x-kubernetes-int-or-string");
    let is_open = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let types = types(schema)?;
    // Whether it says that other fields may be there. That none may be no definition of Kubernetes says, and schemas of others say it
    // inside of `oneOf` too.
    let others = schema.get("additionalProperties").map(|values| values.data != Data::Bool(false));
    let format = schema.get("format").and_then(Yaml::as_str).and_then(Format::parse);
    Ok(Shape {
        types: match (is_either, format) {
            (true, Some(format)) if format.is_quantity() => Types::STRING.and(Types::NUMBER),
            (true, _) => Types::STRING.and(Types::INTEGER),
            _ => types,
        },
        is_open,
        is_closed: others.map_or(place == Place::Whole, |may_be| !may_be) && types.has(Types::OBJECT) && !is_open,
        is_extensible: flag(schema, "x-extensible"),
        is_nullable: takes_null(schema),
        is_embedded: flag(schema, "x-kubernetes-embedded-resource"),
        format,
        keys: schema.get("x-keys").and_then(Yaml::as_str).and_then(Format::parse),
        pattern: text(schema, "pattern").map(Pattern::new),
        choices: schema.get("enum").map_or(&[][..], Yaml::items).iter().map(Literal::of).collect(),
        bounds: bounds(schema),
        required: names(schema.get("required")),
        list: list(schema),
        members: schema.get("x-members").map_or(&[][..], Yaml::items).iter().map(members).collect(),
        whens: schema.get("x-when").map_or(&[][..], Yaml::items).iter().map(when).collect(),
        rules: schema.get("x-kubernetes-validations").map_or(&[][..], Yaml::items).iter().map(rule).collect(),
        ..Shape::default()
    })
}

/// One type, or any of several; `null` among them makes the value one that may be null.
fn types(schema: &Yaml<'_>) -> Result<Types, CompileError> {
    let Some(kind) = schema.get("type") else { return Ok(Types::default()) };
    let mut types = Types::default();
    for name in std::slice::from_ref(kind).iter().chain(kind.items()).filter_map(Yaml::as_str) {
        match Types::parse(name) {
            Some(one) => types = types.and(one),
            None if matches!(name, "" | "null") => {}
            None => return Err(CompileError { message: format!("there is no type {name}"), mark: kind.mark }),
        }
    }
    Ok(types)
}

fn takes_null(schema: &Yaml<'_>) -> bool {
    let types = schema.get("type").map_or(&[][..], Yaml::items);
    flag(schema, "nullable") || types.iter().any(|name| name.as_str() == Some("null"))
}

fn bounds(schema: &Yaml<'_>) -> Option<Box<Bounds>> {
    let count = |word: &str| number(schema, word).map(|n| n as u64);
    let edge = |word: &str, exclusive: &str| Some((number(schema, word)?, flag(schema, exclusive)));
    let bounds = Bounds {
        minimum: edge("minimum", "exclusiveMinimum"),
        maximum: edge("maximum", "exclusiveMaximum"),
        multiple_of: number(schema, "multipleOf"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
    };
    (bounds != Bounds::default()).then(|| Box::new(bounds))
}

fn list(schema: &Yaml<'_>) -> List {
    match schema.get("x-kubernetes-list-type").and_then(Yaml::as_str) {
        Some("set") => List::Set,
        Some("map") => List::Map(names(schema.get("x-kubernetes-list-map-keys"))),
        _ => List::Atomic,
    }
}

fn members(rule: &Yaml<'_>) -> Members {
    let count = |word: &str, otherwise: u32| number(rule, word).map_or(otherwise, |n| n as u32);
    Members { fields: names(rule.get("of")), least: count("least", 0), most: count("most", 1) }
}

fn when(rule: &Yaml<'_>) -> When {
    let list = |word: &str| names(rule.get(word));
    When { field: text(rule, "field").unwrap_or_default(), is: list("is"), needs: list("needs"), bans: list("bans") }
}

fn rule(rule: &Yaml<'_>) -> Rule {
    let word = |name: &str| text(rule, name).unwrap_or_default();
    Rule {
        rule: word("rule"),
        message: word("message"),
        message_expression: word("messageExpression"),
        field_path: word("fieldPath"),
        reason: word("reason"),
        optional_old_self: flag(rule, "optionalOldSelf"),
        each: word("x-each"),
    }
}

fn names(list: Option<&Yaml<'_>>) -> Vec<Name> {
    list.map_or(&[][..], Yaml::items).iter().filter_map(Yaml::as_str).map(|name| Cow::Owned(name.to_owned())).collect()
}

fn text(schema: &Yaml<'_>, word: &str) -> Option<Name> {
    schema.get(word).and_then(Yaml::as_str).map(|text| Cow::Owned(text.to_owned()))
}

fn flag(schema: &Yaml<'_>, word: &str) -> bool {
    schema.get(word).is_some_and(|value| value.data == Data::Bool(true))
}

fn number(schema: &Yaml<'_>, word: &str) -> Option<f64> {
    match schema.get(word)?.data {
        Data::Number(number) => Some(number.to_f64()),
        _ => None,
    }
}
