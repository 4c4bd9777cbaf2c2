//! Words without quotes as readers of YAML 1.2 take them, where those of Kubernetes see a flag: `no` is a text. And keys: they are texts
//! there or nothing.

use crate::check::Document;
use crate::diagnostic::Code;
use crate::source::Source;
use crate::structural::{Fault, Path};
use crate::yaml::{Data, Entry, Key, Mark, Style, Yaml};

/// A document with its words read anew; `faults` hears of keys that are no texts.
pub(super) fn words<'y>(document: &Document<'y>, faults: &mut Vec<Fault>) -> Yaml<'y> {
    Reader { document, faults }.value(document.root, &Path::ROOT)
}

struct Reader<'r, 'y> {
    document: &'r Document<'y>,
    faults: &'r mut Vec<Fault>,
}

impl<'y> Reader<'_, 'y> {
    fn value(&mut self, yaml: &Yaml<'y>, path: &Path<'_>) -> Yaml<'y> {
        let data = match &yaml.data {
            Data::Bool(flag) if yaml.style == Style::Plain => match self.text(yaml.mark) {
                // An alias stands for a word elsewhere.
                word if is_flag(word) || word.starts_with('*') => Data::Bool(*flag),
                word => Data::Str(word.into()),
            },
            Data::Seq(items) => Data::Seq(items.iter().enumerate().map(|(at, item)| self.value(item, &path.item(at))).collect()),
            Data::Map(entries) => Data::Map(entries.iter().map(|entry| self.entry(entry, path)).collect()),
            other => other.clone(),
        };
        Yaml { data, ..yaml.clone() }
    }

    fn entry(&mut self, entry: &Entry<'y>, path: &Path<'_>) -> Entry<'y> {
        let mut key = entry.key.clone();
        if key.style == Style::Plain {
            let word = self.text(key.mark);
            let is_number = word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok();
            if is_flag(word) || is_number {
                self.refuse(&key, path);
            } else {
                key = Key { name: word.into(), ..key };
            }
        }
        let value = self.value(&entry.value, &path.field(&key.name));
        Entry { key, value }
    }

    fn refuse(&mut self, key: &Key<'_>, path: &Path<'_>) {
        self.faults.push(Fault {
            code: Code::FieldType,
            message: format!("{}: a key is a text, and {} is none", path.name(), key.name),
            help: Some(format!("write \"{}\", in quotes", key.name)),
            mark: key.mark,
            label: "this key",
            pointer: path.field(&key.name).pointer(),
            first: None,
        });
    }

    fn text(&self, mark: Mark) -> &'y str {
        let source: &'y Source = self.document.source;
        source.text.get(self.document.span(mark).range()).unwrap_or_default()
    }
}

fn is_flag(word: &str) -> bool {
    matches!(word, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}
