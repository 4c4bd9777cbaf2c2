//! `lakegen init`: a commented starting file.

use std::path::PathBuf;

use clap::Args;

use super::output::Talk;
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, Kind, reported};
use crate::report::Summary;

/// What a new user starts from.
const START: &str = include_str!("../../templates/init/lakehouse.toml");

/// Write a commented starting lakehouse.toml
#[derive(Args)]
#[command(after_help = "Examples:\n  lakegen init\n  lakegen init lakes/blue/lakehouse.toml")]
pub(super) struct InitArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE", default_value = "lakehouse.toml")]
    file: PathBuf,
}

pub(super) fn run(host: &dyn Host, args: &InitArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let shown = args.file.display();
    if !matches!(host.kind(&args.file), Ok(None) | Err(_)) {
        let is_folder = matches!(host.kind(&args.file), Ok(Some(Kind::Folder)));
        let message = if is_folder { format!("{shown} is a folder") } else { format!("{shown} is there already") };
        diags.error(Code::NotOurs, message).help("name another file");
        return Err(reported(diags));
    }
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), |folder| host.make_folders(folder));
    if let Err(error) = made.and_then(|()| host.create(&args.file, START.as_bytes(), false)) {
        diags.error(Code::CannotWrite, format!("{shown} cannot be written: {}", host::words(&error)));
        return Err(reported(diags));
    }
    talk.say(&format!("wrote {shown}; `lakegen build` makes what it says"));
    Ok(Summary::default())
}
