//! Dashboards of Grafana in their classic form, as files or in ConfigMaps: panels that Grafana does not have or moves, datasources that
//! may not be there, queries that cannot be answered. What Grafana knows stands in schemas/dashboards.toml.

mod queries;
mod variables;

use std::collections::BTreeMap;

use super::links::walk;
use super::{Document, Object, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::node::Node;
use crate::yaml::{self, Limits, Mark, Yaml};
use variables::Variables;

/// Who says where something stands: a file's document, or a text within an object.
enum Teller<'t> {
    Document(&'t Document<'t>),
    Text { object: &'t Object<'t>, value: &'t Yaml<'t>, text: &'t str, pointer: String },
}

/// A dashboard, with what its panels may lean on.
struct Board<'t> {
    teller: Teller<'t>,
    tables: &'t Node,
    variables: Variables<'t>,
    panels: Vec<Panel<'t>>,
}

struct Panel<'t> {
    yaml: &'t Yaml<'t>,
    pointer: String,
    /// What is known of its type.
    kind: Option<&'t Node>,
    /// In a row that is folded up: it lies nowhere.
    is_folded: bool,
}

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    judge(Teller::Document(document), document.root, world, found);
}

/// The dashboards that a ConfigMap brings to Grafana.
pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    if object.subject.kind != "ConfigMap" {
        return;
    }
    for entry in object.root.get("data").map_or(&[][..], Yaml::entries).iter().filter(|entry| entry.key.name.ends_with(".json")) {
        let Some(text) = entry.value.as_str() else { continue };
        let stream = yaml::read(text, &Limits::default());
        if let [only] = &stream.documents[..]
            && only.root.get("panels").is_some()
            && only.root.get("title").is_some()
        {
            let pointer = object.path.field("data").field(&entry.key.name).pointer();
            judge(Teller::Text { object, value: &entry.value, text, pointer }, &only.root, world, found);
        }
    }
}

fn judge<'t>(teller: Teller<'t>, root: &'t Yaml<'t>, world: &'t World<'_>, found: &mut Diagnostics) {
    // What Grafana's API gives and takes is in a wrapper.
    let (whole, root) = (root, root.get("dashboard").filter(|inner| !inner.entries().is_empty()).unwrap_or(root));
    let tables = &world.tables.dashboards;
    let board = Board { teller, tables, variables: Variables::of(root), panels: panels(root, tables) };
    board.title(whole, found);
    board.twice(found);
    board.overlaps(found);
    board.kinds(found);
    board.sources(found);
    board.untold(found);
    let mut strangers = Uses::default();
    for panel in &board.panels {
        board.panel(panel, found);
        queries::judge(&board, panel, &mut strangers, found);
    }
    strangers.each(|name, use_, times| {
        let message = format!("there is no variable {name}{times}");
        let place = (use_.mark, "in this query");
        let told = board.tell(found, (Severity::Warning, Code::PanelVariable), message, place, use_.pointer.clone());
        told.suggest(name, board.variables.all.keys().copied());
    });
    queries::of_variables(&board, found);
}

/// Names with where each stands first, and how often: one that is missing is one finding.
#[derive(Default)]
struct Uses(BTreeMap<String, Use>);

struct Use {
    mark: Mark,
    pointer: String,
    count: usize,
}

impl Uses {
    fn add(&mut self, name: &str, mark: Mark, pointer: &str) {
        let first = || Use { mark, pointer: pointer.to_owned(), count: 0 };
        self.0.entry(name.to_owned()).or_insert_with(first).count += 1;
    }

    /// In the order of the text.
    fn each(&self, mut visit: impl FnMut(&str, &Use, &str)) {
        let mut all: Vec<(&String, &Use)> = self.0.iter().collect();
        all.sort_by_key(|(_, one)| one.mark.start);
        for (name, one) in all {
            let times = if one.count > 1 { format!(", asked for {} times", one.count) } else { String::new() };
            visit(name, one, &times);
        }
    }
}

fn panels<'t>(root: &'t Yaml<'t>, tables: &'t Node) -> Vec<Panel<'t>> {
    let mut all = Vec::new();
    for (way, is_folded) in [("panels/*", false), ("rows/*/panels/*", true), ("panels/*/panels/*", true)] {
        walk::each(root, way, "", &mut |yaml, pointer| {
            let name = yaml.get("type").and_then(Yaml::as_str).unwrap_or_default();
            let kind = ["panels", "gone"].iter().find_map(|table| tables.get(table)?.get(name)).map(|kind| &**kind);
            all.push(Panel { yaml, pointer, kind, is_folded });
        });
    }
    all
}

