//! The types of CEL: what a table or a schema declares, what the checker infers, and how a message writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Anything: checked when it is computed.
    Dyn,
    /// What stands where something was wrong; it fits everywhere, so that one mistake is told once.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<Type>),
    Map(Arc<(Type, Type)>),
    /// The type of types; without a parameter, of `type` itself.
    Meta(Option<Arc<Type>>),
    Optional(Arc<Type>),
    /// A type whose values only functions look into: `net.IP`.
    Opaque(Arc<str>),
    /// A table with known fields.
    Object(Arc<Object>),
    /// Not known yet: a variable of the inference, or a parameter of a signature.
    Param(usize),
}

/// A table whose fields are declared: the request of an admission, an object under a structural schema.
#[derive(Debug)]
pub struct Object {
    pub name: Arc<str>,
    /// By the name that an expression writes.
    pub fields: BTreeMap<Arc<str>, Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    /// The key in the data; an expression writes `__dot__` where it has a dot.
    pub key: Arc<str>,
    pub of: Type,
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.name == other.name
    }
}

impl Object {
    /// An object type of fields whose names need no escape.
    pub fn of(name: &str, fields: &[(&str, Type)]) -> Type {
        let field = |(key, of): &(&str, Type)| (Arc::from(*key), Field { key: Arc::from(*key), of: of.clone() });
        Type::Object(Arc::new(Object { name: name.into(), fields: fields.iter().map(field).collect() }))
    }
}

impl Type {
    pub fn list(item: Type) -> Type {
        Type::List(Arc::new(item))
    }

    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new((key, value)))
    }

    pub fn optional(value: Type) -> Type {
        Type::Optional(Arc::new(value))
    }

    pub fn opaque(name: &str) -> Type {
        Type::Opaque(name.into())
    }

    /// The name a value of this type has at run time, where parameters are gone.
    pub fn name(&self) -> &str {
        match self {
            Type::Dyn => "dyn",
            Type::Error => "!error!",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "google.protobuf.Duration",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::List(_) => "list",
            Type::Map(_) => "map",
            Type::Meta(_) => "type",
            Type::Optional(_) => "optional_type",
            Type::Opaque(name) => name,
            Type::Object(object) => &object.name,
            Type::Param(_) => "dyn",
        }
    }

    /// The types this one is made of.
    pub fn parameters(&self) -> Vec<&Type> {
        match self {
            Type::List(item) | Type::Optional(item) | Type::Meta(Some(item)) => vec![item],
            Type::Map(entry) => vec![&entry.0, &entry.1],
            _ => Vec::new(),
        }
    }

    /// The same type with each of its parameters replaced.
    pub fn with(&self, replace: &mut dyn FnMut(&Type) -> Type) -> Type {
        match self {
            Type::List(item) => Type::list(replace(item)),
            Type::Optional(item) => Type::optional(replace(item)),
            Type::Meta(Some(item)) => Type::Meta(Some(Arc::new(replace(item)))),
            Type::Map(entry) => Type::map(replace(&entry.0), replace(&entry.1)),
            other => other.clone(),
        }
    }

    pub fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn)
    }

    /// How messages of the checker write it.
    pub fn in_message(&self) -> String {
        match self {
            Type::Null => "null".to_owned(),
            Type::Duration => "duration".to_owned(),
            Type::Timestamp => "timestamp".to_owned(),
            Type::Param(n) => format!("<_var{n}>"),
            other => other.joined(Type::in_message),
        }
    }

    fn joined(&self, write: fn(&Type) -> String) -> String {
        let parameters: Vec<String> = self.parameters().into_iter().map(write).collect();
        if parameters.is_empty() { self.name().to_owned() } else { format!("{}({})", self.name(), parameters.join(", ")) }
    }

    /// The type that a name in an expression stands for.
    pub fn named(name: &str) -> Option<Type> {
        Some(match name {
            "list" => Type::list(Type::Dyn),
            "map" => Type::map(Type::Dyn, Type::Dyn),
            "type" => Type::Meta(None),
            "optional_type" => Type::optional(Type::Dyn),
            _ if OPAQUES.values().any(|known| *known == name) => Type::opaque(name),
            _ => return SIMPLE.iter().find(|known| known.name() == name).cloned(),
        })
    }
}

/// The types that only functions look into, which the table of functions declares.
static OPAQUES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../schemas/cel/functions.txt").lines().filter_map(|line| line.strip_prefix("type "));
    lines.filter_map(|line| line.split_once(" = ")).collect()
});

/// The full name of such a type.
pub fn opaque(key: &str) -> &'static str {
    OPAQUES.get(key).copied().unwrap_or_default()
}

const SIMPLE: &[Type] =
    &[Type::Null, Type::Bool, Type::Int, Type::Uint, Type::Double, Type::String, Type::Bytes, Type::Duration, Type::Timestamp];

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(|parameter| parameter.to_string()))
    }
}
