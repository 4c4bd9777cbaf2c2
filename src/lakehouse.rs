//! Layers and the catalog in, the checked lakehouse out: everything it names is real, every option has its value.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::{Catalog, Component, Mode};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::layers;
use crate::node::{Data, Entry, Node};
use crate::schema::{self, Check, Shape};
use crate::source::{self, Source};

/// What a user wrote, and which of its profiles is meant.
#[derive(Clone, Debug)]
pub struct Input {
    pub file: Arc<Source>,
    pub profile: String,
    pub sets: Vec<String>,
}

pub struct Lakehouse<'c> {
    pub catalog: &'c Catalog,
    pub profile: Arc<Node>,
    /// The table `lakehouse`, whole.
    pub about: Arc<Node>,
    pub instances: Vec<Instance<'c>>,
    /// The modes the profile makes when none is named.
    pub modes: Vec<&'c Mode>,
    /// Everything that was set, the modes' tables among it.
    pub settings: Arc<Node>,
}

/// One component of this lakehouse, by its name here.
pub struct Instance<'c> {
    pub name: Arc<Node>,
    pub component: &'c Component,
    pub options: Arc<Node>,
    pub is_enabled: bool,
}

/// Reads the file and the flags, stacks them on the profile and checks all of it.
pub fn read<'c>(catalog: &'c Catalog, input: &Input, diags: &mut Diagnostics) -> Result<Lakehouse<'c>, Reported> {
    let file = Arc::new(source::parse(&input.file, &Arc::from("lakehouse.toml"), diags));
    let is_torn = diags.iter().any(|d| d.code == Code::Syntax);
    let sets: Vec<Arc<Node>> = input.sets.iter().filter_map(|set| layers::set(set, diags)).collect();
    let (own, profiles) = split(&file);
    let profile = catalog.profiles.get(&input.profile);
    if profile.is_none() {
        let known = catalog.profiles.keys().map(String::as_str);
        diags.error(Code::UnknownProfile, format!("there is no profile called {}", input.profile)).suggest(&input.profile, known);
    }
    let shapes = Shapes(catalog);
    let base = profile.cloned().unwrap_or_else(layers::nothing);
    let patch = profiles.iter().find(|entry| *entry.key == *input.profile).map(|entry| entry.node.clone());
    let above: Vec<Arc<Node>> = patch.into_iter().chain(sets.iter().cloned()).collect();
    let merged = above.iter().fold(layers::overlay(&base, &own), |low, high| layers::overlay(&low, high));
    let kinds = kinds(catalog, &merged, diags);
    // The profiles that the binary carries are checked by its own tests.
    if !catalog.is_built_in {
        shapes.layer(&base, &kinds, Check::Layer(Code::UnknownKey), diags);
    }
    shapes.layer(&own, &kinds, if is_torn { Check::Torn } else { Check::Layer(Code::UnknownKey) }, diags);
    check_profiles(catalog, &file, &own, &shapes, diags);
    sets.iter().for_each(|set| shapes.layer(set, &kinds, Check::Layer(Code::OverrideWithoutMatch), diags));
    if !is_torn {
        // A profile is for many lakehouses: it cannot give what each must say for itself.
        let said = above.iter().fold(own, |low, high| layers::overlay(&low, high));
        shapes.skeleton().check(&said, Check::Whole, &catalog.parts, diags);
    }
    let settings = layers::overlay(&schema::with_defaults(&catalog.lakehouse, &layers::nothing()), &merged);
    let settings = schema::with_defaults(&catalog.lakehouse, &settings);
    let modes = modes(catalog, &settings, diags);
    let instances = instances(catalog, &settings, &kinds, &shapes, diags);
    diags.checkpoint()?;
    let about = settings.get("lakehouse").cloned().unwrap_or_else(layers::nothing);
    let profile = Node::derived("the profile asked for", input.profile.as_str().into(), []);
    Ok(Lakehouse { catalog, profile, about, instances, modes, settings })
}

