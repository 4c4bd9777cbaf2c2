//! Which machines a pod may go to, as far as labels and taints tell: node selectors and their terms, tolerations.

use super::{Labels, Machine, Taint};
use crate::yaml::{Data, Yaml};

/// One condition on labels: its operators are those of machines, and of pods where these have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub key: String,
    pub operator: String,
    pub values: Vec<String>,
}

/// All must hold. One without any holds for nothing, as the scheduler reads it.
#[derive(Clone, Debug, Default)]
pub struct Term {
    labels: Vec<Condition>,
    /// Conditions on the machine itself, of which there is one: its name.
    fields: Vec<Condition>,
}

/// Where a pod may go: all of `labels`, and one of `terms`, where there are any.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub labels: Labels,
    pub terms: Option<Vec<Term>>,
    /// What its volumes add.
    pub of_volumes: Vec<Vec<Term>>,
}

#[derive(Clone, Debug, Default)]
pub struct Toleration {
    pub key: String,
    pub exists: bool,
    pub value: String,
    pub effect: String,
}

pub fn text(yaml: &Yaml<'_>, name: &str) -> String {
    yaml.get(name).and_then(Yaml::as_str).unwrap_or_default().to_owned()
}

pub fn texts(yaml: Option<&Yaml<'_>>) -> Vec<String> {
    let written = |yaml: &Yaml<'_>| match &yaml.data {
        Data::Number(_) => yaml.to_int().map(|number| number.to_string()),
        _ => yaml.as_str().map(str::to_owned),
    };
    yaml.map_or(&[][..], Yaml::items).iter().filter_map(written).collect()
}

pub fn conditions(yaml: Option<&Yaml<'_>>) -> Vec<Condition> {
    let rows = yaml.map_or(&[][..], Yaml::items).iter();
    rows.map(|row| Condition { key: text(row, "key"), operator: text(row, "operator"), values: texts(row.get("values")) })
        .collect()
}

/// The terms of a node selector.
pub fn terms(yaml: Option<&Yaml<'_>>) -> Vec<Term> {
    let rows = yaml.map_or(&[][..], Yaml::items).iter();
    rows.map(|row| Term { labels: conditions(row.get("matchExpressions")), fields: conditions(row.get("matchFields")) }).collect()
}

impl Condition {
    pub fn holds(&self, labels: &Labels) -> bool {
        let given = labels.get(&self.key);
        let compared = |more: bool| {
            let number = |text: &String| text.parse::<i64>().ok();
            let pair = given.and_then(number).zip(self.values.first().and_then(number));
            pair.is_some_and(|(given, bound)| if more { given > bound } else { given < bound })
        };
        match &*self.operator {
            "In" => given.is_some_and(|given| self.values.contains(given)),
            "NotIn" => given.is_none_or(|given| !self.values.contains(given)),
            "Exists" => given.is_some(),
            "DoesNotExist" => given.is_none(),
            "Gt" => compared(true),
            "Lt" => compared(false),
            _ => false,
        }
    }
}

impl Term {
    fn holds(&self, machine: &Machine) -> bool {
        let name = Labels::from([("metadata.name".to_owned(), machine.name.clone())]);
        let is_empty = self.labels.is_empty() && self.fields.is_empty();
        let labels = self.labels.iter().all(|condition| condition.holds(&machine.labels));
        !is_empty && labels && self.fields.iter().all(|condition| condition.holds(&name))
    }
}

pub fn any(terms: &[Term], machine: &Machine) -> bool {
    terms.iter().any(|term| term.holds(machine))
}

impl Wanted {
    pub fn fits(&self, machine: &Machine) -> bool {
        let has = |(key, value): (&String, &String)| machine.labels.get(key) == Some(value);
        self.labels.iter().all(has) && self.terms.as_ref().is_none_or(|terms| any(terms, machine))
    }
}

impl Toleration {
    pub fn read(yaml: &Yaml<'_>) -> Toleration {
        let exists = yaml.get("operator").and_then(Yaml::as_str) == Some("Exists");
        Toleration { key: text(yaml, "key"), exists, value: text(yaml, "value"), effect: text(yaml, "effect") }
    }

    /// A toleration of every value of one taint.
    pub fn of(key: &str, effect: &str) -> Toleration {
        Toleration { key: key.to_owned(), exists: true, value: String::new(), effect: effect.to_owned() }
    }

    fn bears(&self, taint: &Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && (self.exists || self.value == taint.value)
    }
}

/// Whether a pod may be put on a machine in spite of its taints.
pub fn bears(tolerations: &[Toleration], taints: &[Taint]) -> bool {
    let keeps_off = |taint: &&Taint| taint.effect == "NoSchedule" || taint.effect == "NoExecute";
    taints.iter().filter(keeps_off).all(|taint| tolerations.iter().any(|toleration| toleration.bears(taint)))
}
