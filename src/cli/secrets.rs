//! `lakegen secrets init`: the values that no output holds, in files beside it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::InputArgs;
use super::output::Talk;
use crate::diagnostic::{Diagnostics, Reported};
use crate::host::Host;
use crate::report::Summary;
use crate::{graph, lakehouse, secrets, wanted};

/// Make the values of secrets, which no output holds
#[derive(Args)]
pub(super) struct SecretsArgs {
    #[command(subcommand)]
    verb: SecretsVerb,
}

#[derive(Subcommand)]
enum SecretsVerb {
    /// Make a file with a random value for each key that has none yet; nothing is ever overwritten
    #[command(after_help = "\
The files lie in the folder `secrets` beside what `lakegen build` writes. Nobody else can enter it, and git passes it
over; the files themselves can be read, because the users in the containers must.

Examples:
  lakegen secrets init                       for every mode of the profile development
  lakegen secrets init --mode compose --out deploy")]
    Init(InitArgs),
}

#[derive(Args)]
struct InitArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only these modes
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
    /// Where `build` wrote [default: out/<profile>/<mode>]; with several modes, each in a folder of its name
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(host: &dyn Host, args: &SecretsArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let SecretsVerb::Init(args) = &args.verb;
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, talk, diags)?;
    let lakehouse = lakehouse::read(&catalog, &input, diags)?;
    let modes = wanted(&lakehouse, &args.modes, diags)?;
    for mode in &modes {
        let graph = graph::build(&lakehouse, mode, diags)?;
        let root = args.input.root(host, args.out.as_deref(), args.input.profile(), &mode.name, modes.len());
        let done = secrets::init(host, &secrets::files(&graph, &root, diags)?, diags)?;
        talk.say(&format!("{}: {} secrets written, {} kept", root.display(), done.written, done.kept));
        for yours in done.yours {
            talk.say(&format!("write {} yourself: it opens a service that is not lakegen's", yours.display()));
        }
    }
    Ok(Summary::default())
}