impl Lakehouse<'_> {
    /// A mode's options as `options_of` has them, with the mode's name, and those of the parts that are on.
    pub fn mode_settings(&self, mode: &Mode) -> Arc<Node> {
        let set = self.options_of(mode);
        let mut entries = set.entries().to_vec();
        entries.push(Entry { key: "objects".into(), node: mode.objects.clone() });
        entries.push(Entry { key: "name".into(), node: Node::derived("the mode asked for", mode.name.as_str().into(), []) });
        let parts = self.parts(mode).map(|part| Entry { key: part.name.as_str().into(), node: self.options_of(part) });
        let parts = Node::derived("the parts that are on", Data::Map(parts.collect()), self.switches(mode));
        entries.push(Entry { key: "parts".into(), node: parts });
        Arc::new(Node { data: Data::Map(entries), origin: set.origin.clone() })
    }

    /// What the user says about findings.
    pub fn judging(&self) -> Arc<Node> {
        self.settings.get("validate").cloned().unwrap_or_else(layers::nothing)
    }

    /// The parts of a mode that are on.
    pub fn parts<'a>(&'a self, mode: &'a Mode) -> impl Iterator<Item = &'a Mode> {
        let parts = mode.parts.iter().map(|name| &self.catalog.modes[name]);
        parts.filter(|part| self.switch(part).is_none_or(|enabled| enabled.as_bool() != Some(false)))
    }

    /// What says of a part whether it is on.
    pub fn switch(&self, part: &Mode) -> Option<Arc<Node>> {
        self.options_of(part).get("enabled").cloned()
    }

    /// What says it of every part of a mode.
    pub fn switches(&self, mode: &Mode) -> Vec<Arc<Node>> {
        mode.parts.iter().filter_map(|name| self.switch(&self.catalog.modes[name])).collect()
    }

    /// The mode whose names and graph a mode has: its own, or of a part, those of one that includes it, of the profile's first.
    pub fn host<'a>(&'a self, mode: &'a Mode) -> &'a Mode {
        let includes = |host: &&Mode| host.parts.contains(&mode.name);
        let hosts = self.modes.iter().copied().chain(self.catalog.public_modes()).find(includes);
        hosts.filter(|_| mode.is_part).unwrap_or(mode)
    }

    /// The modes with these names, or else all that a user can ask for; those together that have the names and graph of one
    /// host.
    pub fn by_host(&self, names: &[String]) -> Vec<Vec<&Mode>> {
        let mut hosts: BTreeMap<&str, Vec<&Mode>> = BTreeMap::new();
        let wanted = self.catalog.public_modes().filter(|mode| names.is_empty() || names.contains(&mode.name));
        wanted.for_each(|mode| hosts.entry(&self.host(mode).name).or_default().push(mode));
        hosts.into_values().collect()
    }

    /// The secrets that a person makes in every namespace, as options name them.
    pub fn secrets_everywhere(&self) -> Vec<&str> {
        let mut names = Vec::new();
        named_secrets(&self.catalog.lakehouse, &self.settings, &mut names);
        names
    }

    /// A mode's options, with what the user set.
    pub fn options_of(&self, mode: &Mode) -> Arc<Node> {
        let defaults = schema::with_defaults(&mode.options, &layers::nothing());
        let set = self.settings.get(&mode.name).map_or_else(|| defaults.clone(), |set| layers::overlay(&defaults, set));
        let whole = schema::with_defaults(&mode.options, &set);
        Arc::new(Node { data: whole.data.clone(), origin: set.origin.clone() })
    }
}

fn named_secrets<'n>(schema: &Node, value: &'n Node, names: &mut Vec<&'n str>) {
    if schema.get("x-secret").is_some() {
        names.extend(value.as_str().filter(|name| !name.is_empty()));
    }
    for property in schema.get("properties").map_or(&[][..], |properties| properties.entries()) {
        value.get(&property.key).into_iter().for_each(|inner| named_secrets(&property.node, inner, names));
    }
}

/// The file without its profile tables, and those tables.
fn split(file: &Arc<Node>) -> (Arc<Node>, Vec<Entry>) {
    let own = file.entries().iter().filter(|entry| &*entry.key != "profile").cloned().collect();
    let profiles = file.get("profile").map(|profiles| profiles.entries().to_vec()).unwrap_or_default();
    (Arc::new(Node { data: Data::Map(own), origin: file.origin.clone() }), profiles)
}

/// Each profile's table is checked, also of the profiles that are not asked for.
fn check_profiles(catalog: &Catalog, file: &Node, own: &Arc<Node>, shapes: &Shapes<'_>, diags: &mut Diagnostics) {
    let Some(profiles) = file.get("profile") else { return };
    expect_table(profiles, "one table a profile", diags);
    for profile in profiles.entries() {
        let Some(base) = catalog.profiles.get(&*profile.key) else {
            let known = catalog.profiles.keys().map(String::as_str);
            let diagnostic = diags.error(Code::UnknownProfile, format!("there is no profile called {}", profile.key));
            diagnostic.at_some(profile.node.key_span(), "set here").suggest(&profile.key, known);
            continue;
        };
        expect_table(&profile.node, "what differs in this profile", diags);
        let merged = layers::overlay(&layers::overlay(base, own), &profile.node);
        shapes.layer(&profile.node, &kinds(catalog, &merged, diags), Check::Layer(Code::OverrideWithoutMatch), diags);
        modes(catalog, &profile.node, diags);
    }
}

