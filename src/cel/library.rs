//! What computes the functions of the table: each is found by the name that stands there.

pub mod authorizer;
mod convert;
pub mod format;
mod lists;
mod named;
mod net;
pub mod number;
mod operators;
mod optional;
pub mod pattern;
mod quantity;
mod semver;
mod strings;
pub mod time;
mod url;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::fault::{Fault, Work};
use super::types::{self, Type};
use super::value::Value;

pub use named::NamedFormat;
pub use quantity::nano;

/// The arguments fit the overload's parameters, as far as `Value::fits` can tell.
pub type Function = fn(&[Value], &mut Work) -> Result<Value, Fault>;

/// Functions with their names in the table.
type Table = &'static [(&'static str, Function)];

static FUNCTIONS: LazyLock<BTreeMap<&'static str, Function>> = LazyLock::new(|| {
    let tables: [Table; 13] = [
        operators::TABLE,
        convert::TABLE,
        strings::TABLE,
        time::TABLE,
        pattern::TABLE,
        lists::TABLE,
        optional::TABLE,
        url::TABLE,
        net::TABLE,
        quantity::TABLE,
        semver::TABLE,
        named::TABLE,
        authorizer::TABLE,
    ];
    tables.into_iter().flatten().copied().collect()
});

pub fn function(name: &str) -> Option<Function> {
    FUNCTIONS.get(name).copied()
}

/// A value that only functions look into.
#[derive(Clone, Debug, PartialEq)]
pub enum Opaque {
    Ip(std::net::IpAddr),
    Cidr(net::Cidr),
    Quantity(quantity::Quantity),
    Semver(semver::Semver),
    Url(url::Url),
    Format(&'static NamedFormat),
    Authorizer(authorizer::Authorizer),
    /// A string that is a pattern, compiled.
    Pattern(pattern::Pattern),
}

impl Opaque {
    pub fn name(&self) -> &'static str {
        match self {
            Opaque::Ip(_) => types::opaque("ip"),
            Opaque::Cidr(_) => types::opaque("cidr"),
            Opaque::Quantity(_) => types::opaque("quantity"),
            Opaque::Semver(_) => types::opaque("semver"),
            Opaque::Url(_) => types::opaque("url"),
            Opaque::Format(_) => types::opaque("format"),
            Opaque::Authorizer(_) => types::opaque("authorizer"),
            Opaque::Pattern(_) => "string",
        }
    }

    pub fn kind(&self) -> Type {
        match self {
            Opaque::Pattern(_) => Type::String,
            other => Type::opaque(other.name()),
        }
    }

    pub fn pattern(&self) -> Option<&str> {
        match self {
            Opaque::Pattern(pattern) => Some(pattern.text()),
            _ => None,
        }
    }

    pub fn length(&self) -> u64 {
        match self {
            Opaque::Ip(address) => {
                if address.is_ipv4() {
                    4
                } else {
                    16
                }
            }
            Opaque::Cidr(cidr) => u64::from(cidr.prefix).div_ceil(8),
            Opaque::Pattern(pattern) => pattern.text().chars().count() as u64,
            _ => 1,
        }
    }

    /// As `string()` would write it.
    pub fn text(&self) -> String {
        match self {
            Opaque::Ip(address) => address.to_string(),
            Opaque::Cidr(cidr) => cidr.to_string(),
            Opaque::Quantity(quantity) => quantity.to_string(),
            Opaque::Semver(version) => version.to_string(),
            Opaque::Url(url) => url.to_string(),
            Opaque::Format(format) => format.name.to_owned(),
            Opaque::Authorizer(_) => self.name().to_owned(),
            Opaque::Pattern(pattern) => pattern.text().to_owned(),
        }
    }
}

fn no_overload() -> Fault {
    Fault::new("no such overload")
}

fn text(args: &[Value], at: usize) -> Result<&str, Fault> {
    args.get(at).and_then(Value::as_str).ok_or_else(no_overload)
}

fn int(args: &[Value], at: usize) -> Result<i64, Fault> {
    match args.get(at) {
        Some(Value::Int(number)) => Ok(*number),
        _ => Err(no_overload()),
    }
}

fn items(args: &[Value], at: usize) -> Result<&[Value], Fault> {
    match args.get(at) {
        Some(Value::List(items)) => Ok(items),
        _ => Err(no_overload()),
    }
}

fn opaque(args: &[Value], at: usize) -> Result<&Opaque, Fault> {
    match args.get(at) {
        Some(Value::Opaque(opaque)) => Ok(opaque),
        _ => Err(no_overload()),
    }
}

fn strings<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Value {
    Value::list(texts.into_iter().map(|text| Value::string(text.as_ref())).collect())
}
