//! Shapes as the types of CEL, and values as the API server shows them to expressions: defaults filled in, strange fields gone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Literal, Property, Ref, Shape, Shapes, Types};
use crate::cel::{Field, Object, Type, Value};
use crate::promql;
use crate::yaml::{Data, Yaml};

/// What no schema of ours goes beyond; one that refers to itself is anything from there on.
const MAX_DEPTH: usize = 64;

/// The types of the shapes of one source, each made once.
pub struct Typer<'s> {
    shapes: &'s dyn Shapes,
    known: BTreeMap<(Ref, bool), Option<Type>>,
    depth: usize,
}

impl<'s> Typer<'s> {
    pub fn new(shapes: &'s dyn Shapes) -> Typer<'s> {
        Typer { shapes, known: BTreeMap::new(), depth: 0 }
    }

    /// None for what no expression can reach, because nothing is said of it. `name` is what messages call the type.
    pub fn of(&mut self, at: Ref, is_whole: bool, name: &str) -> Option<Type> {
        if let Some(known) = self.known.get(&(at, is_whole)) {
            return known.clone();
        }
        if self.depth == MAX_DEPTH {
            return Some(Type::Dyn);
        }
        // Until it is known, what refers to itself is anything.
        self.known.insert((at, is_whole), Some(Type::Dyn));
        self.depth += 1;
        let shape = self.shapes.shape(at);
        let of = self.shape(shape, is_whole || shape.is_embedded, name);
        self.depth -= 1;
        self.known.insert((at, is_whole), of.clone());
        of
    }

    fn shape(&mut self, shape: &Shape, is_whole: bool, name: &str) -> Option<Type> {
        if shape.types.is_several() {
            return Some(Type::Dyn);
        }
        match shape.types {
            Types::STRING => Some(text_type(shape)),
            Types::INTEGER => Some(Type::Int),
            Types::NUMBER => Some(Type::Double),
            Types::BOOLEAN => Some(Type::Bool),
            Types::ARRAY => Some(Type::list(self.of(shape.items?, false, &format!("{name}.@idx"))?)),
            Types::OBJECT => self.map(shape, is_whole, name),
            _ if is_whole => self.map(shape, is_whole, name),
            // Of a quantity, too, the API server's own schema does not say what it is.
            _ => None,
        }
    }

    fn map(&mut self, shape: &Shape, is_whole: bool, name: &str) -> Option<Type> {
        if let Some(values) = shape.values.filter(|_| shape.properties.is_empty()) {
            return Some(Type::map(Type::String, self.of(values, false, &format!("{name}.@elem"))?));
        }
        let mut fields = BTreeMap::new();
        let mut add = |key: &str, of: Type| {
            for written in [escaped(key), Cow::Borrowed(key)] {
                fields.insert(Arc::from(&*written), Field { key: key.into(), of: of.clone() });
            }
        };
        for Property { name: key, shape, .. } in &shape.properties {
            if let Some(of) = self.of(*shape, false, &format!("{name}.{key}")) {
                add(key, of);
            }
        }
        if is_whole {
            add("apiVersion", Type::String);
            add("kind", Type::String);
            if !has_names(self.shapes, shape) {
                let metadata = [("name", Type::String), ("generateName", Type::String)];
                add("metadata", Object::of(&format!("{name}.metadata"), &metadata));
            }
        }
        Some(Type::Object(Arc::new(Object { name: name.into(), fields })))
    }
}

/// Whether the schema itself says that an object has a name.
fn has_names(shapes: &dyn Shapes, shape: &Shape) -> bool {
    shape.property("metadata").is_some_and(|property| {
        let metadata = shapes.shape(property.shape);
        ["name", "generateName"].iter().all(|name| metadata.property(name).is_some())
    })
}

fn text_type(shape: &Shape) -> Type {
    match shape.format.map(super::Format::name) {
        Some("byte") => Type::Bytes,
        Some("duration" | "prometheus-duration") => Type::Duration,
        Some("date" | "date-time") => Type::Timestamp,
        _ => Type::String,
    }
}

/// The words that CEL keeps for itself.
const KEPT: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// How an expression writes the name of a field.
fn escaped(name: &str) -> Cow<'_, str> {
    if KEPT.contains(&name) {
        return format!("__{name}__").into();
    }
    if !name.contains(['-', '.', '/']) && !name.contains("__") {
        return name.into();
    }
    let name = name.replace("__", "__underscores__");
    name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__").into()
}

