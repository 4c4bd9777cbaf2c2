//! `lakegen validate`: any files in, findings out.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::capacity::pools;
use super::output::{AnswerArgs, FindingArgs, Talk, standard_input};
use super::policy;
use super::{LAKEHOUSE, MAX_FILE_BYTES};
use crate::catalog;
use crate::check::{self, Admission, Exceptions, FAMILIES, Family, Kinds, Level, LevelVersion, Minor, Options, Tables, World};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Date, Host};
use crate::inputs::Inputs;
use crate::report::Summary;
use crate::source::{self, Source};

/// A baseline may be of a large repository.
const MAX_BASELINE_BYTES: u64 = 256 << 20;

/// Judge any files: Kubernetes objects and Lists, and what else can be recognised
#[derive(Args)]
#[command(after_help = "\
A folder is searched for .yaml, .yml, .json and .toml; hidden files and what git ignores are left out, unless named.

Examples:
  lakegen validate deploy/                          every file of a folder
  helm template . | lakegen validate -              what another program writes
  lakegen validate --crd crds/ deploy/              with the definitions of kinds of your own
  lakegen validate --kubernetes-version 1.37 .      against another version
  lakegen validate --policy-pack security deploy/   under policies that come with lakegen
  lakegen validate --pools machines.toml deploy/    whether machines hold the pods
  lakegen validate --format json deploy/ > known.json
  lakegen validate --baseline known.json deploy/    only what is new since then
  lakegen validate --only schema,metadata --format json deploy/")]
pub(super) struct ValidateArgs {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The version of Kubernetes that the objects are for [default: 1.36]
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,
    /// Only these families of checks; syntax always runs
    #[arg(long, value_name = "FAMILY", value_delimiter = ',')]
    only: Vec<String>,
    /// All families but these
    #[arg(long, value_name = "FAMILY", value_delimiter = ',')]
    skip: Vec<String>,
    /// Files or folders with definitions of kinds; other files in them are passed over
    #[arg(long = "crd", value_name = "PATH")]
    crds: Vec<PathBuf>,
    /// The level that every pod is held against: privileged, baseline or restricted [default: that of its namespace]
    #[arg(long, value_name = "LEVEL[:VERSION]")]
    pod_security: Option<String>,
    /// Files or folders with policies that the objects must pass, their bindings and params
    #[arg(long = "policy", value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// A pack of policies that comes with lakegen, one policy of it (security/privileged), or all
    #[arg(long = "policy-pack", value_name = "NAME")]
    packs: Vec<String>,
    /// A kind without a schema is a note, not an error
    #[arg(long)]
    allow_unknown_kinds: bool,
    /// The inputs are everything there is: what they refer to and do not hold is an error
    #[arg(long)]
    complete: bool,
    /// Files that tell of the machines: tables [pools.NAME] as in a mode's settings, or Nodes of a cluster
    #[arg(long = "pools", value_name = "FILE")]
    pools: Vec<PathBuf>,
    /// What every file is taken for, whatever it looks like
    #[arg(long = "as", value_name = "KIND")]
    taken_for: Option<String>,
    /// What was found before, as --format json wrote it: only what is new is told
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// The lakehouse file, whose table `validate` says what is excepted [default: lakehouse.toml, here or in a folder above]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The day that ends of life and exceptions are held against [default: today]
    #[arg(long, value_name = "DATE")]
    today: Option<String>,
}

pub(super) fn run(host: &dyn Host, args: &ValidateArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let tables = Tables::load();
    let options = args.options(host, tables, diags)?;
    for family in
        options.families.iter().filter(|family| !family.has_checks() && args.only.iter().any(|name| name == family.name))
    {
        talk.say(&format!("the family {} has no checks yet", family.name));
    }
    let inputs = Inputs::gather(host, &args.paths, &standard_input, diags)?;
    let definitions = Inputs::gather(host, &args.crds, &standard_input, diags)?;
    let kinds = check::kinds(options.version, &[&definitions, &inputs], diags);
    let admission = args.admission(host, &inputs, &kinds, diags)?;
    diags.checkpoint()?;
    let world = World { options: &options, kinds: &kinds, tables, inputs: &inputs, admission: &admission };
    Ok(check::run(&world, diags))
}

