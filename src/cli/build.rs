//! `lakegen build`: compile, then write, compare or stream.

use std::path::PathBuf;

use clap::Args;

use super::output::{FindingArgs, Talk};
use super::{InputArgs, root};
use crate::diagnostic::{Diagnostics, Reported};
use crate::host::Host;
use crate::report::Summary;
use crate::tree::{self, Overwrite, Tree};
use crate::{Output, compile};

/// Compile lakehouse.toml and write what every mode of the profile needs
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen build                                    every mode of the profile development
  lakegen build --profile production               … of production, to out/production/<mode>
  lakegen build --mode compose --out deploy        one mode, to a folder of its own
  lakegen build --mode k3s-local --stdout | kubectl apply -f -
  lakegen build --check                            exit 1 and a diff where the files are not up to date")]
pub(super) struct BuildArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    /// Only these modes
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
    /// Where to write [default: out/<profile>/<mode>]; with several modes, each in a folder of its name
    #[arg(long, value_name = "DIR", conflicts_with = "stdout")]
    out: Option<PathBuf>,
    /// Write every document to stdout, one stream
    #[arg(long, conflicts_with = "check")]
    stdout: bool,
    /// Write nothing; compare with what is there, show the difference
    #[arg(long)]
    check: bool,
    /// Overwrite files that lakegen did not write or that were changed by hand
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    force: bool,
}

pub(super) fn run(host: &dyn Host, args: &BuildArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, diags)?;
    let outputs = compile(&catalog, &input, &args.modes, diags)?;
    for output in &outputs {
        talk.say_more(&format!("{}: {} documents compiled", output.mode, output.documents.len()));
    }
    let summary = Summary {
        files: outputs.iter().map(|output| output.documents.len()).sum(),
        objects: outputs.iter().flat_map(|output| &output.documents).map(|document| document.objects()).sum(),
        ..Summary::default()
    };
    if args.stdout {
        talk.answer(&stream(&outputs), diags)?;
        return Ok(summary);
    }
    for output in &outputs {
        let files = output.documents.iter().map(|document| document.file()).collect();
        let root = root(args.out.as_deref(), args.input.profile(), &output.mode, outputs.len());
        let tree = Tree::new(files, diags)?;
        if args.check {
            check(host, &tree, &root, talk, diags)?;
        } else {
            args.write(host, &tree, &root, talk, diags)?;
        }
    }
    diags.checkpoint()?;
    Ok(summary)
}

impl BuildArgs {
    fn write(
        &self,
        host: &dyn Host,
        tree: &Tree,
        root: &std::path::Path,
        talk: &Talk<'_>,
        diags: &mut Diagnostics,
    ) -> Result<(), Reported> {
        let overwrite = if self.force { Overwrite::Anything } else { Overwrite::Ours };
        let done = tree.write(host, root, overwrite, &mut |line| talk.say(line), diags)?;
        let removed = if done.removed > 0 { format!(", {} removed", done.removed) } else { String::new() };
        talk.say(&format!("{}: {} written, {} unchanged{removed}", root.display(), done.written, done.unchanged));
        Ok(())
    }
}

/// Shows what differs, to people; goes on to the other modes.
fn check(host: &dyn Host, tree: &Tree, root: &std::path::Path, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let differences = tree.diff(host, root, diags)?;
    if talk.is_for_people() {
        talk.answer(&tree::unified(&differences), diags)?;
    }
    let _ = tree::report(root, &differences, diags);
    Ok(())
}

/// All documents as one YAML stream; text files have no place in it.
fn stream(outputs: &[Output]) -> String {
    let documents = outputs.iter().flat_map(|output| &output.documents).filter(|document| document.is_streamed);
    documents.map(|document| format!("---\n# {}\n{}", document.path, document.print())).collect()
}
