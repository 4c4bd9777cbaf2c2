//! The family `secrets`: values that nobody should read, where everybody can: in variables, arguments and ConfigMaps.

use super::pod::{Pod, field, items, text};
use super::{Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::{Node, escape};
use crate::structural::Pattern;
use crate::yaml::Yaml;

/// schemas/secrets.toml, its patterns compiled.
#[derive(Debug, Default)]
pub struct Shapes {
    names: Vec<String>,
    references: Vec<Pattern>,
    shapes: Vec<(String, Pattern)>,
}

impl Shapes {
    pub fn read(table: &Node) -> Shapes {
        let pattern = |text: &str| Pattern::new(text.to_owned().into());
        let rows = table.get("shape").map_or(&[][..], |rows| rows.items()).iter();
        Shapes {
            names: table.texts("names").map(|name| format!(" {name}")).collect(),
            references: table.texts("references").map(pattern).collect(),
            shapes: rows.map(|row| (row.text("name").to_owned(), pattern(row.text("pattern")))).collect(),
        }
    }

    /// What a value is, by its name or by itself.
    fn known(&self, name: Option<&str>, value: &str) -> Option<String> {
        // What stands in documentation opens nothing.
        if value.contains("EXAMPLE") {
            return None;
        }
        let shape = self.shapes.iter().find(|(_, pattern)| pattern.is_match(value)).map(|(shape, _)| shape.clone());
        let named = || name.filter(|name| self.is_name(name) && !self.references.iter().any(|pattern| pattern.is_match(value)));
        shape.or_else(|| named().map(|name| format!("the value of {name}")))
    }

    /// `DB_PASSWORD`, `db.password` and `dbPassword` end alike.
    fn is_name(&self, name: &str) -> bool {
        let mut words = String::from(" ");
        let mut was_small = false;
        for c in name.chars() {
            if was_small && c.is_ascii_uppercase() || !c.is_ascii_alphanumeric() {
                words.push(' ');
            }
            was_small = c.is_ascii_lowercase();
            words.extend(c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase()));
        }
        self.names.iter().any(|known| words.ends_with(known))
    }
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    if let Some(pod) = Pod::of(object, world.tables) {
        for container in &pod.containers {
            let at = |path: &str| pod.pointer(container.owner(), path);
            for list in ["command", "args"] {
                for (number, word) in items(container.yaml, list).iter().enumerate() {
                    tell(object, None, word, &format!("{}/{number}", at(list)), world, found);
                }
            }
            for (number, variable) in items(container.yaml, "env").iter().enumerate() {
                if let Some(value) = field(variable, "value") {
                    let pointer = format!("{}/{number}/value", at("env"));
                    tell(object, text(variable, "name"), value, &pointer, world, found);
                }
            }
        }
    }
    if object.subject.kind == "ConfigMap" && object.group().is_empty() {
        for entry in field(object.root, "data").map_or(&[][..], |data| data.entries()) {
            let pointer = format!("{}/data/{}", object.path.pointer(), escape(&entry.key.name));
            let is_one_line = entry.value.as_str().is_some_and(|value| !value.trim_end().contains('\n'));
            tell(object, Some(&*entry.key.name).filter(|_| is_one_line), &entry.value, &pointer, world, found);
        }
    }
}

fn tell(object: &Object<'_>, name: Option<&str>, value: &Yaml<'_>, pointer: &str, world: &World<'_>, found: &mut Diagnostics) {
    let Some(what) = value.as_str().and_then(|value| world.tables.secrets.known(name, value.trim())) else { return };
    let message = format!("{what} stands here in plain text");
    let warning = (Severity::Warning, Code::PlaintextSecret);
    let diagnostic = object.report(found, warning, message, (value.mark, "everybody who reads the object"), pointer.to_owned());
    diagnostic.help("keep it in a Secret, and refer to that with secretKeyRef or a volume");
}
