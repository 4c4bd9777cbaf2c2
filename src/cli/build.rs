//! `lakegen build`: compile, judge, then write, compare or stream.

mod judge;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use clap::Args;

use super::InputArgs;
use super::output::{AnswerArgs, FindingArgs, Talk};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostics, Reported};
use crate::document::Document;
use crate::host::Host;
use crate::lakehouse::Input;
use crate::report::Summary;
use crate::tree::{self, File, Overwrite, Tree};
use crate::upgrade::{self, Rules};
use crate::{Output, Wish, compile_all, compile_into};

/// Compile lakehouse.toml and write what every mode of the profile needs
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen build                                    every mode of the profile development
  lakegen build --profile production               … of production, to out/production/<mode>
  lakegen build --mode compose --out deploy        one mode, to a folder of its own
  lakegen build --mode k3s-local --stdout | kubectl apply -f -
  lakegen build --check                            exit 1 and a diff where the files are not up to date
  lakegen build --all                              every mode of every profile, to out/<profile>/<mode>")]
pub(super) struct BuildArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    /// Only these modes
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
    /// Every profile with every mode, or with those of --mode, in one go
    #[arg(long, conflicts_with_all = ["profile", "stdout"])]
    all: bool,
    /// Where to write [default: out/<profile>/<mode> beside the lakehouse.toml that was found]; with several modes, each in a folder of its name; with --all, each in
    /// <profile>/<mode>
    #[arg(long, value_name = "DIR", conflicts_with = "stdout")]
    out: Option<PathBuf>,
    /// Write every document to stdout, one stream
    #[arg(long, conflicts_with = "check")]
    stdout: bool,
    /// Write nothing; compare with what is there, show the difference
    #[arg(long)]
    check: bool,
    /// Leave out the checks of what is made
    #[arg(long)]
    unjudged: bool,
    /// Overwrite files that lakegen did not write or that were changed by hand
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    force: bool,
    /// Go on although the output before would not take this change, by the code of its finding, such as L0701
    #[arg(long = "accept", value_name = "CODE", conflicts_with_all = ["check", "stdout"])]
    accepted: Vec<String>,
}

pub(super) fn run(host: &dyn Host, args: &BuildArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    upgrade::check_accepted(&args.accepted, diags)?;
    // The process ends soon after, and to take the catalog apart takes more than half as long as to read it.
    let catalog = ManuallyDrop::new(args.input.catalog(host, diags)?);
    let input = args.input.input(host, talk, diags)?;
    let outputs = args.compile(&catalog, &input, talk, diags)?;
    for output in &outputs {
        talk.say_more(&format!("{} {}: {} documents compiled", output.profile, output.mode, output.documents.len()));
    }
    let mut summary = Summary {
        files: outputs.iter().map(|output| output.documents.len()).sum(),
        objects: outputs.iter().flat_map(|output| &output.documents).filter(|document| document.is_object).count(),
        ..Summary::default()
    };
    if !args.unjudged {
        summary.excepted = args.judge(host, &catalog, &input, &outputs, diags);
        diags.checkpoint()?;
    }
    if args.stdout {
        talk.answer(&stream(&outputs), diags)?;
        return Ok(summary);
    }
    let rules = Rules { rules: &catalog.upgrades, types: &catalog.types, accepted: &args.accepted };
    let mut shown = String::new();
    for done in args.put_all(host, outputs, &rules, talk) {
        done.said.iter().for_each(|line| talk.say(line));
        shown.push_str(&done.shown);
        diags.merge(done.found);
    }
    if args.check && talk.is_for_people() {
        talk.answer(&shown, diags)?;
    }
    diags.checkpoint()?;
    Ok(summary)
}

/// What became of one folder. What is found in one does not keep the next from being looked at.
#[derive(Default)]
struct Done {
    said: Option<String>,
    /// What differs, for people.
    shown: String,
    found: Diagnostics,
}

/// What is kept of a document: its bytes are far less than its tree.
struct Printed {
    file: File,
    is_streamed: bool,
    is_object: bool,
}

