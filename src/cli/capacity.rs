//! `lakegen capacity`: what machines hold of a platform, at every level and after a loss.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::InputArgs;
use super::output::{AnswerArgs, Talk, standard_input};
use crate::capacity::{self, Pool};
use crate::check::{self, Admission, Answer, Options, Survey, Tables, World};
use crate::diagnostic::{Code, Diagnostics, Reported, Severity};
use crate::host::Host;
use crate::inputs::Inputs;
use crate::report::Summary;
use crate::source::Source;
use crate::{catalog, compile};

/// Tell whether machines hold a platform, how full they are, and what the loss of one stops
#[derive(Args)]
#[command(after_help = "\
Without files it is about the platform of lakehouse.toml, on the machines that its modes' settings tell of: [MODE.pools.NAME]. Pods are
placed as the scheduler places them; that no place was found for some is told apart from the proof that there is none.

A file of machines ends with .toml and has a table for each pool, or is what `kubectl get nodes -o yaml` says:
  [pools.workers]
  nodes = 9
  cpu = \"8\"
  memory = \"32GiB\"
  zones = [\"a\", \"b\", \"c\"]

Examples:
  lakegen capacity --profile production
  lakegen capacity --profile production --set components.prefect.replicas=9
  lakegen capacity --pools machines.toml deploy/        of files, on machines told as tables [pools.NAME]
  kubectl get nodes -o yaml > nodes.yaml && lakegen capacity --pools nodes.yaml deploy/
  lakegen capacity --profile production --format json | jq '.[].levels'")]
pub(super) struct CapacityArgs {
    /// Files and folders with objects; - is standard input [default: what lakehouse.toml makes]
    #[arg(value_name = "PATH", requires = "pools")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// Only these modes [default: those of the profile with machines]
    #[arg(long = "mode", value_name = "MODE", conflicts_with = "paths")]
    modes: Vec<String>,
    /// Files that tell of the machines: tables [pools.NAME] as in a mode's settings, or Nodes of a cluster
    #[arg(long = "pools", value_name = "FILE")]
    pools: Vec<PathBuf>,
    /// How it is told
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(host: &dyn Host, args: &CapacityArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let told = pools(host, &args.pools, diags)?;
    let surveys =
        if args.paths.is_empty() { of_lakehouse(host, args, talk, &told, diags)? } else { of_files(host, args, told, diags)? };
    if surveys.is_empty() {
        diags
            .error(Code::BadArgument, "no machines are told of")
            .help("say them as [MODE.pools.NAME], or in a file (--pools), or ask of a --profile that has some: production");
    }
    let text = match args.format {
        Format::Text => surveys.iter().map(|(title, survey)| text(title, survey)).collect::<Vec<_>>().join("\n"),
        Format::Json => {
            let all: Vec<Value> = surveys.iter().map(|(title, survey)| as_json(title, survey)).collect();
            format!("{}\n", serde_json::to_string_pretty(&all).expect("it has names for keys"))
        }
    };
    talk.answer(&text, diags)?;
    diags.checkpoint()?;
    Ok(Summary::default())
}

/// The machines that files tell of.
pub(super) fn pools(host: &dyn Host, paths: &[PathBuf], diags: &mut Diagnostics) -> Result<Vec<Pool>, Reported> {
    let inputs = Inputs::gather(host, paths, &standard_input, diags)?;
    if inputs.files.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = catalog::load(host, None, diags)?;
    let mut pools = Vec::new();
    for file in 0..inputs.files.len() {
        pools.extend(capacity::pools_in(&inputs.read(file, diags)?, &catalog, diags));
    }
    Ok(pools)
}

fn of_lakehouse(
    host: &dyn Host,
    args: &CapacityArgs,
    talk: &Talk<'_>,
    told: &[Pool],
    diags: &mut Diagnostics,
) -> Result<Vec<(String, Survey)>, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, talk, diags)?;
    let mut surveys = Vec::new();
    for output in compile(&catalog, &input, &args.modes, diags)? {
        let pools = if told.is_empty() { capacity::pools_of(&output.settings, diags) } else { told.to_vec() };
        if pools.is_empty() {
            continue;
        }
        let texts = output.documents.iter().filter(|document| document.is_streamed);
        let inputs = Inputs::of(host, texts.map(|document| Source::new(document.path.clone(), document.print())).collect());
        let title = format!("{} {}", output.profile, output.mode);
        surveys.extend(survey(&inputs, pools, true, diags).map(|survey| (title, survey)));
    }
    Ok(surveys)
}

fn of_files(
    host: &dyn Host,
    args: &CapacityArgs,
    told: Vec<Pool>,
    diags: &mut Diagnostics,
) -> Result<Vec<(String, Survey)>, Reported> {
    let inputs = Inputs::gather(host, &args.paths, &standard_input, diags)?;
    let title = args.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ");
    Ok(survey(&inputs, told, false, diags).map(|survey| (title, survey)).into_iter().collect())
}

