//! The verbs that print what lakegen knows about itself: `explain-code`, `schema`, `completions`, `man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::Cli;
use super::output::{AnswerArgs, Talk};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Host, reported};
use crate::report::Summary;
use crate::{catalog, lakehouse};

/// Tell what a code means
#[derive(Args)]
#[command(after_help = "Examples:\n  lakegen explain-code L0201\n  lakegen explain-code        lists them all")]
pub(super) struct CodeArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The code, as findings show it
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Print the JSON Schema of lakehouse.toml, for editors
#[derive(Args)]
#[command(
    after_help = "Examples:\n  lakegen schema --output lakehouse.schema.json\n  lakegen schema --catalog ours    with your own components in it"
)]
pub(super) struct SchemaArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// A folder with components, modes and profiles of your own
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
}

/// Print the completions of a shell
#[derive(Args)]
#[command(after_help = "Examples:\n  lakegen completions bash > /etc/bash_completion.d/lakegen")]
pub(super) struct CompletionsArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The shell
    shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Args)]
#[command(after_help = "Examples:\n  lakegen man | man -l -\n  lakegen man build")]
pub(super) struct ManArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The verb; without one, the page of lakegen itself
    verb: Option<String>,
}

pub(super) fn code(args: &CodeArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let text = match &args.code {
        None => Code::ALL.iter().map(|code| format!("{}  {}\n", code.id(), code.title())).collect(),
        Some(id) => match Code::parse(id) {
            Some(code) => format!("{}: {}\n\n{}\n", code.id(), code.title(), code.explanation()),
            None => {
                let known = Code::ALL.iter().map(|code| code.id());
                diags.error(Code::BadArgument, format!("there is no code {id}")).suggest(id, known);
                return Err(reported(diags));
            }
        },
    };
    talk.answer(&text, diags)?;
    Ok(Summary::default())
}

pub(super) fn schema(host: &dyn Host, args: &SchemaArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = catalog::load(host, args.catalog.as_deref(), diags)?;
    let schema = lakehouse::json_schema(&catalog);
    talk.answer(&format!("{schema:#}\n"), diags)?;
    Ok(Summary::default())
}

pub(super) fn completions(args: &CompletionsArgs, talk: &Talk<'_>) -> Result<Summary, Reported> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lakegen", &mut text);
    talk.answer(&String::from_utf8_lossy(&text), &mut Diagnostics::default())?;
    Ok(Summary::default())
}

pub(super) fn man(args: &ManArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let mut command = Cli::command();
    command.build();
    let page = match &args.verb {
        Some(verb) => command.find_subcommand(verb).ok_or_else(|| unknown_verb(&command, verb, diags))?,
        None => &command,
    };
    let mut text = Vec::new();
    // A Vec takes every write.
    let _ = clap_mangen::Man::new(page.clone()).render(&mut text);
    talk.answer(&String::from_utf8_lossy(&text), diags)?;
    Ok(Summary::default())
}

fn unknown_verb(command: &clap::Command, verb: &str, diags: &mut Diagnostics) -> Reported {
    let known = command.get_subcommands().map(clap::Command::get_name);
    diags.error(Code::BadArgument, format!("there is no command {verb}")).suggest(verb, known);
    reported(diags)
}
