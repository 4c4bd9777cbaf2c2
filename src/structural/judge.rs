//! A value and its shape in, faults with exact places out. One fault for one mistake, in the order of the text.

use crate::diagnostic::{Code, nearest};
use crate::yaml::{Data, Entry, Key, Mark, Yaml};

use super::scalar::{outside, remedy, scalar_fault, show};
use super::{Junctors, List, Literal, Members, Path, Property, Ref, Shape, Shapes, Types, When};

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
    pub mark: Mark,
    pub label: &'static str,
    /// RFC 6901, from the root of the document.
    pub pointer: String,
    /// Where the same stood first.
    pub first: Option<Mark>,
}

/// How a value is decoded before it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// Into the structures of Kubernetes itself: null and, where a field may be left out, the empty text are as if it were not there.
    Typed,
    /// Of a definition: as it is written. A null is only dropped where there is a default.
    Free,
    /// Into the structures of another program by its reader of YAML: as `Typed`, and any scalar is a text where one is wanted.
    Structures,
    /// As it is written, once another program has put the values of variables into its texts: one with a `$` in it may become anything.
    Templated,
}

impl Decoding {
    fn is_as_written(self) -> bool {
        matches!(self, Decoding::Free | Decoding::Templated)
    }
}

/// Everything that is wrong with a value.
pub fn judge(shapes: &dyn Shapes, decoding: Decoding, shape: &Shape, value: &Yaml<'_>, path: &Path<'_>) -> Vec<Fault> {
    let mut judge = Judge { shapes, decoding, root: value.mark, faults: Vec::new() };
    judge.value(shape, value, path);
    judge.faults
}

struct Judge<'j> {
    shapes: &'j dyn Shapes,
    decoding: Decoding,
    /// A whole object, which has its kind and metadata beside what its shape says.
    root: Mark,
    faults: Vec<Fault>,
}