impl ValidateArgs {
    fn options(&self, host: &dyn Host, tables: &Tables, diags: &mut Diagnostics) -> Result<Options, Reported> {
        let only = families(&self.only, diags);
        let skip = families(&self.skip, diags);
        let is_wanted = |family: &&'static Family| only.is_empty() || only.iter().any(|wanted| wanted.name == family.name);
        let is_skipped = |family: &&'static Family| skip.iter().any(|skipped| skipped.name == family.name);
        let version = match &self.kubernetes_version {
            None => Minor::DEFAULT,
            Some(text) => Minor::parse(text).unwrap_or_else(|| {
                diags.error(Code::BadArgument, format!("{text} is no version of Kubernetes")).help("write it as 1.36");
                Minor::DEFAULT
            }),
        };
        let taken_for = self.taken_for.as_ref().and_then(|name| {
            let content = tables.content(name);
            if content.is_none() {
                let diagnostic = diags.error(Code::BadArgument, format!("--as knows no {name}"));
                diagnostic.suggest(name, tables.content_names());
            }
            content
        });
        let pod_security = self.pod_security(diags);
        let today = self.today(host, diags);
        diags.checkpoint()?;
        Ok(Options {
            families: FAMILIES.iter().filter(|family| is_wanted(family) && !is_skipped(family)).collect(),
            version,
            allows_unknown_kinds: self.allow_unknown_kinds,
            is_complete: self.complete,
            provided: Vec::new(),
            pools: pools(host, &self.pools, diags)?,
            exceptions: self.exceptions(host, diags)?,
            taken_for,
            pod_security,
            today,
        })
    }
}

impl ValidateArgs {
    fn pod_security(&self, diags: &mut Diagnostics) -> Option<LevelVersion> {
        let text = self.pod_security.as_ref()?;
        let at = LevelVersion::parse(text);
        if at.is_none() {
            let diagnostic = diags.error(Code::BadArgument, format!("{text} is no level of Pod Security"));
            diagnostic.help(format!("it is one of {}, and after a colon a version: latest, or as v1.36", Level::list()));
        }
        at
    }

    /// What the objects are held against, out of files and packs.
    fn admission(
        &self,
        host: &dyn Host,
        inputs: &Inputs<'_>,
        kinds: &Kinds,
        diags: &mut Diagnostics,
    ) -> Result<Admission, Reported> {
        let mut admission = Admission::default();
        admission.add_all(&Inputs::gather(host, &self.policies, &standard_input, diags)?, kinds, diags);
        for pack in policy::wanted(&self.packs, diags) {
            pack.sources().iter().for_each(|source| admission.add(source, kinds, diags));
        }
        if !admission.set.policies.is_empty() {
            admission.look_around(inputs, kinds, diags);
        }
        Ok(admission)
    }

    /// What lakehouse.toml excepts, and a baseline.
    fn exceptions(&self, host: &dyn Host, diags: &mut Diagnostics) -> Result<Exceptions, Reported> {
        let path = self.config.clone().or_else(|| host::find_upwards(host, LAKEHOUSE));
        let mut exceptions = match path {
            Some(path) => said(&host::source(host, &path, MAX_FILE_BYTES, diags)?, host, diags)?,
            None => Exceptions::default(),
        };
        if let Some(path) = &self.baseline {
            exceptions.add_baseline(&host::source(host, path, MAX_BASELINE_BYTES, diags)?, diags)?;
        }
        Ok(exceptions)
    }

    fn today(&self, host: &dyn Host, diags: &mut Diagnostics) -> Option<Date> {
        let Some(text) = &self.today else { return host::today(host, diags).ok() };
        let date = Date::parse(text);
        if date.is_none() {
            diags.error(Code::BadArgument, format!("{text} is no day")).help("write it as 2026-07-01");
        }
        date
    }
}

fn families(names: &[String], diags: &mut Diagnostics) -> Vec<&'static Family> {
    let mut families = Vec::new();
    for name in names {
        match Family::parse(name) {
            Some(family) => families.push(family),
            None => {
                let diagnostic = diags.error(Code::BadArgument, format!("there is no family of checks called {name}"));
                diagnostic.suggest(name, FAMILIES.iter().map(|family| family.name));
            }
        }
    }
    families
}

/// What the table `validate` of a lakehouse file says, whose other tables are not looked at.
fn said(source: &Arc<Source>, host: &dyn Host, diags: &mut Diagnostics) -> Result<Exceptions, Reported> {
    if !source.text.contains("validate") {
        return Ok(Exceptions::default());
    }
    let file = source::parse(source, &Arc::from("lakehouse.toml"), diags);
    let Some(own) = file.get("validate") else { return Ok(Exceptions::default()) };
    let catalog = catalog::load(host, None, diags)?;
    if let Some(shape) = catalog.lakehouse.pointer("/properties/validate") {
        catalog.check_part(shape, own, diags);
    }
    diags.checkpoint()?;
    Ok(Exceptions::read(own))
}
