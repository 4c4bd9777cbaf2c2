//! A schema whose parts stand for definitions in, the same with the definitions in their places out.

use crate::yaml::{Data, Entry, Key, Mark, Style, Yaml};

/// What contains itself goes so deep; below, anything is taken.
const MAX_NESTED: usize = 6;

/// `$ref` stands for a definition, `x-includes` adds the words of several.
pub fn expand<'y>(schema: &Yaml<'y>) -> Yaml<'y> {
    let definitions = schema.get("definitions").map_or(&[][..], Yaml::entries);
    Expander { definitions, open: Vec::new() }.value(schema)
}

struct Expander<'e, 'y> {
    definitions: &'e [Entry<'y>],
    /// The definitions that this place lies in.
    open: Vec<String>,
}

impl<'y> Expander<'_, 'y> {
    fn value(&mut self, schema: &Yaml<'y>) -> Yaml<'y> {
        if let Some(name) = schema.get("$ref").and_then(Yaml::as_str) {
            return self.definition(name);
        }
        let data = match &schema.data {
            Data::Map(entries) => Data::Map(self.map(entries)),
            Data::Seq(items) => Data::Seq(items.iter().map(|item| self.value(item)).collect()),
            other => other.clone(),
        };
        Yaml { data, ..schema.clone() }
    }

    fn map(&mut self, entries: &[Entry<'y>]) -> Vec<Entry<'y>> {
        let is_own = |entry: &&Entry<'y>| !matches!(&*entry.key.name, "definitions" | "x-includes");
        let mut all: Vec<Entry<'y>> =
            entries.iter().filter(is_own).map(|entry| Entry { value: self.value(&entry.value), ..entry.clone() }).collect();
        let included = entries.iter().find(|entry| entry.key.name == "x-includes").map_or(&[][..], |entry| entry.value.items());
        for name in included.iter().filter_map(Yaml::as_str) {
            add(&mut all, self.definition(name).entries());
        }
        all
    }

    fn definition(&mut self, name: &str) -> Yaml<'y> {
        let name = name.rsplit('/').next().unwrap_or_default();
        let found = self.definitions.iter().find(|entry| entry.key.name == name);
        let found = found.filter(|_| self.open.iter().filter(|open| *open == name).count() < MAX_NESTED);
        let Some(found) = found else { return anything() };
        self.open.push(name.to_owned());
        let value = self.value(&found.value);
        self.open.pop();
        value
    }
}

/// Lists grow, tables get what they lack, all else stays.
fn add<'y>(own: &mut Vec<Entry<'y>>, more: &[Entry<'y>]) {
    for entry in more {
        match own.iter_mut().find(|known| known.key == entry.key).map(|known| &mut known.value.data) {
            None => own.push(entry.clone()),
            Some(Data::Map(own)) => add(own, entry.value.entries()),
            Some(Data::Seq(own)) => own.extend_from_slice(entry.value.items()),
            Some(_) => {}
        }
    }
}

fn anything<'y>() -> Yaml<'y> {
    let yaml = |data| Yaml { data, mark: Mark::default(), style: Style::Plain };
    let key = Key { name: "x-kubernetes-preserve-unknown-fields".into(), mark: Mark::default(), style: Style::Plain };
    yaml(Data::Map(vec![Entry { key, value: yaml(Data::Bool(true)) }]))
}