impl<'t> Panel<'t> {
    fn text(&self, name: &str) -> &'t str {
        self.yaml.get(name).and_then(Yaml::as_str).unwrap_or_default()
    }

    fn is(&self, word: &str) -> bool {
        self.kind.is_some_and(|kind| kind.get(word).is_some())
    }

    fn head(&self) -> Mark {
        self.yaml.entries().first().map_or(self.yaml.mark, |entry| entry.key.mark)
    }

    /// What a person calls it.
    fn name(&self) -> String {
        match (self.text("title"), self.yaml.get("id").and_then(Yaml::to_int)) {
            ("", Some(id)) => format!("the panel of id {id}"),
            ("", None) => format!("the panel at {}", self.pointer),
            (title, _) => format!("the panel {title:?}"),
        }
    }

    /// Left, top, right and bottom.
    fn place(&self) -> Option<[i128; 4]> {
        let side = |name: &str| self.yaml.get("gridPos")?.get(name)?.to_int();
        let (x, y) = (side("x").unwrap_or(0), side("y").unwrap_or(0));
        Some([x, y, x + side("w")?, y + side("h")?])
    }
}

impl Board<'_> {
    fn title(&self, whole: &Yaml<'_>, found: &mut Diagnostics) {
        if whole.get("title").and_then(Yaml::as_str).is_some_and(|title| !title.is_empty()) {
            return;
        }
        let mark = whole.entries().first().map_or(whole.mark, |entry| entry.key.mark);
        let message = "Grafana loads no file whose dashboard has no title";
        let told = self.tell(found, (Severity::Warning, Code::PanelUntold), message, (mark, "in here"), String::new());
        if whole.get("dashboard").is_some() {
            told.help("what its API gives is in a wrapper: a file holds what stands under `dashboard`");
        }
    }

    /// Panels of one id.
    fn twice(&self, found: &mut Diagnostics) {
        let mut seen: BTreeMap<i128, Mark> = BTreeMap::new();
        for panel in &self.panels {
            let Some((id, number)) = panel.yaml.get("id").and_then(|id| Some((id, id.to_int()?))) else { continue };
            if let Some(first) = seen.insert(number, id.mark) {
                let (message, pointer) = (format!("two panels have the id {number}"), format!("{}/id", panel.pointer));
                let severity = (Severity::Warning, Code::PanelTwice);
                let told = self.tell(found, severity, message, (id.mark, "again here"), pointer.clone());
                self.also(told, first, pointer);
            }
        }
    }

    fn overlaps(&self, found: &mut Diagnostics) {
        let mut placed: Vec<(&Panel<'_>, [i128; 4])> = Vec::new();
        for (panel, place) in
            self.panels.iter().filter(|panel| !panel.is_folded).filter_map(|panel| Some((panel, panel.place()?)))
        {
            let apart =
                |other: &[i128; 4]| other[2] <= place[0] || place[2] <= other[0] || other[3] <= place[1] || place[3] <= other[1];
            if let Some((other, _)) = placed.iter().find(|(_, other)| !apart(other)) {
                let message = format!("{} lies over {}", panel.name(), other.name());
                let mark = panel.yaml.get("gridPos").map_or(panel.head(), |place| place.mark);
                let pointer = format!("{}/gridPos", panel.pointer);
                self.tell(found, (Severity::Warning, Code::PanelTwice), message, (mark, "here"), pointer);
            }
            placed.push((panel, place));
        }
    }

    fn panel(&self, panel: &Panel<'_>, found: &mut Diagnostics) {
        // One of a library stands elsewhere.
        if panel.yaml.get("libraryPanel").is_some() {
            return;
        }
        let has_targets = panel.yaml.get("targets").is_some_and(|targets| !targets.items().is_empty());
        if panel.is("asks") && !has_targets && panel.yaml.get("snapshotData").is_none() {
            self.of(panel, (Severity::Warning, Code::PanelAsksNothing), format!("{} has no query", panel.name()), found);
        }
        if panel.is("unit") {
            self.unit(panel, found);
        }
    }

    fn kinds(&self, found: &mut Diagnostics) {
        let mut uses = Uses::default();
        for panel in &self.panels {
            if let Some(kind) = panel.yaml.get("type").filter(|_| panel.kind.is_none_or(|kind| kind.get("now").is_some())) {
                uses.add(kind.as_str().unwrap_or_default(), kind.mark, &format!("{}/type", panel.pointer));
            }
        }
        uses.each(|name, use_, times| {
            let now = self.tables.get("gone").and_then(|gone| gone.get(name)).map(|kind| kind.text("now"));
            let (severity, message) = match now {
                Some(now) => (
                    Severity::Warning,
                    format!("Grafana 13 has no panels of the type {name}{times}: it makes a {now} of it, as far as it can"),
                ),
                None => (Severity::Note, format!("panels of the type {name} come with a plugin")),
            };
            self.tell(found, (severity, Code::PanelType), message, (use_.mark, "here"), use_.pointer.clone());
        });
    }

    /// Panels that do not say what they show; of many the first is pointed at.
    fn untold(&self, found: &mut Diagnostics) {
        let lacks = |panel: &&Panel<'_>| panel.text("title").is_empty() || panel.text("description").is_empty();
        let untold: Vec<&Panel<'_>> = self.panels.iter().filter(|panel| panel.is("asks")).filter(lacks).collect();
        let Some(first) = untold.first() else { return };
        let what = if first.text("title").is_empty() { "title" } else { "description" };
        let others = match untold.len() - 1 {
            0 => String::new(),
            more => format!(", nor {more} others a title and a description"),
        };
        self.of(first, (Severity::Note, Code::PanelUntold), format!("{} has no {what}{others}", first.name()), found);
    }

    fn unit(&self, panel: &Panel<'_>, found: &mut Diagnostics) {
        let defaults = panel.yaml.get("fieldConfig").and_then(|config| config.get("defaults"));
        // Panels of old say it in their own ways, and each field may have its own.
        let is_elsewhere = ["yaxes", "format"].iter().any(|name| panel.yaml.get(name).is_some());
        let mut is_each = false;
        walk::each(panel.yaml, "fieldConfig/overrides/*/properties/*/id", "", &mut |id, _| {
            is_each |= id.as_str() == Some("unit");
        });
        if is_elsewhere || is_each {
            return;
        }
        let Some(unit) = defaults.and_then(|defaults| defaults.get("unit")) else {
            return self.of(panel, (Severity::Note, Code::PanelUnit), format!("{} has no unit", panel.name()), found);
        };
        let name = unit.as_str().unwrap_or_default();
        let begins = self.words("units", "begins").any(|begin| name.starts_with(begin));
        if !begins && !self.words("units", "known").any(|known| known == name) {
            let (message, pointer) =
                (format!("Grafana knows no unit {name}"), format!("{}/fieldConfig/defaults/unit", panel.pointer));
            let told = self.tell(found, (Severity::Note, Code::PanelUnit), message, (unit.mark, "not known"), pointer);
            told.suggest(name, self.words("units", "known"));
        }
    }

    /// The datasources of panels and queries.
    fn sources(&self, found: &mut Diagnostics) {
        let mut uses = Uses::default();
        for way in ["datasource", "targets/*/datasource"] {
            for panel in self.panels.iter().filter(|panel| panel.yaml.get("libraryPanel").is_none()) {
                walk::each(panel.yaml, way, &panel.pointer, &mut |source, pointer| {
                    if let Some(said) = source.as_str().map(|_| source).or_else(|| source.get("uid"))
                        && let Some(name) = said.as_str()
                    {
                        uses.add(name, said.mark, &pointer);
                    }
                });
            }
        }
        uses.each(|name, use_, times| self.source(name, use_, times, found));
    }

    fn source(&self, name: &str, use_: &Use, times: &str, found: &mut Diagnostics) {
        let (severity, message) = match variables::name(name) {
            Some(variable) if self.variables.is_input(variable) => {
                let why = "is filled in by who imports the dashboard by hand, and by nobody where it lies as a file";
                (Severity::Warning, format!("{variable} {why}"))
            }
            Some(variable) if self.variables.is_defined(variable) => return,
            Some(variable) => (Severity::Error, format!("no variable {variable} says which datasource this is{times}")),
            None if name.starts_with("-- ") || self.words("sources", "everywhere").any(|known| known == name) => return,
            None => (Severity::Note, format!("the datasource {name} is not in every Grafana{times}")),
        };
        let place = (use_.mark, "here");
        let told = self.tell(found, (severity, Code::PanelSource), message, place, use_.pointer.clone());
        if severity == Severity::Note {
            told.help("a variable of type datasource lets who looks choose: \"${datasource}\"");
        }
    }

    fn of(&self, panel: &Panel<'_>, severity: (Severity, Code), message: String, found: &mut Diagnostics) {
        self.tell(found, severity, message, (panel.head(), "in here"), panel.pointer.clone());
    }

    fn tell<'d>(
        &self,
        found: &'d mut Diagnostics,
        code: (Severity, Code),
        message: impl Into<String>,
        (mark, label): (Mark, &str),
        pointer: String,
    ) -> &'d mut Diagnostic {
        match &self.teller {
            Teller::Document(document) => document.report(found, code, message, (mark, label), pointer),
            Teller::Text { object, value, text, pointer } => {
                let mark = object.document.within(value, text, mark.start as usize..mark.end as usize);
                object.report(found, code, message, (mark, label), pointer.clone())
            }
        }
    }

    fn also(&self, told: &mut Diagnostic, first: Mark, pointer: String) {
        if let Teller::Document(document) = &self.teller {
            told.within(&document.span(first), "first here", document.number, pointer);
        }
    }
}
