//! `lakegen explain`: where a value of an output came from, and what a line of the input reaches.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::InputArgs;
use super::output::{AnswerArgs, FindingArgs, Talk};
use crate::catalog::Catalog;
use crate::diagnostic::{self, Code, Diagnostics, Reported};
use crate::document::Document;
use crate::host::{Host, reported};
use crate::lakehouse::Input;
use crate::report::Summary;
use crate::source::{self, Source, Span};
use crate::{compile, origin};

/// Show where a value came from: every layer, the winner, the template and its line
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen explain --mode compose docker-compose.yaml /services/valkey/image
  lakegen explain out/production/k3s-local/prefect-prod/prefect-worker-general-deployment.yaml /spec/replicas
  lakegen explain --reverse lakehouse.toml:2      every field that depends on line 2")]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    /// The file of the output, or the end of its path; out/<profile>/<mode>/… says which profile and mode are meant
    #[arg(value_name = "FILE", required_unless_present = "reverse")]
    file: Option<String>,
    /// A JSON pointer into it; empty for the whole document
    #[arg(value_name = "POINTER", default_value = "")]
    pointer: String,
    /// List every output field that depends on this line of lakehouse.toml or of a file of the catalog
    #[arg(long, value_name = "FILE:LINE", conflicts_with = "file")]
    reverse: Option<String>,
    /// Only this mode [default: every mode of the profile]
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
}

/// Outputs that are named where one is asked for that is not there.
const SHOWN: usize = 10;

pub(super) fn run(host: &dyn Host, args: &ExplainArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let (profile, modes) = args.asked(&catalog);
    let input = Input { profile, ..args.input.input(host, talk, diags)? };
    let place = args.reverse.as_deref().map(|place| Place::find(place, &input, &catalog, diags)).transpose()?;
    let outputs = compile(&catalog, &input, &modes, diags)?;
    let text = match &place {
        Some(place) => reverse(&outputs, place, talk),
        None => {
            let documents: Vec<&Document> = outputs.iter().flat_map(|output| &output.documents).collect();
            let most = if talk.is_verbose() { usize::MAX } else { origin::NEAREST };
            forward(&documents, args.file.as_deref().unwrap_or_default(), &args.pointer, most, diags)?
        }
    };
    talk.answer(&text, diags)?;
    Ok(Summary::default())
}

impl ExplainArgs {
    /// The profile and the modes that the flags name, else those that a path such as out/production/compose/x names.
    fn asked(&self, catalog: &Catalog) -> (String, Vec<String>) {
        let parts: Vec<&str> = self.file.as_deref().unwrap_or_default().split('/').collect();
        let mode = parts.iter().position(|part| catalog.mode(part).is_some());
        let profile =
            mode.and_then(|at| at.checked_sub(1)).map(|at| parts[at]).filter(|name| catalog.profiles.contains_key(*name));
        let profile = self.input.profile.as_deref().or(profile).unwrap_or(self.input.profile());
        let modes =
            if self.modes.is_empty() { mode.map(|at| parts[at].to_owned()).into_iter().collect() } else { self.modes.clone() };
        (profile.to_owned(), modes)
    }
}

/// A line of a file that was read.
struct Place {
    source: Arc<Source>,
    line: u32,
}

impl Place {
    /// Reads FILE:LINE; the file may be named by the end of its path.
    fn find(place: &str, input: &Input, catalog: &Catalog, diags: &mut Diagnostics) -> Result<Place, Reported> {
        let parsed = place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
        let Some((file, line)) = parsed else {
            diags.error(Code::BadArgument, format!("{place} is no FILE:LINE")).help("for example lakehouse.toml:12");
            return Err(reported(diags));
        };
        let sources: Vec<&Arc<Source>> = std::iter::once(&input.file).chain(catalog.files.values()).collect();
        let named: Vec<&&Arc<Source>> = sources.iter().filter(|source| is_named(&source.name, file)).collect();
        let source = match &named[..] {
            [source] => source,
            [first, ..] if first.name == input.file.name => first,
            _ => return Err(no_file(file, named.len(), &sources, diags)),
        };
        let place = Place { source: Arc::clone(source), line };
        place.check(diags)?;
        Ok(place)
    }

