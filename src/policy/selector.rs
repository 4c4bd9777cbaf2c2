//! A label selector: what a policy writes in, whether labels fit out.

use std::collections::BTreeMap;

use crate::yaml::Yaml;

/// All of its requirements must hold; one without any fits everything.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    operator: String,
    values: Vec<String>,
}

pub type Labels = BTreeMap<String, String>;

impl Selector {
    pub fn read(yaml: &Yaml<'_>) -> Selector {
        let text = |yaml: &Yaml<'_>| yaml.as_str().unwrap_or_default().to_owned();
        let mut requirements: Vec<Requirement> = Vec::new();
        for entry in yaml.get("matchLabels").map_or(&[][..], Yaml::entries) {
            let (key, values) = (entry.key.name.to_string(), vec![text(&entry.value)]);
            requirements.push(Requirement { key, operator: "In".to_owned(), values });
        }
        for row in yaml.get("matchExpressions").map_or(&[][..], Yaml::items) {
            let word = |name: &str| row.get(name).map(text).unwrap_or_default();
            let values = row.get("values").map_or(&[][..], Yaml::items).iter().map(text).collect();
            requirements.push(Requirement { key: word("key"), operator: word("operator"), values });
        }
        Selector { requirements }
    }

    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// An operator that there is not makes the whole selector wrong.
    pub fn fits(&self, labels: &Labels) -> Result<bool, String> {
        for Requirement { key, operator, values } in &self.requirements {
            let given = labels.get(key);
            let fits = match &**operator {
                "In" => given.is_some_and(|given| values.contains(given)),
                "NotIn" => given.is_none_or(|given| !values.contains(given)),
                "Exists" => given.is_some(),
                "DoesNotExist" => given.is_none(),
                other => return Err(format!("\"{other}\" is not a valid label selector operator")),
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The labels of an object.
pub fn labels(object: &Yaml<'_>) -> Labels {
    let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
    let entry = |entry: &crate::yaml::Entry<'_>| Some((entry.key.name.to_string(), entry.value.as_str()?.to_owned()));
    labels.map_or(&[][..], Yaml::entries).iter().filter_map(entry).collect()
}
