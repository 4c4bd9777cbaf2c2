//! schemas/links.toml as rows, found by the kind that refers.

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::node::Node;

/// Which field refers to what, what is made of what, and what is always there.
#[derive(Debug, Default)]
pub struct Table {
    pub links: Vec<Row>,
    pub selects: Vec<Select>,
    pub makes: Vec<Makes>,
    pub given: Vec<Given>,
    pub opaque: Vec<String>,
    /// The kind whose keys are subsets.
    pub subsets: String,
    pub outside: Vec<String>,
    /// Labels of pods whose values only a controller knows.
    pub late: Vec<String>,
    /// Rows of `links`, `selects` and `makes` by kind.
    pub by_kind: BTreeMap<String, [Vec<usize>; 3]>,
}

#[derive(Debug, Default)]
pub struct Row {
    pub at: String,
    pub to: String,
    pub name: String,
    pub namespace: String,
    pub kind: String,
    pub group: String,
    pub port: String,
    /// Of several ways the first that leads somewhere.
    pub keys: Vec<String>,
    pub optional: String,
    /// Flags that make the field mean this, or something else.
    pub when: String,
    pub unless: String,
    /// How bad it is that a Service does not find the pods of who names it, or has an address of its own.
    pub serves: Option<Severity>,
    pub headless: Option<Severity>,
    pub besides: String,
    pub form: Form,
    pub only: Vec<String>,
    pub but: Vec<String>,
}

/// How a text names an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Form {
    #[default]
    Name,
    /// `namespace/name`
    Path,
    /// `name.namespace`
    Dotted,
}

#[derive(Debug)]
pub struct Select {
    pub at: String,
    pub is_plain: bool,
    pub finds: String,
    pub namespaces: String,
    pub ports: String,
}

#[derive(Debug)]
pub struct Makes {
    pub kind: String,
    pub names: Vec<String>,
    pub keys: Vec<String>,
    pub keys_at: String,
    pub open: Vec<String>,
    pub ports: Vec<(String, i128)>,
    pub labels: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Given {
    kind: String,
    namespace: String,
    names: Vec<String>,
    begin: String,
}

impl Table {
    pub fn read(table: &Node) -> Table {
        let rows = |name: &str| table.get(name).map_or(&[][..], |rows| rows.items());
        let mut by_kind: BTreeMap<String, [Vec<usize>; 3]> = BTreeMap::new();
        for (sort, name) in ["link", "select", "makes"].into_iter().enumerate() {
            for (at, row) in rows(name).iter().enumerate() {
                for kind in texts(row, "of") {
                    by_kind.entry(kind).or_default()[sort].push(at);
                }
            }
        }
        Table {
            links: rows("link").iter().map(|row| Row::read(row)).collect(),
            selects: rows("select").iter().map(|row| Select::read(row)).collect(),
            makes: rows("makes").iter().map(|row| Makes::read(row)).collect(),
            given: rows("given").iter().map(|row| Given::read(row)).collect(),
            opaque: texts(table, "opaque"),
            subsets: table.text("subsets").to_owned(),
            outside: texts(table, "outside"),
            late: texts(table, "late"),
            by_kind,
        }
    }

    /// What every cluster has.
    pub fn is_given(&self, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        self.given.iter().any(|given| {
            let is_here = given.namespace.is_empty() || namespace == Some(&given.namespace);
            let is_begun = !given.begin.is_empty() && name.starts_with(&given.begin);
            given.kind == kind && is_here && (is_begun || given.names.iter().any(|known| known == name))
        })
    }
}

impl Row {
    fn read(row: &Node) -> Row {
        let text = |name: &str| row.text(name).to_owned();
        let severity = |name: &str| Severity::named(row.text(name));
        let form = match row.text("form") {
            "dotted" => Form::Dotted,
            "path" => Form::Path,
            _ => Form::Name,
        };
        Row {
            at: text("at"),
            to: text("to"),
            name: text("name"),
            namespace: text("namespace"),
            kind: text("kind"),
            group: text("group"),
            port: text("port"),
            keys: texts(row, "key"),
            optional: text("optional"),
            when: text("when"),
            unless: text("unless"),
            serves: severity("serves"),
            headless: severity("headless"),
            besides: text("besides"),
            form,
            only: texts(row, "only"),
            but: texts(row, "but"),
        }
    }
}

impl Select {
    fn read(row: &Node) -> Select {
        let text = |name: &str| row.text(name).to_owned();
        let is_plain = row.get("plain").and_then(|plain| plain.as_bool()) == Some(true);
        Select { at: text("at"), is_plain, finds: text("finds"), namespaces: text("namespaces"), ports: text("ports") }
    }
}

impl Makes {
    fn read(row: &Node) -> Makes {
        let entries = |name: &str| row.get(name).map_or(&[][..], |map| map.entries()).iter();
        Makes {
            kind: row.text("kind").to_owned(),
            names: texts(row, "names"),
            keys: texts(row, "keys"),
            keys_at: row.text("keys_at").to_owned(),
            open: texts(row, "open"),
            ports: entries("ports").map(|e| (e.key.to_string(), e.node.as_int().unwrap_or_default())).collect(),
            labels: entries("labels").map(|e| (e.key.to_string(), e.node.as_str().unwrap_or_default().to_owned())).collect(),
        }
    }
}

impl Given {
    fn read(row: &Node) -> Given {
        let text = |name: &str| row.text(name).to_owned();
        Given { kind: text("kind"), namespace: text("namespace"), names: texts(row, "names"), begin: text("begin") }
    }
}

/// A text or a list of them.
fn texts(row: &Node, name: &str) -> Vec<String> {
    let Some(node) = row.get(name) else { return Vec::new() };
    let one = node.as_str().map(str::to_owned);
    one.into_iter().chain(node.items().iter().filter_map(|item| item.as_str().map(str::to_owned))).collect()
}
