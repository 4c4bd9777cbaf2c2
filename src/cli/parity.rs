//! `lakegen parity`: what each mode makes of what the components say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;

use super::InputArgs;
use super::output::{AnswerArgs, Talk};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::Host;
use crate::lakehouse::{Instance, Lakehouse};
use crate::parity::{self, Cell, Row, Side};
use crate::report::Summary;
use crate::{catalog::Mode, document, graph, lakehouse, plan};

/// Show what each mode makes of what the components say, and what it loses
#[derive(Args)]
#[command(after_help = "\
A property is `yes` where it comes through, `operator` where an operator sees to it, and a number where the mode cannot hold
it: the reasons stand below the table. Anything else is lost, which is an error.

Examples:
  lakegen parity
  lakegen parity --profile production --mode compose --mode k3s")]
pub(super) struct ParityArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// Only these modes [default: every mode there is]
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
}

pub(super) fn run(host: &dyn Host, args: &ParityArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, talk, diags)?;
    let lakehouse = lakehouse::read(&catalog, &input, diags)?;
    let modes: Vec<&Mode> = match args.modes.is_empty() {
        true => catalog.public_modes().filter(|mode| !mode.is_part).collect(),
        false => crate::wanted(&lakehouse, &args.modes, diags)?,
    };
    let mut made = Vec::new();
    for mode in &modes {
        let graph = graph::build(&lakehouse, mode, diags)?;
        let units = plan::plan(&lakehouse, &graph, mode, &graph.scope, diags)?;
        let documents = document::render(&lakehouse, &units, &|document, _| document, diags)?;
        made.push((graph, documents));
    }
    let side = |(mode, (graph, documents))| Side { graph, documents, without: mode_without(mode) };
    let sides: Vec<Side<'_>> =
        modes.iter().copied().zip(made.iter().map(|(graph, documents)| (graph, &documents[..]))).map(side).collect();
    let rows = parity::compare(&catalog.parity, &idle(&lakehouse), &sides);
    let names: Vec<&str> = modes.iter().map(|mode| mode.name.as_str()).collect();
    talk.answer(&table(&rows, &names), diags)?;
    rows.iter().for_each(|row| report(row, &names, diags));
    diags.checkpoint()?;
    Ok(Summary::default())
}

/// Why nothing of each component runs in some modes.
fn idle<'a>(lakehouse: &'a Lakehouse<'_>) -> BTreeMap<&'a str, &'a str> {
    let reason =
        |instance: &'a Instance<'_>| (instance.name.as_str().unwrap_or_default(), instance.component.manifest.text("idle"));
    lakehouse.instances.iter().map(reason).collect()
}

fn mode_without(mode: &Mode) -> Option<&crate::node::Node> {
    mode.without.as_deref()
}

fn report(row: &Row, modes: &[&str], diags: &mut Diagnostics) {
    for (mode, _) in modes.iter().zip(&row.cells).filter(|(_, cell)| **cell == Cell::Lost) {
        let message = format!("{mode} loses what {} says of {}", row.component, row.property);
        let help = format!(
            "let a template of {mode} write it, or give the reason in its mode.toml, under [without]; where nothing of the component runs, as idle in its component.toml"
        );
        diags.error(Code::Lost, message).help(help);
    }
}

/// A table for people; the reasons stand below it, each once.
fn table(rows: &[Row], modes: &[&str]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut lines =
        vec![["component", "property"].into_iter().chain(modes.iter().copied()).map(str::to_owned).collect::<Vec<_>>()];
    for row in rows {
        let cells = row.cells.iter().map(|cell| match cell {
            Cell::Held => "yes".to_owned(),
            Cell::Operated => "operator".to_owned(),
            Cell::Lost => "LOST".to_owned(),
            Cell::Without(reason) => format!("({})", number(&mut reasons, reason)),
        });
        lines.push([row.component.clone(), row.property.clone()].into_iter().chain(cells).collect());
    }
    let widths: Vec<usize> =
        (0..modes.len() + 2).map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(out, "{}", padded.join("  ").trim_end());
    }
    for (index, reason) in reasons.iter().enumerate() {
        let _ = writeln!(out, "{}({}) {reason}", if index == 0 { "\n" } else { "" }, index + 1);
    }
    out
}

fn number<'r>(reasons: &mut Vec<&'r str>, reason: &'r str) -> usize {
    let at = reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
        reasons.push(reason);
        reasons.len() - 1
    });
    at + 1
}
