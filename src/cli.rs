//! Every verb and flag: arguments in, an exit code out. The verbs are thin; what they do lies in the library.

mod batch;
mod build;
mod capacity;
mod cel;
mod connections;
mod explain;
mod graph;
mod init;
mod output;
mod parity;
mod policy;
pub mod progress;
mod promql;
mod reference;
mod schemas;
mod secrets;
mod targets;
mod validate;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::catalog::{self, Catalog};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host};
use crate::lakehouse::Input;
use crate::source::Source;
use output::{AnswerArgs, FindingArgs, Talk};

const CLEAN: u8 = 0;
const FOUND: u8 = 1;
const FAILED: u8 = 2;

const DEFAULT_PROFILE: &str = "development";
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Compiles one lakehouse.toml into everything a data-lakehouse platform needs.
#[derive(Parser)]
#[command(
    name = "lakegen",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  lakegen init                          write a commented lakehouse.toml
  lakegen build --profile production    make everything that profile runs on
  lakegen build --check                 compare with what was made before
  lakegen explain-code L0201            what a code means"
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    talk: output::TalkArgs,
}

#[derive(Subcommand)]
enum Verb {
    Init(init::InitArgs),
    Build(build::BuildArgs),
    Capacity(capacity::CapacityArgs),
    Cel(cel::CelArgs),
    Connections(connections::ConnectionsArgs),
    Explain(explain::ExplainArgs),
    ExplainCode(reference::CodeArgs),
    Graph(graph::GraphArgs),
    Parity(parity::ParityArgs),
    Policy(policy::PolicyArgs),
    Targets(targets::TargetsArgs),
    Schema(reference::SchemaArgs),
    Schemas(schemas::SchemasArgs),
    Secrets(secrets::SecretsArgs),
    Promql(promql::PromqlArgs),
    Validate(validate::ValidateArgs),
    Completions(reference::CompletionsArgs),
    Man(reference::ManArgs),
}

impl Verb {
    /// The flags about what comes out, of the verbs that have them.
    fn ways(&self) -> (Option<&AnswerArgs>, Option<&FindingArgs>) {
        match self {
            Verb::Init(_) | Verb::Secrets(_) => (None, None),
            Verb::Build(args) => (Some(&args.answer), Some(&args.findings)),
            Verb::Capacity(args) => (Some(&args.answer), None),
            Verb::Cel(args) => (Some(&args.answer), None),
            Verb::Connections(args) => (Some(&args.answer), None),
            Verb::Explain(args) => (Some(&args.answer), Some(&args.findings)),
            Verb::Promql(args) => (Some(&args.answer), Some(&args.findings)),
            Verb::ExplainCode(args) => (Some(&args.answer), None),
            Verb::Graph(args) => (Some(&args.answer), None),
            Verb::Parity(args) => (Some(&args.answer), None),
            Verb::Policy(args) => (Some(&args.answer), None),
            Verb::Targets(args) => (Some(&args.answer), None),
            Verb::Schema(args) => (Some(&args.answer), None),
            Verb::Schemas(args) => (Some(&args.answer), None),
            Verb::Validate(args) => (Some(&args.answer), Some(&args.findings)),
            Verb::Completions(args) => (Some(&args.answer), None),
            Verb::Man(args) => (Some(&args.answer), None),
        }
    }
}

const LAKEHOUSE: &str = "lakehouse.toml";

/// What says which lakehouse is meant.
#[derive(Args)]
struct InputArgs {
    /// The lakehouse file [default: lakehouse.toml, here or in a folder above]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The profile to compile for [default: development]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A folder with components, modes and profiles of your own; it lies on top of the built-in catalog
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Overrides one value, above every file: --set components.prefect.replicas=3
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

/// Runs a command line; everything it says goes through `host`'s standard streams.
pub fn run(host: &dyn Host, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let talk = Talk::new(host, &cli.talk, cli.verb.ways());
    let mut diags = Diagnostics::default();
    let answer = match cli.verb {
        Verb::Init(args) => init::run(host, &args, &talk, &mut diags),
        Verb::Build(args) => build::run(host, &args, &talk, &mut diags),
        Verb::Capacity(args) => capacity::run(host, &args, &talk, &mut diags),
        Verb::Cel(args) => cel::run(host, &args, &talk, &mut diags),
        Verb::Connections(args) => connections::run(host, &args, &talk, &mut diags),
        Verb::Explain(args) => explain::run(host, &args, &talk, &mut diags),
        Verb::ExplainCode(args) => reference::code(&args, &talk, &mut diags),
        Verb::Graph(args) => graph::run(host, &args, &talk, &mut diags),
        Verb::Parity(args) => parity::run(host, &args, &talk, &mut diags),
        Verb::Policy(args) => policy::run(host, &args, &talk, &mut diags),
        Verb::Targets(args) => targets::run(host, &args, &talk, &mut diags),
        Verb::Schema(args) => reference::schema(host, &args, &talk, &mut diags),
        Verb::Schemas(args) => schemas::run(&args, &talk, &mut diags),
        Verb::Secrets(args) => secrets::run(host, &args, &talk, &mut diags),
        Verb::Promql(args) => promql::run(host, &args, &talk, &mut diags),
        Verb::Validate(args) => validate::run(host, &args, &talk, &mut diags),
        Verb::Completions(args) => reference::completions(&args, &talk),
        Verb::Man(args) => reference::man(&args, &talk, &mut diags),
    };
    talk.finish(&answer, &diags)
}

/// Help and version are answers; anything else is wrong use.
fn usage(error: &clap::Error) -> u8 {
    let printed = error.print();
    if error.use_stderr() || printed.is_err() { FAILED } else { CLEAN }
}

impl InputArgs {
    fn catalog(&self, host: &dyn Host, diags: &mut Diagnostics) -> Result<Catalog, Reported> {
        catalog::load(host, self.catalog.as_deref(), diags)
    }

    fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or(DEFAULT_PROFILE)
    }

    fn input(&self, host: &dyn Host, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Input, Reported> {
        let file = self.file(host, diags)?;
        talk.say_more(&format!("reading {}", file.name));
        Ok(Input { file, profile: self.profile().to_owned(), sets: self.sets.clone() })
    }

    /// Where the output of a mode lies: out/<profile>/<mode> beside the lakehouse.toml that was found, or the folder asked for.
    fn root(&self, host: &dyn Host, out: Option<&Path>, profile: &str, mode: &str, modes: usize) -> PathBuf {
        match out {
            Some(folder) if modes > 1 => folder.join(mode),
            Some(folder) => folder.to_owned(),
            None => {
                let found = if self.config.is_none() { host::find_upwards(host, LAKEHOUSE) } else { None };
                found.unwrap_or_default().with_file_name("out").join(profile).join(mode)
            }
        }
    }

    fn file(&self, host: &dyn Host, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
        match self.config.clone().or_else(|| host::find_upwards(host, LAKEHOUSE)) {
            Some(path) if path == Path::new("-") => output::standard_input(diags),
            Some(path) => host::source(host, &path, MAX_FILE_BYTES, diags),
            None => {
                let diagnostic = diags.error(Code::Unreadable, "there is no lakehouse.toml here or in any folder above");
                diagnostic.help("`lakegen init` writes one; --config names another file");
                diags.checkpoint()?;
                unreachable!("an error was just reported")
            }
        }
    }
}

/// The colours a flag asks for.
fn color(choice: ColorChoice, is_terminal: bool, host: &dyn Host) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            is_terminal
                && host.var("NO_COLOR").is_none_or(|value| value.is_empty())
                && host.var("TERM").as_deref() != Some("dumb")
        }
    }
}
