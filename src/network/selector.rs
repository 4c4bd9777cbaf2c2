//! Selectors of labels, with all their operators.

use std::collections::BTreeMap;

use crate::yaml::Yaml;

pub type Labels = BTreeMap<String, String>;

/// What labels must be; without a term everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    terms: Vec<(String, Test)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    /// An operator that there is not: the API server refuses it.
    Unknown,
}

impl Selector {
    /// Of a LabelSelector; nothing there is an empty one.
    pub fn read(yaml: Option<&Yaml<'_>>) -> Selector {
        let Some(yaml) = yaml else { return Selector::default() };
        let exact = yaml.get("matchLabels").map_or(&[][..], Yaml::entries).iter();
        let exact = exact.map(|entry| {
            let value = entry.value.as_str().unwrap_or_default().to_owned();
            (entry.key.name.clone().into_owned(), Test::In(vec![value]))
        });
        let terms = yaml.get("matchExpressions").map_or(&[][..], Yaml::items).iter().map(term);
        Selector { terms: exact.chain(terms).collect() }
    }

    pub fn of(labels: &Labels) -> Selector {
        Selector { terms: labels.iter().map(|(key, value)| (key.clone(), Test::In(vec![value.clone()]))).collect() }
    }

    /// With the values that `labels` have of some keys; of a key that is not there nothing is asked.
    pub fn and(mut self, keys: &[String], labels: &Labels, is_in: bool) -> Selector {
        let test = |value: &String| if is_in { Test::In(vec![value.clone()]) } else { Test::NotIn(vec![value.clone()]) };
        self.terms.extend(keys.iter().filter_map(|key| Some((key.clone(), test(labels.get(key)?)))));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub fn matches(&self, labels: &Labels) -> bool {
        self.terms.iter().all(|(key, test)| test.holds(labels.get(key)))
    }

    /// The labels that each match must have, with their values: where to look first.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.terms.iter().filter_map(|(key, test)| match test {
            Test::In(values) => Some((key.as_str(), values.as_slice())),
            _ => None,
        })
    }

    /// The values that one label must have one of.
    pub fn values(&self, wanted: &str) -> Option<&[String]> {
        self.terms.iter().find_map(|(key, test)| match test {
            Test::In(values) if key == wanted => Some(values.as_slice()),
            _ => None,
        })
    }
}

/// Of several ways to look for the same, each a few lists, what is in those of the way with the least to look at.
pub fn fewest<'l>(ways: impl Iterator<Item = Vec<&'l [usize]>>) -> Option<Vec<usize>> {
    let near = ways.min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>())?;
    Some(near.concat())
}

fn term(yaml: &Yaml<'_>) -> (String, Test) {
    let text = |name: &str| yaml.get(name).and_then(Yaml::as_str).unwrap_or_default();
    let values = || yaml.get("values").map_or(&[][..], Yaml::items).iter().filter_map(|v| Some(v.as_str()?.to_owned())).collect();
    let test = match text("operator") {
        "In" => Test::In(values()),
        "NotIn" => Test::NotIn(values()),
        "Exists" => Test::Exists,
        "DoesNotExist" => Test::Absent,
        _ => Test::Unknown,
    };
    (text("key").to_owned(), test)
}

impl Test {
    fn holds(&self, value: Option<&String>) -> bool {
        match self {
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::Unknown => false,
        }
    }
}