impl<'j> Judge<'j> {
    fn at(&self, at: Ref) -> &'j Shape {
        self.shapes.shape(at)
    }

    fn value(&mut self, shape: &'j Shape, value: &Yaml<'_>, path: &Path<'_>) {
        if matches!(value.data, Data::Null) {
            match () {
                _ if shape.is_nullable => return,
                // An item that is null is an empty structure or an empty text.
                _ if self.decoding.is_as_written() => {}
                _ if shape.types == Types::OBJECT => return self.map(shape, value, path),
                _ if shape.types == Types::STRING => {
                    let empty = Yaml { data: Data::Str("".into()), ..value.clone() };
                    return self.value(shape, &empty, path);
                }
                _ => return,
            }
        }
        if self.decoding == Decoding::Templated && value.as_str().is_some_and(|text| text.contains('$')) {
            return;
        }
        if !self.has_type(shape, value) {
            return self.wrong_type(shape, value, path);
        }
        if shape.types == Types::STRING && matches!(value.data, Data::Bool(_) | Data::Number(_)) {
            let text = Yaml { data: Data::Str(Literal::of(value).words().into()), ..value.clone() };
            return self.value(shape, &text, path);
        }
        if let Some((code, message, help)) = scalar_fault(shape, value, &|| path.name()) {
            return self.fault(code, message, help, value.mark, "here", path);
        }
        match &value.data {
            Data::Seq(items) => self.list(shape, value, items, path),
            Data::Map(_) => self.map(shape, value, path),
            _ => {}
        }
        if let Some(junctors) = &shape.junctors {
            self.junctors(shape, junctors, value, path);
        }
    }

    fn fault(&mut self, code: Code, message: String, help: Option<String>, mark: Mark, label: &'static str, path: &Path<'_>) {
        self.faults.push(Fault { code, message, help, mark, label, pointer: path.pointer(), first: None });
    }

    fn has_type(&self, shape: &Shape, value: &Yaml<'_>) -> bool {
        let types = shape.types;
        let is_text = || types.has(Types::STRING) && self.decoding == Decoding::Structures;
        types.is_any()
            || match &value.data {
                Data::Null => false,
                Data::Bool(_) => types.has(Types::BOOLEAN) || is_text(),
                Data::Str(_) => types.has(Types::STRING),
                Data::Seq(_) => types.has(Types::ARRAY),
                Data::Map(_) => types.has(Types::OBJECT),
                Data::Number(number) => {
                    types.has(Types::NUMBER) || types.has(Types::INTEGER) && number.to_int().is_some() || is_text()
                }
            }
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Yaml<'_>, path: &Path<'_>) {
        let wanted = match shape.format {
            Some(format) if format.is_quantity() => format.words().to_owned(),
            _ => shape.types.words(),
        };
        let message = format!("{}: expected {wanted}, found {}", path.name(), show(value));
        self.fault(Code::FieldType, message, remedy(shape.types, value), value.mark, "here", path);
    }

    fn map(&mut self, shape: &'j Shape, value: &Yaml<'_>, path: &Path<'_>) {
        let entries = value.entries();
        for entry in entries {
            let path = path.field(&entry.key.name);
            if let Some(form) = shape.keys.filter(|form| !form.holds(&entry.key.name)) {
                let message = format!("{:?} cannot be a key here: expected {}", entry.key.name, form.words());
                self.fault(Code::FieldForm, message, None, entry.key.mark, "this key", &path);
            }
            let declared = shape.property(&entry.key.name).map(|property| property.shape).or(shape.values);
            match declared {
                Some(_) if self.is_absent(shape, entry) => {}
                Some(declared) => self.value(self.at(declared), &entry.value, &path),
                None if (shape.is_embedded || value.mark == self.root)
                    && matches!(&*entry.key.name, "apiVersion" | "kind" | "metadata") => {}
                None if shape.is_extensible && entry.key.name.starts_with("x-") => {}
                None if shape.is_closed && !shape.is_open => self.unknown(shape, &entry.key, &path),
                None => {}
            }
        }
        self.missing(shape, value, path);
        self.members(&shape.members, value, path);
        self.whens(&shape.whens, value, path);
        self.size(shape, entries.len(), value, path);
    }

    /// Whether a field that is written is as if it were not.
    fn is_absent(&self, shape: &Shape, entry: &Entry<'_>) -> bool {
        // A field that tells being empty from not being there has a least length.
        let is_empty_kept = |property: &Property| self.at(property.shape).bounds.as_ref().is_some_and(|b| b.min_length.is_some());
        let is_required = || shape.required.contains(&entry.key.name);
        match (&entry.value.data, self.decoding, shape.property(&entry.key.name)) {
            (Data::Null, Decoding::Typed, _) => true,
            (Data::Null, Decoding::Structures, property) => !property.is_some_and(is_empty_kept),
            (Data::Null, _, Some(property)) => property.default.is_some(),
            (_, decoding, _) if decoding.is_as_written() => false,
            (Data::Str(text), _, Some(property)) => text.is_empty() && !is_required() && !is_empty_kept(property),
            _ => false,
        }
    }

    fn unknown(&mut self, shape: &Shape, key: &Key<'_>, path: &Path<'_>) {
        let owner = path.parent().map_or_else(String::new, Path::name);
        let known: Vec<&str> = shape.properties.iter().map(|property| &*property.name).collect();
        let help = match nearest(&key.name, &known) {
            Some(name) => Some(format!("did you mean {name}?")),
            None if (1..=24).contains(&known.len()) => Some(format!("known here: {}", known.join(", "))),
            None => None,
        };
        self.fault(Code::UnknownField, format!("{owner} has no field {}", key.name), help, key.mark, "not known", path);
    }

    fn missing(&mut self, shape: &Shape, value: &Yaml<'_>, path: &Path<'_>) {
        for name in &shape.required {
            // A null that may not stand here has been told.
            let is_there =
                value.get(name).is_some_and(|found| !matches!(found.data, Data::Null) || self.decoding.is_as_written());
            let has_default = shape.property(name).is_some_and(|property| property.default.is_some());
            // A name that was misspelt has been told as an unknown one, with this one as the cure.
            let is_misspelt = || {
                let strangers = value.entries().iter().filter(|entry| shape.property(&entry.key.name).is_none());
                strangers.into_iter().any(|entry| nearest(&entry.key.name, &[&**name]).is_some())
            };
            if !(is_there || has_default || shape.is_closed && is_misspelt()) {
                let message = format!("{} lacks the field {name}", path.name());
                self.fault(Code::FieldMissing, message, None, head(value), "in here", &path.field(name));
            }
        }
    }

    fn members(&mut self, members: &'j [Members], value: &Yaml<'_>, path: &Path<'_>) {
        for rule in members {
            let there: Vec<&str> = rule.fields.iter().map(|name| &**name).filter(|name| is_told(value, name)).collect();
            let number = there.len() as u32;
            if number < rule.least {
                let message = format!("{} has none of the fields of which it needs one", path.name());
                let help = (rule.fields.len() <= 12).then(|| format!("one of {}", rule.fields.join(", ")));
                self.fault(Code::FieldShape, message, help, head(value), "in here", path);
            } else if number > rule.most {
                let message = format!("{} has {}, of which only one may be set", path.name(), there.join(" and "));
                let again = value.entries().iter().filter(|entry| there.contains(&&*entry.key.name)).nth(rule.most as usize);
                self.fault(
                    Code::FieldShape,
                    message,
                    None,
                    again.map_or(value.mark, |entry| entry.key.mark),
                    "one too many",
                    path,
                );
            }
        }
    }

    fn whens(&mut self, whens: &'j [When], value: &Yaml<'_>, path: &Path<'_>) {
        for When { field, is, needs, bans } in whens {
            let given = match value.get(field).map(|given| &given.data) {
                None | Some(Data::Null) => "",
                Some(Data::Str(text)) => text,
                Some(_) => continue,
            };
            if !is.iter().any(|choice| *choice == given) {
                continue;
            }
            let given = if given.is_empty() { format!("without {field}") } else { format!("with {field}: {given}") };
            for name in needs.iter().filter(|name| !is_told(value, name)) {
                let message = format!("{} needs {name} {given}", path.name());
                self.fault(Code::FieldShape, message, None, head(value), "in here", &path.field(name));
            }
            for name in bans.iter().filter(|name| is_told(value, name)) {
                let message = format!("{} takes no {name} {given}", path.name());
                let mark = value.get(name).map_or(value.mark, |found| found.mark);
                self.fault(Code::FieldShape, message, None, mark, "here", &path.field(name));
            }
        }
    }

    fn size(&mut self, shape: &Shape, fields: usize, value: &Yaml<'_>, path: &Path<'_>) {
        let Some(bounds) = &shape.bounds else { return };
        if let Some(reason) = outside(fields, bounds.min_properties, bounds.max_properties, "fields") {
            self.fault(Code::FieldBound, format!("{} {reason}", path.name()), None, head(value), "here", path);
        }
    }

    fn list(&mut self, shape: &'j Shape, value: &Yaml<'_>, items: &[Yaml<'_>], path: &Path<'_>) {
        if let Some(items_shape) = shape.items {
            let items_shape = self.at(items_shape);
            for (at, item) in items.iter().enumerate() {
                self.value(items_shape, item, &path.item(at));
            }
        }
        if let Some(reason) = shape.bounds.as_ref().and_then(|b| outside(items.len(), b.min_items, b.max_items, "items")) {
            self.fault(Code::FieldBound, format!("{} {reason}", path.name()), None, head(value), "here", path);
        }
        match &shape.list {
            List::Atomic => {}
            List::Set => self.twice(items, path, |item| Some(plain(item)), None),
            List::Map(keys) => {
                let item_shape = shape.items.map(|items| self.at(items));
                let key = |item: &Yaml<'_>| {
                    let parts: Option<Vec<String>> = keys.iter().map(|key| key_of(item_shape, item, key)).collect();
                    parts.map(|parts| parts.join(", "))
                };
                self.twice(items, path, key, keys.first().map(|key| &**key));
            }
        }
    }

    /// Items that are one to the API server; `field` is where to point at.
    fn twice(&mut self, items: &[Yaml<'_>], path: &Path<'_>, key: impl Fn(&Yaml<'_>) -> Option<String>, field: Option<&str>) {
        let mut keyed: Vec<(String, usize)> = items.iter().enumerate().filter_map(|(at, item)| Some((key(item)?, at))).collect();
        keyed.sort();
        let mut again: Vec<(usize, usize)> = Vec::new();
        for run in keyed.chunk_by(|a, b| a.0 == b.0) {
            again.extend(run[1..].iter().map(|(_, at)| (run[0].1, *at)));
        }
        again.sort_by_key(|(_, at)| *at);
        let mark = |at: usize| field.and_then(|name| items[at].get(name)).map_or_else(|| head(&items[at]), |value| value.mark);
        for (first, at) in again {
            let name = key(&items[at]).unwrap_or_default();
            let message = format!("{} has {name} twice", path.name());
            self.fault(Code::ItemTwice, message, None, mark(at), "again here", &path.item(at));
            self.faults.last_mut().expect("just pushed").first = Some(mark(first));
        }
    }

    fn junctors(&mut self, shape: &'j Shape, junctors: &'j Junctors, value: &Yaml<'_>, path: &Path<'_>) {
        for part in &junctors.all {
            self.part(shape, *part, value, path);
        }
        let fits = |parts: &[Ref]| parts.iter().filter(|part| self.fits(shape, **part, value)).count();
        let (any, one) = (fits(&junctors.any), fits(&junctors.one));
        if let Some(meant) = self.meant(&junctors.any, any, value).or_else(|| self.meant(&junctors.one, one, value)) {
            return self.part(shape, meant, value, path);
        }
        let is_refused = junctors.not.is_some_and(|not| self.fits(shape, not, value));
        let message = match () {
            () if any == 0 && !junctors.any.is_empty() => "has none of the forms that are allowed here",
            () if one == 0 && !junctors.one.is_empty() => "has none of the forms of which it must have one",
            () if one > 1 => "has more than one of the forms of which one is allowed",
            () if is_refused => "has a form that is not allowed here",
            () => return,
        };
        let help = self.forms(junctors);
        self.fault(Code::FieldShape, format!("{} {message}", path.name()), help, head(value), "here", path);
    }

    /// Of forms that are told apart by their types, and none of which fits, the one that is nearest.
    fn meant(&self, parts: &[Ref], fitting: usize, value: &Yaml<'_>) -> Option<Ref> {
        let is_typed = !parts.is_empty() && parts.iter().all(|part| !self.at(*part).types.is_any());
        let mut near = parts.iter().filter(|part| self.has_type(self.at(**part), value));
        let first = near.next().filter(|_| is_typed && fitting == 0)?;
        near.next().is_none().then_some(*first)
    }

    /// The fields that tell the forms apart, where that is what they are about.
    fn forms(&self, junctors: &Junctors) -> Option<String> {
        let parts = if junctors.one.is_empty() { &junctors.any } else { &junctors.one };
        let names: Vec<String> =
            parts.iter().map(|part| self.at(*part).required.join(" and ")).filter(|n| !n.is_empty()).collect();
        (!names.is_empty()).then(|| format!("one of: {}", names.join("; ")))
    }

    fn fits(&self, whole: &'j Shape, part: Ref, value: &Yaml<'_>) -> bool {
        let mut inner = Judge { shapes: self.shapes, decoding: self.decoding, root: self.root, faults: Vec::new() };
        inner.part(whole, part, value, &Path::ROOT);
        inner.faults.is_empty()
    }

    /// A part of a junctor: it adds to what the whole says, whose defaults are there already.
    fn part(&mut self, whole: &'j Shape, part: Ref, value: &Yaml<'_>, path: &Path<'_>) {
        let part = self.at(part);
        let before = self.faults.len();
        self.value(part, value, path);
        let default = |name: &str| whole.property(name).and_then(|property| property.default.as_ref()).is_some();
        if part.required.iter().any(|name| default(name)) {
            let given: Vec<String> =
                part.required.iter().filter(|name| default(name)).map(|name| path.field(name).pointer()).collect();
            let mut at = 0;
            self.faults.retain(|fault| {
                at += 1;
                at <= before || fault.code != Code::FieldMissing || !given.contains(&fault.pointer)
            });
        }
    }
}

/// Whether a field says anything.
fn is_told(value: &Yaml<'_>, name: &str) -> bool {
    value.get(name).is_some_and(|found| match &found.data {
        Data::Null => false,
        Data::Str(text) => !text.is_empty(),
        Data::Seq(items) => !items.is_empty(),
        _ => true,
    })
}

/// The key of an item in a keyed list, with the default where it is left out. An item without a key is told as such.
fn key_of(shape: Option<&Shape>, item: &Yaml<'_>, key: &str) -> Option<String> {
    match item.get(key) {
        Some(value) => Some(plain(value)),
        None => shape?.property(key)?.default.as_ref().map(Literal::words),
    }
}

fn plain(value: &Yaml<'_>) -> String {
    value.as_str().map_or_else(|| Literal::of(value).words(), str::to_owned)
}

/// Where to point at for a whole map or list: its beginning, not all of its lines.
pub(super) fn head(value: &Yaml<'_>) -> Mark {
    match &value.data {
        Data::Map(entries) => entries.first().map_or(value.mark, |entry| entry.key.mark),
        Data::Seq(items) => items.first().map_or(value.mark, head),
        _ => value.mark,
    }
}