/// A value as expressions see it.
pub fn value(shapes: &dyn Shapes, shape: &Shape, yaml: &Yaml<'_>, is_whole: bool) -> Value {
    match &yaml.data {
        Data::Map(_) => map(shapes, shape, yaml, is_whole || shape.is_embedded),
        Data::Seq(items) => match shape.items {
            Some(at) => Value::list(items.iter().map(|item| value(shapes, shapes.shape(at), item, false)).collect()),
            None => Value::from_yaml(yaml),
        },
        Data::Str(text) if shape.types == Types::STRING => text_value(&text_type(shape), text),
        // Where a text is wanted, what reads YAML takes a number for one.
        Data::Number(_) | Data::Bool(_) if shape.types == Types::STRING => Value::string(&Literal::of(yaml).words()),
        Data::Number(number) if shape.types == Types::NUMBER => Value::Double(number.to_f64()),
        Data::Number(number) if shape.types == Types::INTEGER => {
            let whole = number.to_int().and_then(|number| i64::try_from(number).ok());
            whole.map_or_else(|| Value::from_yaml(yaml), Value::Int)
        }
        _ => Value::from_yaml(yaml),
    }
}

fn text_value(of: &Type, text: &str) -> Value {
    let day = format!("{text}T00:00:00Z");
    let nanoseconds = || promql::seconds(text).filter(|_| *of == Type::Duration).map(|seconds| (seconds * 1e9) as i64);
    let parsed = Value::parsed(of, text).or_else(|| Value::parsed(of, &day)).or_else(|| nanoseconds().map(Value::Duration));
    parsed.unwrap_or_else(|| Value::string(text))
}

fn map(shapes: &dyn Shapes, shape: &Shape, yaml: &Yaml<'_>, is_whole: bool) -> Value {
    let entry = |name: &str, value: Value| (Value::string(name), value);
    if shape.properties.is_empty() && !is_whole {
        let Some(values) = shape.values else {
            return if shape.is_open { Value::from_yaml(yaml) } else { Value::map(Vec::new()) };
        };
        let inner = |yaml: &Yaml<'_>| value(shapes, shapes.shape(values), yaml, false);
        return Value::map(yaml.entries().iter().map(|e| entry(&e.key.name, inner(&e.value))).collect());
    }
    let mut entries = Vec::new();
    for property in &shape.properties {
        let inner = shapes.shape(property.shape);
        let is_dropped = |given: &&Yaml<'_>| given.data == Data::Null && !inner.is_nullable;
        match (yaml.get(&property.name).filter(|given| !is_dropped(given)), &property.default) {
            (Some(given), _) => entries.push(entry(&property.name, value(shapes, inner, given, false))),
            (None, Some(default)) => {
                entries.push(entry(&property.name, value(shapes, inner, &default.to_yaml(), false)));
            }
            (None, None) => {}
        }
    }
    if is_whole {
        identity(shapes, shape, yaml, &mut entries);
    }
    Value::map(entries)
}

/// Every whole object says what it is called.
fn identity(shapes: &dyn Shapes, shape: &Shape, yaml: &Yaml<'_>, entries: &mut Vec<(Value, Value)>) {
    let text = |yaml: &Yaml<'_>, names: &[&str]| -> Vec<(Value, Value)> {
        let given = names.iter().filter_map(|name| Some((Value::string(name), Value::string(yaml.get(name)?.as_str()?))));
        given.collect()
    };
    entries.retain(|(key, _)| !matches!(key.as_str(), Some("apiVersion" | "kind")));
    entries.extend(text(yaml, &["apiVersion", "kind"]));
    if !has_names(shapes, shape) {
        entries.retain(|(key, _)| key.as_str() != Some("metadata"));
        if let Some(metadata) = yaml.get("metadata") {
            entries.push((Value::string("metadata"), Value::map(text(metadata, &["name", "generateName"]))));
        }
    }
}
