//! `lakegen secrets init`: the values that no output holds, in files beside it.

use std::path::{Path, PathBuf};

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
    /// Put new certificates in the place of those that end within 30 days
    #[command(after_help = "\
Only certificates that `lakegen secrets init` made are renewed, by the same authority: who trusts them still does. Programs
that do not look at their files again must be started again, as the README of the output says.

Examples:
  lakegen secrets renew
  lakegen secrets renew --all --mode compose     also those that do not end soon")]
    Renew(RenewArgs),
}

#[derive(Args)]
struct RenewArgs {
    #[command(flatten)]
    place: InitArgs,
    /// Renew all of them
    #[arg(long)]
    all: bool,
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
    let place = match &args.verb {
        SecretsVerb::Init(place) => place,
        SecretsVerb::Renew(renew) => &renew.place,
    };
    let catalog = place.input.catalog(host, diags)?;
    let input = place.input.input(host, talk, diags)?;
    let lakehouse = lakehouse::read(&catalog, &input, diags)?;
    let modes = wanted(&lakehouse, &place.modes, diags)?;
    for mode in &modes {
        let graph = graph::build(&lakehouse, mode, diags)?;
        let root = place.input.root(host, place.out.as_deref(), place.input.profile(), &mode.name, modes.len());
        let files = secrets::files(&graph, &root, diags)?;
        match &args.verb {
            SecretsVerb::Init(_) => told(&root, &secrets::init(host, &files, diags)?, talk),
            SecretsVerb::Renew(renew) => {
                let renewed = secrets::renew(host, &files, renew.all, diags)?;
                talk.say(&format!("{}: {renewed} of {} certificates renewed", root.display(), files.pairs.len()));
            }
        }
    }
    Ok(Summary::default())
}

fn told(root: &Path, done: &secrets::Done, talk: &Talk<'_>) {
    talk.say(&format!("{}: {} secrets written, {} kept", root.display(), done.written, done.kept));
    for yours in &done.yours {
        talk.say(&format!("write {} yourself: it opens a service that is not lakegen's", yours.display()));
    }
    if done.ending > 0 {
        let days = secrets::SOON_DAYS;
        talk.say(&format!("{} certificates end within {days} days: `lakegen secrets renew` makes new ones", done.ending));
    }
}