impl BuildArgs {
    fn compile(
        &self,
        catalog: &Catalog,
        input: &Input,
        talk: &Talk<'_>,
        diags: &mut Diagnostics,
    ) -> Result<Vec<Output<Printed>>, Reported> {
        // Profiles that are made side by side have no one number to count to.
        let progress = if self.all { None } else { talk.progress() };
        let finish = |document: Document, total| {
            if let Some(signs) = progress.as_ref().and_then(|progress| progress.step(total)) {
                talk.show(&signs);
            }
            Printed { file: document.file(), is_streamed: document.is_streamed, is_object: document.objects() > 0 }
        };
        let wish = Wish { finish: &finish, is_judged: !self.unjudged };
        let outputs = match self.all {
            true => compile_all(catalog, input, &self.modes, &wish, diags),
            false => compile_into(catalog, input, &self.modes, &wish, diags),
        };
        if let Some(signs) = progress.as_ref().and_then(|progress| progress.end()) {
            talk.show(signs);
        }
        outputs
    }

    fn root(&self, host: &dyn Host, output: &Output<Printed>, outputs: usize) -> PathBuf {
        let of_profile = self.out.as_ref().filter(|_| self.all).map(|folder| folder.join(&output.profile));
        self.input.root(host, of_profile.as_deref().or(self.out.as_deref()), &output.profile, &output.mode, outputs)
    }

    /// A thread for each folder, since they wait for the disk. A job of the pool would take another folder while it
    /// waits, and two runs could each hold the lock that the other needs.
    fn put_all(&self, host: &dyn Host, outputs: Vec<Output<Printed>>, rules: &Rules<'_>, talk: &Talk<'_>) -> Vec<Done> {
        let count = outputs.len();
        std::thread::scope(|scope| {
            let put = |output: Output<Printed>| {
                let root = self.root(host, &output, count);
                scope.spawn(move || {
                    let mut done = Done::default();
                    let _ = self.put(host, output, &root, rules, talk, &mut done);
                    done
                })
            };
            let threads: Vec<_> = outputs.into_iter().map(put).collect();
            threads.into_iter().map(|thread| thread.join().expect("a panic is a mistake of ours")).collect()
        })
    }

    fn put(
        &self,
        host: &dyn Host,
        output: Output<Printed>,
        root: &Path,
        rules: &Rules<'_>,
        talk: &Talk<'_>,
        done: &mut Done,
    ) -> Result<(), Reported> {
        let files = output.documents.into_iter().map(|document| document.file).collect();
        let tree = Tree::new(files, &mut done.found)?;
        if !self.check {
            upgrade::check(host, root, tree.files(), &tree.gone(host, root), rules, &mut done.found);
            done.found.checkpoint()?;
        }
        match self.check {
            true => check(host, &tree, root, done),
            false => self.write(host, &tree, root, talk, done),
        }
    }

    fn write(&self, host: &dyn Host, tree: &Tree, root: &Path, talk: &Talk<'_>, done: &mut Done) -> Result<(), Reported> {
        let overwrite = if self.force { Overwrite::Anything } else { Overwrite::Ours };
        let summary = tree.write(host, root, overwrite, &mut |line| talk.say(line), &mut done.found)?;
        let removed = if summary.removed > 0 { format!(", {} removed", summary.removed) } else { String::new() };
        let (written, unchanged) = (summary.written, summary.unchanged);
        done.said = Some(format!("{}: {written} written, {unchanged} unchanged{removed}", root.display()));
        Ok(())
    }
}

fn check(host: &dyn Host, tree: &Tree, root: &Path, done: &mut Done) -> Result<(), Reported> {
    let differences = tree.diff(host, root, &mut done.found)?;
    // To see what is missing where nothing is, nobody needs all of it.
    if tree.is_absent(&differences) {
        return tree::report_absent(root, &differences, &mut done.found);
    }
    done.shown = tree::unified(&differences);
    tree::report(root, &differences, &mut done.found)
}

/// All documents as one YAML stream; text files have no place in it.
fn stream(outputs: &[Output<Printed>]) -> String {
    let documents = outputs.iter().flat_map(|output| &output.documents).filter(|document| document.is_streamed);
    let text = |file: &File| format!("---\n# {}\n{}", file.path, String::from_utf8_lossy(&file.bytes));
    documents.map(|document| text(&document.file)).collect()
}
