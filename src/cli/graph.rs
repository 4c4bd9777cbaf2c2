//! `lakegen graph`: the platform as a picture.

use clap::{Args, ValueEnum};

use super::InputArgs;
use super::output::{AnswerArgs, Talk};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{self, picture};
use crate::host::Host;
use crate::report::Summary;
use crate::{lakehouse, wanted};

/// Draw who talks to whom
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen graph                              Mermaid, for a README
  lakegen graph --format svg --output lake.svg   a picture
  lakegen graph --format dot | dot -Tpdf > lake.pdf
  lakegen graph --format json --mode k3s-local   for programs")]
pub(super) struct GraphArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The picture's format
    #[arg(long = "format", value_name = "FORMAT", default_value = "mermaid")]
    picture: Picture,
    /// As this mode realises it [default: the first mode of the profile]
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Picture {
    Mermaid,
    Dot,
    Svg,
    Json,
}

pub(super) fn run(host: &dyn Host, args: &GraphArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, talk, diags)?;
    let lakehouse = lakehouse::read(&catalog, &input, diags)?;
    let asked: Vec<String> = args.mode.iter().cloned().collect();
    let Some(mode) = wanted(&lakehouse, &asked, diags)?.into_iter().next() else { return Ok(Summary::default()) };
    let graph = graph::build(&lakehouse, mode, diags)?;
    let operators = graph::operators(&lakehouse, mode, &graph, diags)?;
    let format = match args.picture {
        Picture::Mermaid => picture::Format::Mermaid,
        Picture::Dot => picture::Format::Dot,
        Picture::Svg => picture::Format::Svg,
        Picture::Json => picture::Format::Json,
    };
    talk.answer(&picture::draw(&graph, &operators, format), diags)?;
    Ok(Summary::default())
}
