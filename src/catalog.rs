//! What lakegen knows how to deploy: components, modes and profiles, read from data and checked like a user's file.

mod policies;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, Kind};
use crate::layers;
use crate::node::Node;
use crate::render::Engine;
use crate::schema::{self, Check, Parts, Schema, Shape};
use crate::source::{self, Source, Span};
use crate::types::Types;
use crate::yaml::{self, Limits};

/// The files the binary carries.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
/// The layer of what the catalog itself says.
const DEFAULT: &str = "default";
const MAX_FILE_BYTES: u64 = 4 << 20;

pub struct Catalog {
    pub components: BTreeMap<String, Component>,
    pub modes: BTreeMap<String, Mode>,
    pub profiles: BTreeMap<String, Arc<Node>>,
    pub engine: Engine,
    pub types: Arc<Types>,
    /// The skeleton of lakehouse.toml, and what every component's table may say.
    pub lakehouse: Arc<Node>,
    pub instance: Arc<Node>,
    pub workload: Arc<Node>,
    /// What a new output may not change of the one before it.
    pub upgrades: Arc<Node>,
    /// Which properties of a component must come through in every mode.
    pub parity: Arc<Node>,
    /// What ties a promise to what components say.
    pub targets: Arc<Node>,
    /// Every file of it.
    pub files: Files,
    /// The skeleton as what it is held against, and what a workload is held against: who needs them first makes them.
    pub shape: OnceLock<Shape>,
    pub workload_shape: OnceLock<Schema>,
    pub parts: Parts,
    /// Whether it is the one that the binary carries, of which its own tests prove what follows from no input.
    pub is_built_in: bool,
    /// Read when a mode first asks for them, and most do not.
    policies: OnceLock<Vec<Arc<Node>>>,
}

pub struct Component {
    pub name: String,
    pub manifest: Arc<Node>,
    /// The options as a schema: `properties` with one entry an option.
    pub options: Arc<Node>,
    /// What its table is held against, made when there is one.
    pub shape: OnceLock<Shape>,
    pub workloads: String,
}

pub struct Mode {
    pub name: String,
    pub summary: String,
    pub is_base: bool,
    /// Whether it is one of those that others include.
    pub is_part: bool,
    /// The names of the parts it includes.
    pub parts: Vec<String>,
    /// Whether it can hold Kubernetes objects of components.
    pub objects: Arc<Node>,
    /// Properties that it cannot hold, each with its reason.
    pub without: Option<Arc<Node>>,
    pub options: Arc<Node>,
    pub names: Arc<Node>,
    /// The template that lists what must run before it.
    pub operators: Option<String>,
    pub rules: Vec<Rule>,
}

/// One emit rule of a mode.
#[derive(Clone)]
pub struct Rule {
    pub node: Arc<Node>,
    pub template: String,
}

pub type Files = BTreeMap<String, Arc<Source>>;

/// Path and text of every file that the binary carries.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.iter().copied()
}

/// The built-in catalog, with a folder of the user's laid on top of it file by file.
pub fn load(host: &dyn Host, folder: Option<&Path>, diags: &mut Diagnostics) -> Result<Catalog, Reported> {
    let mut files: Files = BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), Source::built_in(name, text))).collect();
    if let Some(folder) = folder {
        add_folder(host, folder, &mut files, diags)?;
    }
    // What the binary carries is checked by its own tests, not at every start.
    let reader = Reader { files: &files, is_checked: folder.is_none() };
    let types = Arc::new(Types::read(&reader.toml("schemas/types.toml", diags)));
    let components = reader.components(&types, diags);
    let modes = reader.modes(&types, diags);
    let engine = Engine::new(&templates(&files), &types);
    if !reader.is_checked {
        engine.check(diags);
    }
    let catalog = Catalog {
        profiles: reader.profiles(diags),
        engine,
        parity: reader.toml("schemas/parity.toml", diags),
        upgrades: reader.toml("schemas/upgrades.toml", diags),
        targets: reader.toml("schemas/targets.toml", diags),
        lakehouse: reader.json("schemas/lakehouse.json", diags),
        instance: reader.json("schemas/instance.json", diags),
        workload: reader.json("schemas/workload.json", diags),
        shape: OnceLock::new(),
        workload_shape: OnceLock::new(),
        parts: Parts::default(),
        policies: OnceLock::new(),
        is_built_in: reader.is_checked,
        components,
        modes,
        types,
        files: files.clone(),
    };
    diags.checkpoint()?;
    Ok(catalog)
}

