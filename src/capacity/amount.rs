//! Amounts of what pods ask for and machines have: processors in thousandths, all else in whole numbers, as the scheduler counts.

use std::collections::BTreeMap;

use crate::cel::nano;
use crate::yaml::{Data, Yaml};

/// By the name of what is counted.
pub type Amounts = BTreeMap<String, i64>;

const CPU: &str = "cpu";

/// What a text says of a resource; parts of the smallest unit are rounded up.
pub fn amount(resource: &str, text: &str) -> Option<i64> {
    let unit = if resource == CPU || resource.ends_with(".cpu") { 1_000_000 } else { 1_000_000_000 };
    let nano = nano(text)?;
    i64::try_from(nano.div_euclid(unit) + i128::from(nano.rem_euclid(unit) != 0)).ok()
}

/// The same of what stands in a file, as text or as a number.
pub fn amount_of(resource: &str, yaml: &Yaml<'_>) -> Option<i64> {
    amount(resource, &text(yaml)?)
}

/// The amounts of a map such as `requests`; what cannot be read is told elsewhere.
pub fn amounts(yaml: Option<&Yaml<'_>>) -> Amounts {
    let entries = yaml.map_or(&[][..], Yaml::entries).iter();
    entries.filter_map(|entry| Some((entry.key.name.to_string(), amount_of(&entry.key.name, &entry.value)?))).collect()
}

pub fn integer(yaml: &Yaml<'_>) -> Option<i64> {
    yaml.to_int().and_then(|number| i64::try_from(number).ok())
}

fn text(yaml: &Yaml<'_>) -> Option<String> {
    match &yaml.data {
        Data::Number(number) => Some(number.to_int().map_or_else(|| number.to_f64().to_string(), |number| number.to_string())),
        _ => yaml.as_str().map(|text| text.trim().to_owned()),
    }
}

pub(super) fn add(to: &mut Amounts, more: &Amounts) {
    for (resource, amount) in more {
        let sum = to.entry(resource.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

/// The larger of both, resource by resource.
pub(super) fn raise(to: &mut Amounts, other: &Amounts) {
    for (resource, amount) in other {
        let most = to.entry(resource.clone()).or_default();
        *most = (*most).max(*amount);
    }
}

/// As people write it.
pub fn shown(resource: &str, amount: i64) -> String {
    if resource == CPU || resource.ends_with(".cpu") {
        return if amount % 1000 == 0 { (amount / 1000).to_string() } else { format!("{amount}m") };
    }
    let is_size = resource.ends_with("memory") || resource.ends_with("storage");
    for (unit, size) in [("Gi", 1i64 << 30), ("Mi", 1 << 20)].into_iter().filter(|_| is_size) {
        if amount >= size && (amount % size == 0 || unit == "Mi") {
            return format!("{}{unit}", amount / size + i64::from(amount % size != 0));
        }
    }
    amount.to_string()
}
