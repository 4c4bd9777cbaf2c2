//! How answers and findings leave the program: results on stdout or in a file, talk on stderr.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ColorChoice, ValueEnum};

use super::progress::Progress;
use super::{CLEAN, FAILED, FOUND, color};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, Severity};
use crate::host::{Host, Kind, reported, words};
use crate::report::{self, Format, Style, Summary};
use crate::source::Source;

const MAX_INPUT_BYTES: u64 = 16 << 20;
const DEFAULT_WIDTH: usize = 120;

#[derive(Args)]
pub(super) struct TalkArgs {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: ColorChoice,
    /// Say less: only findings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: which file is read, how many documents a mode has, every reason that `explain` knows
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

/// For the verbs that have a result.
#[derive(Args)]
pub(super) struct AnswerArgs {
    /// Write the result to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// For the verbs whose findings programs read.
#[derive(Args)]
pub(super) struct FindingArgs {
    /// How findings are written
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: FindingFormat,
    /// The least severe finding that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
}

#[derive(Clone, Copy, ValueEnum)]
enum FindingFormat {
    Human,
    Json,
    Jsonl,
    Sarif,
    Junit,
    Github,
    Markdown,
}

impl FindingArgs {
    fn fail_on(&self) -> Severity {
        match self.fail_on {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Note => Severity::Note,
        }
    }

    fn format(&self) -> Format {
        match self.format {
            FindingFormat::Human => Format::Human,
            FindingFormat::Json => Format::Json,
            FindingFormat::Jsonl => Format::Jsonl,
            FindingFormat::Sarif => Format::Sarif,
            FindingFormat::Junit => Format::Junit,
            FindingFormat::Github => Format::Github,
            FindingFormat::Markdown => Format::Markdown,
        }
    }
}

/// Where a run's words go, and how they look.
pub(super) struct Talk<'h> {
    host: &'h dyn Host,
    format: Format,
    color: bool,
    quiet: bool,
    is_verbose: bool,
    output: Option<PathBuf>,
    fail_on: Severity,
    is_terminal: bool,
    has_answered: AtomicBool,
}

impl<'h> Talk<'h> {
    pub(super) fn new(
        host: &'h dyn Host,
        args: &TalkArgs,
        (answer, findings): (Option<&AnswerArgs>, Option<&FindingArgs>),
    ) -> Talk<'h> {
        let is_terminal = io::stderr().is_terminal();
        Talk {
            host,
            format: findings.map_or(Format::Human, FindingArgs::format),
            color: color(args.color, is_terminal, host),
            quiet: args.quiet,
            is_verbose: args.verbose > 0,
            output: answer.and_then(|answer| answer.output.clone()),
            fail_on: findings.map_or(Severity::Error, FindingArgs::fail_on),
            is_terminal,
            has_answered: AtomicBool::new(false),
        }
    }

    /// Whether findings are told to people; programs read only them on stdout.
    pub(super) fn is_for_people(&self) -> bool {
        self.format == Format::Human
    }

    /// Whether the whole story is wanted.
    pub(super) fn is_verbose(&self) -> bool {
        self.is_verbose
    }

    /// A line about what is going on; not part of the result.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// A line for those who want to know more.
    pub(super) fn say_more(&self, line: &str) {
        if self.is_verbose {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// For a person who waits at a terminal; a log would keep every line of it.
    pub(super) fn progress(&self) -> Option<Progress<'h>> {
        let can_erase = self.is_terminal && self.host.var("TERM").as_deref() != Some("dumb");
        (can_erase && !self.quiet && self.is_for_people()).then(|| Progress::new(self.host))
    }

    pub(super) fn show(&self, signs: &str) {
        let _ = io::stderr().write_all(signs.as_bytes()).and_then(|()| io::stderr().flush());
    }

    /// The result itself.
    pub(super) fn answer(&self, text: &str, diags: &mut Diagnostics) -> Result<(), Reported> {
        self.has_answered.store(true, Ordering::Relaxed);
        self.put(text).map_err(|error| {
            diags.error(Code::CannotWrite, format!("the result cannot be written: {}", words(&error)));
            reported(diags)
        })
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let written = match &self.output {
            Some(path) => {
                // A file is replaced; a device, a pipe or a link is not ours to remove.
                if matches!(self.host.kind(path), Ok(Some(Kind::File))) {
                    let _ = self.host.remove_file(path);
                }
                self.host.create(path, text.as_bytes(), false)
            }
            None => io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
        };
        match written {
            // Who closes the pipe early has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Tells the findings and gives the exit code.
    pub(super) fn finish(&self, answer: &Result<Summary, Reported>, diags: &Diagnostics) -> u8 {
        let counted = Summary::of(diags);
        let summary = match answer {
            Ok(summary) => {
                Summary { errors: counted.errors, warnings: counted.warnings, notes: counted.notes, ..summary.clone() }
            }
            Err(_) => counted,
        };
        let width = self.host.var("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(DEFAULT_WIDTH);
        let text = report::render(self.format, diags, &summary, Style { color: self.color, width });
        // A format for programs is a result; what people read is talk.
        let told = match (self.is_for_people(), self.has_answered.load(Ordering::Relaxed)) {
            (true, _) => io::stderr().write_all(text.as_bytes()),
            (false, true) => io::stdout().write_all(text.as_bytes()),
            (false, false) => self.put(&text),
        };
        match told {
            Err(error) if !self.is_for_people() => {
                self.say(&format!("the findings cannot be written: {}", words(&error)));
                FAILED
            }
            _ => self.exit_code(answer.is_err(), diags),
        }
    }

    fn exit_code(&self, failed: bool, diags: &Diagnostics) -> u8 {
        if diags.iter().any(|d| d.severity == Severity::Error && is_failure(d)) {
            FAILED
        } else if failed || diags.iter().any(|d| d.severity >= self.fail_on) {
            FOUND
        } else {
            CLEAN
        }
    }
}

/// Wrong use, or a failure of ours or the machine's. A name without a place was given by a flag.
fn is_failure(d: &Diagnostic) -> bool {
    match d.code {
        Code::Unreadable | Code::BadArgument | Code::BadSet | Code::CannotWrite | Code::Busy => true,
        Code::UnknownProfile | Code::UnknownMode => d.places.is_empty(),
        _ => false,
    }
}

/// The text on standard input, for files called `-`.
pub(super) fn standard_input(diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
    let mut text = String::new();
    match io::stdin().take(MAX_INPUT_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(Source::new("-", text)),
        Err(error) => {
            diags.error(Code::Unreadable, format!("standard input cannot be read: {error}"));
            Err(reported(diags))
        }
    }
}