impl Catalog {
    /// The modes a user can ask for.
    pub fn public_modes(&self) -> impl Iterator<Item = &Mode> {
        self.modes.values().filter(|mode| !mode.is_base)
    }

    /// The mode of a name the user wrote.
    pub fn mode(&self, name: &str) -> Option<&Mode> {
        self.modes.get(name).filter(|mode| !mode.is_base)
    }

    /// The policies under schemas/policies, for modes that ship them.
    pub fn policies(&self, diags: &mut Diagnostics) -> &[Arc<Node>] {
        self.policies.get_or_init(|| policies::policies(&self.files, diags))
    }

    /// Holds a part of what a user may write, alone in a file, against its shape in the catalog.
    pub fn check_part(&self, shape: &Node, part: &Node, diags: &mut Diagnostics) {
        Schema::compile(schema::expand(shape, &self.types)).check(part, Check::Layer(Code::UnknownKey), diags);
    }
}

fn add_folder(host: &dyn Host, folder: &Path, files: &mut Files, diags: &mut Diagnostics) -> Result<(), Reported> {
    let listed = host.list(folder).map_err(|error| {
        diags.error(Code::Unreadable, format!("the catalog {} cannot be read: {}", folder.display(), host::words(&error)));
    });
    let mut is_catalog = false;
    for entry in listed.into_iter().flatten() {
        let of_catalog = ["profiles/", "schemas/", "templates/"].iter().any(|part| entry.path.starts_with(part));
        if of_catalog && matches!(entry.kind, Kind::File) {
            is_catalog = true;
            files.insert(entry.path.clone(), host::source(host, &folder.join(&entry.path), MAX_FILE_BYTES, diags)?);
        }
    }
    diags.checkpoint()?;
    if !is_catalog {
        let message = format!("there is no catalog in {}: it holds no templates/, profiles/ or schemas/", folder.display());
        diags.error(Code::BadArgument, message);
    }
    diags.checkpoint()
}

fn templates(files: &Files) -> Files {
    let template = |(name, source): (&String, &Arc<Source>)| {
        Some((name.strip_prefix("templates/")?.to_owned(), source.clone())).filter(|(name, _)| name.ends_with(".j2"))
    };
    files.iter().filter_map(template).collect()
}

/// The first document of a file of YAML or JSON; nothing where there is no such file.
fn read(files: &Files, name: &str, diags: &mut Diagnostics) -> Arc<Node> {
    let Some(source) = files.get(name) else { return layers::nothing() };
    let stream = yaml::read(&source.text, &Limits::default());
    stream.errors.iter().for_each(|error| error.report(source, diags));
    let first = stream.documents.first();
    first.map_or_else(layers::nothing, |document| Arc::new(document.root.to_node(source, &Arc::from(DEFAULT))))
}

struct Reader<'a> {
    files: &'a Files,
    is_checked: bool,
}