type Kinds<'c> = BTreeMap<Arc<str>, &'c Component>;

/// Which component of the catalog each instance is.
fn kinds<'c>(catalog: &'c Catalog, settings: &Node, diags: &mut Diagnostics) -> Kinds<'c> {
    let mut kinds = BTreeMap::new();
    for instance in settings.get("components").map_or(&[][..], |components| components.entries()) {
        let (name, span) = match instance.node.get("is") {
            Some(is) => (is.as_str(), is.span()),
            None => (Some(&*instance.key), instance.node.key_span()),
        };
        match name.map(|name| (name, catalog.components.get(name))) {
            Some((_, Some(component))) => drop(kinds.insert(instance.key.clone(), component)),
            Some((name, None)) => unknown_component(catalog, name, span, diags),
            None if diags.has_told(Code::WrongType, span.as_ref()) => {}
            None => drop(diags.error(Code::WrongType, "expected the name of a component").at_some(span, "asked for here")),
        }
    }
    kinds
}

fn unknown_component(catalog: &Catalog, name: &str, span: Option<source::Span>, diags: &mut Diagnostics) {
    if !diags.has_told(Code::UnknownComponent, span.as_ref()) {
        let known = catalog.components.keys().map(String::as_str);
        diags
            .error(Code::UnknownComponent, format!("there is no component called {name}"))
            .at_some(span, "asked for here")
            .suggest(name, known)
            .help("one of your own lies in a folder that --catalog names");
    }
}

/// The schemas of a lakehouse file: its skeleton without the profiles, and the tables of components.
struct Shapes<'c>(&'c Catalog);

impl<'c> Shapes<'c> {
    fn skeleton(&self) -> &'c Shape {
        self.0.shape.get_or_init(|| {
            let mut skeleton = skeleton_schema(self.0);
            skeleton["properties"].as_object_mut().expect("it has properties").shift_remove("profile");
            Shape::new(skeleton)
        })
    }

    fn component(&self, component: &Component, table: &Node, check: Check, diags: &mut Diagnostics) {
        let shape = component.shape.get_or_init(|| Shape::new(component_schema(self.0, component)));
        shape.check(table, check, &self.0.parts, diags);
    }

    fn layer(&self, layer: &Node, kinds: &Kinds<'_>, check: Check, diags: &mut Diagnostics) {
        self.skeleton().check(&without_components(layer), check, &self.0.parts, diags);
        let components = layer.get("components");
        components.into_iter().for_each(|components| expect_table(components, "one table a component", diags));
        for instance in components.map_or(&[][..], |components| components.entries()) {
            if let Some(component) = kinds.get(&instance.key) {
                self.component(component, &instance.node, check, diags);
            }
        }
    }
}

fn expect_table(node: &Node, label: &str, diags: &mut Diagnostics) {
    if !matches!(node.data, Data::Map(_)) {
        let message = format!("expected a table, found {}", node.kind());
        diags.error(Code::WrongType, message).at_some(node.span(), label);
    }
}

/// The components are many and are checked one by one.
fn without_components(layer: &Node) -> Node {
    let entries = layer.entries().iter().filter(|entry| &*entry.key != "components").cloned().collect();
    Node { data: Data::Map(entries), origin: layer.origin.clone() }
}

fn instances<'c>(
    catalog: &'c Catalog,
    settings: &Arc<Node>,
    kinds: &Kinds<'c>,
    shapes: &Shapes<'_>,
    diags: &mut Diagnostics,
) -> Vec<Instance<'c>> {
    let mut instances = Vec::new();
    for entry in settings.get("components").map_or(&[][..], |components| components.entries()) {
        let Some(component) = kinds.get(&entry.key) else { continue };
        let options = [&component.options, &catalog.instance].iter().fold(entry.node.clone(), |node, schema| {
            schema::with_defaults(schema, &layers::overlay(&schema::with_defaults(schema, &layers::nothing()), &node))
        });
        shapes.component(component, &options, Check::Whole, diags);
        let is_enabled = options.get("enabled").and_then(|enabled| enabled.as_bool()).unwrap_or(true);
        // The name comes from the table's head, not from what stands in the table.
        let name = Node::derived("the component's name", (&*entry.key).into(), [entry.node.head()]);
        check_name(catalog, &entry.key, &entry.node, diags);
        instances.push(Instance { name, component, options, is_enabled });
    }
    instances
}

