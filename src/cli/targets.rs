//! `lakegen targets`: what is promised, and what measures, watches and shows it.

use std::fmt::Write as _;

use clap::Args;

use super::InputArgs;
use super::output::{AnswerArgs, Talk};
use crate::diagnostic::{Diagnostics, Reported};
use crate::host::Host;
use crate::report::Summary;
use crate::targets::{self, Row};
use crate::{graph, lakehouse};

/// Show what is promised, and what measures, watches and shows it
#[derive(Args)]
#[command(after_help = "\
What is promised stands in [targets]. A target that some way has nothing for is an error; where nobody wants to know (no
Prometheus, no Grafana) there is a dash.

Examples:
  lakegen targets --profile production
  lakegen targets --profile production --mode compose")]
pub(super) struct TargetsArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// Only these modes [default: those of the profile]
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
}

pub(super) fn run(host: &dyn Host, args: &TargetsArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, talk, diags)?;
    let lakehouse = lakehouse::read(&catalog, &input, diags)?;
    let mut out = String::new();
    for mode in crate::wanted(&lakehouse, &args.modes, diags)? {
        let graph = graph::build(&lakehouse, mode, diags)?;
        let rows = targets::rows(&lakehouse, &graph);
        table(&mode.name, &rows, &mut out);
        targets::check(&rows, diags);
    }
    talk.answer(&out, diags)?;
    diags.checkpoint()?;
    Ok(Summary::default())
}

/// One paragraph a target: it may be tied to several things in each way.
fn table(mode: &str, rows: &[Row], out: &mut String) {
    let _ = writeln!(out, "{mode}:");
    if rows.is_empty() {
        out.push_str("  nothing is promised\n");
    }
    for row in rows {
        let value = row.value.to_json();
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(out, "  {} = {value}", row.target);
        for tie in &row.ties {
            let names = if tie.is_wanted && tie.names.is_empty() { "NONE".to_owned() } else { tie.names.join(", ") };
            let _ = writeln!(out, "    {:<6} {}", tie.way, if names.is_empty() { "-" } else { &names });
        }
    }
}