impl Reader<'_> {
    fn toml(&self, name: &str, diags: &mut Diagnostics) -> Arc<Node> {
        match self.files.get(name) {
            Some(source) => Arc::new(source::parse(source, &Arc::from(DEFAULT), diags)),
            None => {
                self.expect(name, None, diags);
                layers::nothing()
            }
        }
    }

    /// A file that lakegen itself or a manifest names is there.
    fn expect(&self, name: &str, because: Option<Span>, diags: &mut Diagnostics) {
        if !self.files.contains_key(name) {
            diags.error(Code::BadCatalog, format!("the catalog has no {name}")).at_some(because, "asked for here");
        }
    }

    fn json(&self, name: &str, diags: &mut Diagnostics) -> Arc<Node> {
        if self.files.contains_key(name) { read(self.files, name, diags) } else { self.toml(name, diags) }
    }

    /// The names `x` of the files `<folder>/x/<file>`.
    fn folders(&self, folder: &str, file: &str) -> BTreeSet<String> {
        let name = |path: &String| Some(path.strip_prefix(folder)?.strip_suffix(file)?.trim_matches('/').to_owned());
        self.files.keys().filter_map(name).filter(|name| !name.contains('/')).collect()
    }

    /// The manifests of a kind by name, each held against its schema and with its defaults.
    fn manifests(
        &self,
        folder: &str,
        file: &str,
        shape: &str,
        types: &Types,
        diags: &mut Diagnostics,
    ) -> BTreeMap<String, Arc<Node>> {
        let shape = self.json(shape, diags);
        let schema = (!self.is_checked).then(|| Schema::compile(schema::expand(&shape, types)));
        let read = |name: String| {
            let mut found = Diagnostics::default();
            let node = self.toml(&format!("{folder}{name}{file}"), &mut found);
            if let Some(schema) = &schema {
                schema.check(&node, Check::Layer(Code::UnknownKey), &mut found);
                schema.check(&node, Check::Whole, &mut found);
                check_options(&node, types, &mut found);
            }
            (name, schema::with_defaults(&shape, &node), found)
        };
        let mut manifests = BTreeMap::new();
        for (name, manifest, found) in self.folders(folder, file).into_par_iter().map(read).collect::<Vec<_>>() {
            manifests.insert(name, manifest);
            diags.append(found);
        }
        manifests
    }

    fn components(&self, types: &Types, diags: &mut Diagnostics) -> BTreeMap<String, Component> {
        let manifests = self.manifests("templates/components/", "/component.toml", "schemas/component.json", types, diags);
        let component = |(name, manifest): (String, Arc<Node>)| {
            let workloads = format!("components/{name}/workloads.yaml.j2");
            self.expect(&format!("templates/{workloads}"), manifest.span(), diags);
            for offer in manifest.get("offers").map_or(&[][..], |offers| offers.entries()) {
                if let Some(document) = offer.node.get("document") {
                    let file = format!("templates/components/{name}/{}", document.as_str().unwrap_or_default());
                    self.expect(&file, document.span(), diags);
                }
            }
            let options = options_schema(&manifest);
            (name.clone(), Component { name, manifest, options, shape: OnceLock::new(), workloads })
        };
        manifests.into_iter().map(component).collect()
    }

    fn modes(&self, types: &Types, diags: &mut Diagnostics) -> BTreeMap<String, Mode> {
        let manifests = self.manifests("templates/modes/", "/mode.toml", "schemas/mode.json", types, diags);
        for (name, manifest) in &manifests {
            let emitted = manifest.get("emit").into_iter().flat_map(|emit| emit.items()).filter_map(|rule| rule.get("template"));
            for template in emitted.chain(manifest.get("operators")) {
                let file = format!("templates/modes/{name}/{}", template.as_str().unwrap_or_default());
                self.expect(&file, template.span(), diags);
            }
        }
        manifests.keys().map(|name| (name.clone(), mode(name, &manifests, diags))).collect()
    }

    fn profiles(&self, diags: &mut Diagnostics) -> BTreeMap<String, Arc<Node>> {
        let name = |path: &String| Some(path.strip_prefix("profiles/")?.strip_suffix(".toml")?.to_owned());
        self.files
            .iter()
            .filter_map(|(path, source)| Some((name(path)?, source)))
            .map(|(name, source)| {
                let node = source::parse(source, &Arc::from(format!("profile {name}")), diags);
                (name, Arc::new(node))
            })
            .collect()
    }
}