    fn check(&self, diags: &mut Diagnostics) -> Result<(), Reported> {
        let Place { source, line } = self;
        let count = source.text.lines().count() as u32;
        if !(1..=count).contains(line) {
            let lines = if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
            diags.error(Code::BadArgument, format!("{} has no line {line}: it has {lines}", source.name));
            return Err(reported(diags));
        }
        // A line of a template or a schema is looked for as it is.
        if !source.name.ends_with(".toml") {
            return Ok(());
        }
        let keys = origin::lines_with_keys(&source::parse(source, &Arc::from(""), &mut Diagnostics::default()));
        if keys.contains(line) {
            return Ok(());
        }
        let diagnostic = diags.error(Code::BadArgument, format!("line {line} of {} sets nothing", source.name));
        diagnostic.at(&Span::line(source, *line), "there is no key here");
        if let Some(near) = keys.iter().min_by_key(|key| key.abs_diff(*line)) {
            diagnostic.help(format!("the nearest line with a key is {}:{near}", source.name));
        }
        Err(reported(diags))
    }
}

fn is_named(name: &str, file: &str) -> bool {
    let bare = |path: &str| path.trim_start_matches("../").trim_start_matches("./").to_owned();
    let (name, file) = (bare(name), bare(file));
    Path::new(&name).ends_with(&file) || Path::new(&file).ends_with(&name)
}

fn no_file(file: &str, found: usize, sources: &[&Arc<Source>], diags: &mut Diagnostics) -> Reported {
    let message = match found {
        0 => format!("no file called {file} was read"),
        _ => format!("{file} is the end of {found} paths: name more of it"),
    };
    let known = sources.iter().map(|source| source.name.as_str());
    diags.error(Code::BadArgument, message).suggest(file, known);
    reported(diags)
}

fn reverse(outputs: &[crate::Output], place: &Place, talk: &Talk<'_>) -> String {
    let mut text = String::new();
    for output in outputs {
        for (path, pointer) in origin::reverse(&output.documents, &place.source.name, place.line) {
            text.push_str(format!("{}/{path} {pointer}", output.mode).trim_end());
            text.push('\n');
        }
    }
    if text.is_empty() {
        talk.say(&format!("no value of these outputs comes from {}:{}", place.source.name, place.line));
    }
    text
}

fn forward(documents: &[&Document], file: &str, pointer: &str, most: usize, diags: &mut Diagnostics) -> Result<String, Reported> {
    let fits = |document: &&&Document| {
        file == document.path || file.ends_with(&format!("/{}", document.path)) || document.path.ends_with(&format!("/{file}"))
    };
    let found: Vec<&&Document> = documents.iter().filter(fits).collect();
    let [document] = &found[..] else {
        let message = match found.len() {
            0 => format!("no output of this profile is called {file}"),
            _ => format!("{file} is the end of {} paths: name a mode, or more of the path", found.len()),
        };
        let meant = if found.is_empty() { documents } else { &found.into_iter().copied().collect::<Vec<_>>()[..] };
        let known: Vec<&str> = meant.iter().map(|document| document.path.as_str()).collect();
        let diagnostic = diags.error(Code::BadArgument, message);
        if let Some(near) = diagnostic::nearest(file, &known) {
            diagnostic.help(format!("did you mean {near}?"));
        }
        diagnostic.note(there_are(file, known, most));
        return Err(reported(diags));
    };
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let help = format!("write /{}", pointer.replace('.', "/"));
        diags.error(Code::BadArgument, format!("{pointer} is no pointer: one begins with /")).help(help);
        return Err(reported(diags));
    }
    let Some(text) = origin::explain(document, pointer, most) else {
        let deepest = document.node.nearest(pointer);
        let keys = deepest.entries().iter().map(|entry| &*entry.key);
        let last = pointer.rsplit('/').next().unwrap_or_default();
        diags.error(Code::BadArgument, format!("{} has nothing at {pointer}", document.path)).suggest(last, keys);
        return Err(reported(diags));
    };
    Ok(text)
}

/// The outputs that there are, the nearest to a name first: so many of them, or all where all reasons are wanted.
fn there_are(file: &str, known: Vec<&str>, most: usize) -> String {
    let known = diagnostic::by_nearness(file, known);
    let shown = known.len().min(most.max(SHOWN));
    let more = match known.len() - shown {
        0 => String::new(),
        more => format!(", and {more} more: -v names them"),
    };
    format!("there {} {}{more}", if known.len() == 1 { "is" } else { "are" }, known[..shown].join(", "))
}