fn survey(inputs: &Inputs<'_>, pools: Vec<Pool>, is_complete: bool, diags: &mut Diagnostics) -> Option<Survey> {
    let options = Options { pools, is_complete, ..Options::reading() };
    let kinds = check::kinds(options.version, &[inputs], diags);
    let world = World { options: &options, kinds: &kinds, tables: Tables::load(), inputs, admission: &Admission::default() };
    let index = check::index(&world, diags);
    let mut found = Diagnostics::default();
    let survey = check::survey(&index, &world, &mut found);
    // The rest is in the survey itself.
    diags.append(found.iter().filter(|one| one.severity > Severity::Note).cloned().collect());
    if survey.is_none() {
        diags.note(Code::NoPlacement, "nothing here makes pods, or more than can be tried out one by one");
    }
    survey
}

fn text(title: &str, survey: &Survey) -> String {
    let machines: usize = survey.pools.iter().map(|pool| pool.machines).sum();
    let mut out = format!("{title}: {machines} machine{}\n\n", if machines == 1 { "" } else { "s" });
    let width = survey.pools.iter().map(|pool| pool.name.len()).max().unwrap_or_default().max("pool".len());
    let _ = writeln!(out, "  {:<width$}  {:>8}  {:>5}  {:>5}  asked for, of all there is", "pool", "machines", "zones", "pods");
    for pool in &survey.pools {
        let asked = pool.resources.iter().map(|(name, asked, room)| format!("{name} {asked} of {room}")).collect::<Vec<_>>();
        let (name, machines, zones, pods) = (&pool.name, pool.machines, pool.zones, pool.pods);
        let _ = writeln!(out, "  {name:<width$}  {machines:>8}  {zones:>5}  {pods:>5}  {}", asked.join(", "));
    }
    out.push('\n');
    for level in &survey.levels {
        let _ = writeln!(out, "  {:<27}  {:>5} pods  {}", level.name, level.pods, words(&level.answer));
        for why in level.answer.why() {
            let _ = writeln!(out, "      {why}");
        }
    }
    for (what, is_zone) in [("machine", false), ("zone", true)] {
        losses(what, is_zone, survey, &mut out);
    }
    out
}

fn words(answer: &Answer) -> String {
    match answer {
        Answer::Fits => "fit".to_owned(),
        Answer::FitsAt(counts) => {
            let each = counts.iter().map(|(pool, count)| format!("{count} {pool}")).collect::<Vec<_>>();
            format!("fit only at {} machines ({})", counts.iter().map(|(_, count)| count).sum::<usize>(), each.join(", "))
        }
        Answer::Cannot(_) => "cannot".to_owned(),
        Answer::Unknown(_) => "no place was found for all".to_owned(),
    }
}

/// One line where nothing is missed whichever of them is lost, else one for each that is.
fn losses(what: &str, is_zone: bool, survey: &Survey, out: &mut String) {
    let all: Vec<_> = survey.losses.iter().filter(|loss| loss.is_zone == is_zone).collect();
    let missed: Vec<_> = all.iter().filter(|loss| !loss.stops.is_empty() || loss.lacks.is_some()).collect();
    if all.is_empty() {
        return;
    }
    let title = format!("the loss of any {what}");
    if missed.is_empty() {
        let most = all.iter().map(|loss| loss.pods).max().unwrap_or_default();
        let _ = writeln!(out, "  {title:<27}  {most:>5} pods  at most, all of which find room, or are spared by their budget");
        return;
    }
    let _ = writeln!(out, "  {title:<27}  stops something in {} of {}:", missed.len(), all.len());
    for loss in missed {
        for stop in &loss.stops {
            let _ = writeln!(out, "      {} takes {stop}", loss.name);
        }
        if let Some(lacks) = &loss.lacks {
            let _ = writeln!(out, "      without {} not all find room: {lacks}", loss.name);
        }
    }
}

fn as_json(title: &str, survey: &Survey) -> Value {
    let resources = |(name, asked, room): &(String, String, String)| json!({"name": name, "asked": asked, "room": room});
    let pools = survey.pools.iter().map(|pool| {
        let resources: Vec<Value> = pool.resources.iter().map(resources).collect();
        json!({"name": pool.name, "machines": pool.machines, "zones": pool.zones, "pods": pool.pods, "resources": resources})
    });
    let levels = survey.levels.iter().map(|level| {
        let counts: Value = match &level.answer {
            Answer::FitsAt(counts) => counts.iter().map(|(pool, count)| (pool.clone(), json!(count))).collect(),
            _ => Value::Null,
        };
        json!({"name": level.name, "pods": level.pods, "answer": level.answer.name(), "machines": counts, "why": level.answer.why()})
    });
    let losses = survey.losses.iter().map(|loss| {
        let kind = if loss.is_zone { "zone" } else { "machine" };
        json!({"name": loss.name, "kind": kind, "pods": loss.pods, "stops": loss.stops, "lacks": loss.lacks})
    });
    let (pools, levels, losses): (Vec<Value>, Vec<Value>, Vec<Value>) = (pools.collect(), levels.collect(), losses.collect());
    json!({"of": title, "pools": pools, "levels": levels, "losses": losses})
}
