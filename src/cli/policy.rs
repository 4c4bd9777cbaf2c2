//! `lakegen policy`: the policies that come with lakegen, one request decided, samples held against their policies.

mod eval;
mod samples;

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::output::{AnswerArgs, Talk};
use crate::catalog;
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::Host;
use crate::policy::{self, Pack};
use crate::report::Summary;
use crate::yaml::{self, Limits, Yaml};

/// Policies: list, try out and export them, decide a request as the API server would
#[derive(Args)]
#[command(after_help = "\
A policy is a ValidatingAdmissionPolicy of Kubernetes. One without any binding is taken as bound to everything, to deny.

Examples:
  lakegen policy list                                        the policies that come with lakegen
  lakegen policy eval --policy p.yaml --object pod.yaml      what a policy says about an object
  lakegen policy test                                        the samples of every policy
  lakegen policy test policies/                              … of policies of your own
  lakegen policy export security | kubectl apply -f -        into a cluster")]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

#[derive(Subcommand)]
enum What {
    /// Print the policies that come with lakegen
    List(ListArgs),
    /// Decide one admission request
    Eval(Box<eval::EvalArgs>),
    /// Hold the samples beside policies against them
    Test(samples::TestArgs),
    /// Print what to install in a cluster
    Export(ListArgs),
}

#[derive(Args)]
struct ListArgs {
    /// Packs, or single policies such as security/privileged [default: all]
    #[arg(value_name = "PACK")]
    packs: Vec<String>,
}

pub(super) fn run(host: &dyn Host, args: &PolicyArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    match &args.what {
        What::List(args) => talk.answer(&list(&args.packs(diags)), diags)?,
        What::Eval(args) => eval::run(host, args, talk, diags)?,
        What::Test(args) => samples::run(host, args, talk, diags)?,
        What::Export(args) => {
            let packs = args.packs(diags);
            diags.checkpoint()?;
            talk.answer(&export(&packs), diags)?;
        }
    }
    diags.checkpoint()?;
    Ok(Summary::default())
}

impl ListArgs {
    fn packs(&self, diags: &mut Diagnostics) -> Vec<Pack<'static>> {
        let all = ["all".to_owned()];
        wanted(if self.packs.is_empty() { &all } else { &self.packs }, diags)
    }
}

/// The policies that the words of a command line mean, each once.
pub(super) fn wanted(names: &[String], diags: &mut Diagnostics) -> Vec<Pack<'static>> {
    let packs = policy::packs(catalog::built_in());
    for name in names.iter().filter(|name| !packs.iter().any(|pack| pack.is(name))) {
        let diagnostic = diags.error(Code::BadArgument, format!("there is no pack and no policy called {name}"));
        let mut known: Vec<&str> = packs.iter().map(|pack| pack.pack).collect();
        known.dedup();
        diagnostic.suggest(name, known);
    }
    packs.into_iter().filter(|pack| names.iter().any(|name| pack.is(name))).collect()
}

/// One line a policy: its name, what becomes of what it denies, what it is for, and what standards say the same.
fn list(packs: &[Pack<'_>]) -> String {
    let mut out = String::new();
    for pack in packs {
        let (policy, binding) = (first(pack, "policy.yaml"), first(pack, "binding.yaml"));
        let annotation =
            |name: &str| policy.pointer(&format!("/metadata/annotations/lakegen.dev~1{name}")).and_then(Yaml::as_str);
        let actions = binding.pointer("/spec/validationActions").map_or(&[][..], Yaml::items).iter();
        let actions: Vec<&str> = actions.filter_map(Yaml::as_str).collect();
        let name = format!("{}/{}", pack.pack, pack.name);
        let _ = write!(out, "{name:<40} {:<12} {}", actions.join(","), annotation("summary").unwrap_or_default());
        let controls = annotation("controls").map_or_else(String::new, |controls| format!(" ({controls})"));
        let _ = writeln!(out, "{controls}");
    }
    out
}

fn first<'p>(pack: &Pack<'p>, file: &str) -> Yaml<'p> {
    let text = pack.shipped.iter().find(|(path, _)| path.ends_with(file)).map_or("", |(_, text)| text);
    let documents = yaml::read(text, &Limits::default()).documents;
    let none = || Yaml { data: yaml::Data::Null, mark: yaml::Mark::default(), style: yaml::Style::Plain };
    documents.into_iter().next().map_or_else(none, |document| document.root)
}

fn export(packs: &[Pack<'_>]) -> String {
    let texts = packs.iter().flat_map(|pack| &pack.shipped).map(|(_, text)| *text);
    let documents: Vec<String> = texts.map(|text| format!("{}\n", text.trim_end())).collect();
    documents.join("---\n")
}