fn check_name(catalog: &Catalog, name: &str, node: &Node, diags: &mut Diagnostics) {
    let form = catalog.types.get("name");
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name || name.starts_with(|c: char| !c.is_ascii_lowercase()) || name.ends_with('-') {
        let summary = form.map_or("a name", |form| &form.summary);
        diags.error(Code::BadValue, format!("{name} is not {summary}")).at_some(node.key_span(), "named here");
    }
}

fn modes<'c>(catalog: &'c Catalog, settings: &Node, diags: &mut Diagnostics) -> Vec<&'c Mode> {
    let mut modes = Vec::new();
    for asked in settings.get("modes").map_or(&[][..], |modes| modes.items()) {
        let Some(name) = asked.as_str() else { continue };
        match catalog.mode(name) {
            Some(mode) => modes.push(mode),
            None if diags.has_told(Code::UnknownMode, asked.span().as_ref()) => {}
            None => unknown_mode(catalog, name, asked.span(), diags),
        }
    }
    modes
}

pub fn unknown_mode(catalog: &Catalog, name: &str, span: Option<source::Span>, diags: &mut Diagnostics) {
    let known = catalog.public_modes().map(|mode| mode.name.as_str());
    diags
        .error(Code::UnknownMode, format!("there is no mode called {name}"))
        .at_some(span, "asked for here")
        .suggest(name, known);
}

/// The schema of one component's table: its own options and what every component may say.
fn component_schema(catalog: &Catalog, component: &Component) -> Value {
    let mut schema = schema::expand(&component.options, &catalog.types);
    let common = schema::expand(&catalog.instance, &catalog.types);
    let properties = schema["properties"].as_object_mut().expect("options are an object's properties");
    properties.extend(common["properties"].as_object().cloned().unwrap_or_default());
    schema["additionalProperties"] = false.into();
    schema["description"] = component.manifest.text("summary").into();
    schema
}

fn component_schemas(catalog: &Catalog) -> serde_json::Map<String, Value> {
    catalog.components.values().map(|component| (component.name.clone(), component_schema(catalog, component))).collect()
}

fn skeleton_schema(catalog: &Catalog) -> Value {
    let mut schema = schema::expand(&catalog.lakehouse, &catalog.types);
    for mode in catalog.public_modes() {
        let mut options = schema::expand(&mode.options, &catalog.types);
        options["additionalProperties"] = false.into();
        options["description"] = mode.summary.as_str().into();
        schema["properties"][&mode.name] = options;
    }
    schema
}

/// The JSON Schema of lakehouse.toml, for editors: the skeleton, every component, every profile.
pub fn json_schema(catalog: &Catalog) -> Value {
    let mut schema = skeleton_schema(catalog);
    let mut others = schema::expand(&catalog.instance, &catalog.types);
    others["additionalProperties"] = true.into();
    others["required"] = json!(["is"]);
    let whole = &mut schema["properties"]["components"];
    whole["properties"] = Value::Object(component_schemas(catalog));
    whole["additionalProperties"] = others;
    let mut overrides = schema.clone();
    for key in ["$schema", "title", "required"] {
        overrides.as_object_mut().expect("a schema is an object").shift_remove(key);
    }
    overrides["properties"].as_object_mut().expect("it has properties").shift_remove("profile");
    relax(&mut overrides);
    overrides["description"] = "What differs in this profile.".into();
    let profiles: serde_json::Map<String, Value> =
        catalog.profiles.keys().map(|name| (name.clone(), json!({ "$ref": "#/$defs/overrides" }))).collect();
    schema["$defs"] = json!({ "overrides": overrides });
    schema["properties"]["profile"]["properties"] = Value::Object(profiles);
    schema["properties"]["profile"]["additionalProperties"] = false.into();
    schema
}

/// An override need not be whole: nothing in it is required.
fn relax(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("required").is_some_and(Value::is_array) {
                map.shift_remove("required");
            }
            map.values_mut().for_each(relax);
        }
        Value::Array(items) => items.iter_mut().for_each(relax),
        _ => {}
    }
}