/// A mode with everything it extends folded in, the furthest first.
fn mode(name: &str, manifests: &BTreeMap<String, Arc<Node>>, diags: &mut Diagnostics) -> Mode {
    let chain = ancestry(name, manifests, diags);
    let mut folded = layers::nothing();
    let (mut rules, mut operators) = (Vec::new(), None);
    for (name, manifest) in &chain {
        operators =
            manifest.get("operators").map(|own| format!("modes/{name}/{}", own.as_str().unwrap_or_default())).or(operators);
        folded = layers::overlay(&folded, manifest);
        for rule in manifest.get("emit").map_or(&[][..], |emit| emit.items()) {
            rules.push(Rule { node: rule.clone(), template: format!("modes/{name}/{}", rule.text("template")) });
        }
    }
    let own = &manifests[name];
    Mode {
        name: name.to_owned(),
        summary: own.text("summary").to_owned(),
        is_base: flag(own, "base"),
        is_part: flag(own, "part"),
        parts: parts(&folded, manifests, diags),
        options: options_schema(&folded),
        names: folded.get("names").cloned().unwrap_or_else(layers::nothing),
        operators,
        without: folded.get("without").cloned(),
        objects: folded.get("objects").cloned().unwrap_or_else(|| Node::derived("it holds none", false.into(), [own.head()])),
        rules,
    }
}

fn flag(manifest: &Node, key: &str) -> bool {
    manifest.get(key).and_then(|flag| flag.as_bool()).unwrap_or(false)
}

/// The parts that a mode includes; each is there, and is one.
fn parts(folded: &Node, manifests: &BTreeMap<String, Arc<Node>>, diags: &mut Diagnostics) -> Vec<String> {
    let mut names = Vec::new();
    for part in folded.get("includes").map_or(&[][..], |parts| parts.items()) {
        let name = part.as_str().unwrap_or_default();
        if manifests.get(name).is_some_and(|manifest| flag(manifest, "part")) {
            names.push(name.to_owned());
        } else if !diags.has_told(Code::UnknownMode, part.span().as_ref()) {
            let known = manifests.iter().filter(|(_, manifest)| flag(manifest, "part")).map(|(name, _)| name.as_str());
            let diagnostic = diags.error(Code::UnknownMode, format!("there is no part called {name}"));
            diagnostic.at_some(part.span(), "included here").suggest(name, known);
        }
    }
    names
}

fn ancestry<'a>(
    name: &'a str,
    manifests: &'a BTreeMap<String, Arc<Node>>,
    diags: &mut Diagnostics,
) -> Vec<(&'a str, &'a Arc<Node>)> {
    let mut chain: Vec<(&str, &Arc<Node>)> = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next {
        let manifest = &manifests[name];
        chain.push((name, manifest));
        next = None;
        let Some(extends) = manifest.get("extends") else { break };
        let parent = extends.as_str().unwrap_or_default();
        if chain.iter().any(|(name, _)| *name == parent) {
            // Every mode of a circle comes to this; the first of them tells.
            if chain[0].0 == parent && chain.iter().all(|(name, _)| *name >= parent) {
                let diagnostic = diags.error(Code::BadCatalog, format!("the mode {parent} extends itself"));
                diagnostic.at_some(extends.span(), "by way of this");
            }
        } else if let Some((parent, _)) = manifests.get_key_value(parent) {
            next = Some(parent);
        } else {
            let known = manifests.keys().map(String::as_str);
            diags
                .error(Code::UnknownMode, format!("there is no mode called {parent}"))
                .at_some(extends.span(), "extended here")
                .suggest(parent, known);
        }
    }
    chain.reverse();
    chain
}

/// The `options` of a manifest as a schema node.
fn options_schema(manifest: &Node) -> Arc<Node> {
    schema::object_of(manifest.get("options").cloned().unwrap_or_else(layers::nothing))
}

/// Each option is a schema, and its default follows it.
fn check_options(manifest: &Node, types: &Types, diags: &mut Diagnostics) {
    for option in manifest.get("options").map_or(&[][..], |options| options.entries()) {
        match Schema::try_compile(schema::expand(&option.node, types)) {
            Ok(schema) => {
                option
                    .node
                    .get("default")
                    .into_iter()
                    .for_each(|default| schema.check(default, Check::Layer(Code::UnknownKey), diags));
            }
            Err(message) => {
                let message = format!("the option {} is no schema: {message}", option.key);
                diags.error(Code::BadCatalog, message).at_some(option.node.key_span(), "declared here");
            }
        }
    }
}
