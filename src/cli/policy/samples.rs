//! `lakegen policy test`: every sample beside a policy is let in or denied, as its name says.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::catalog;
use crate::check::{Admission, Kinds, Minor};
use crate::cli::output::{Talk, standard_input};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Host, reported};
use crate::inputs::Inputs;
use crate::policy::{self, Decision, Namespace, Operation, Pack, Request, Sample, User, Verdict};
use crate::source::{Source, Span};
use crate::yaml::{self, Limits, Yaml};

#[derive(Args)]
pub(super) struct TestArgs {
    /// Folders <pack>/<name>/ with policy.yaml, binding.yaml, pass-*.yaml and fail-*.yaml, or one above them
    /// [default: the policies that come with lakegen]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

pub(super) fn run(host: &dyn Host, args: &TestArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let inputs = Inputs::gather(host, &args.folders, &standard_input, diags)?;
    let mut read: Vec<Arc<Source>> = Vec::new();
    for file in 0..inputs.files.len() {
        read.push(inputs.read(file, diags)?);
    }
    let packs = match &args.folders[..] {
        [] => policy::packs(catalog::built_in()),
        _ => policy::packs(read.iter().map(|source| (source.name.as_str(), &*source.text))),
    };
    if packs.is_empty() {
        diags.error(Code::BadArgument, "no policy lies there").help("a policy is a folder <pack>/<name>/ with policy.yaml in it");
        return Err(reported(diags));
    }
    let kinds = Kinds::of(Minor::DEFAULT);
    let samples: usize = packs.iter().map(|pack| test(pack, &kinds, diags)).sum();
    talk.answer(&format!("{} policies, {samples} samples\n", packs.len()), diags)
}

/// Each sample of one policy; how many there were.
fn test(pack: &Pack<'_>, kinds: &Kinds, diags: &mut Diagnostics) -> usize {
    for (is_denied, word) in [(false, "pass"), (true, "fail")] {
        if !pack.samples.iter().any(|sample| sample.is_denied == is_denied) {
            let message = format!("{}/{} has no sample {word}-….yaml", pack.pack, pack.name);
            diags.error(Code::BadSample, message);
        }
    }
    for sample in &pack.samples {
        let source = Source::new(sample.path, sample.text);
        let Some(decisions) = decide(pack, &source, kinds, diags) else {
            diags.error(Code::BadSample, "the sample holds no object").at(&Span::new(&source, 0..0), "here");
            continue;
        };
        if let Some(wrong) = verdict(sample, &decisions) {
            diags
                .error(Code::BadSample, wrong)
                .at(&Span::new(&source, 0..sample.text.lines().next().map_or(0, str::len)), "this sample");
        }
    }
    pack.samples.len()
}

/// What the policy says about the last object of a sample; what stands before it are its Namespace and params.
fn decide(pack: &Pack<'_>, source: &Arc<Source>, kinds: &Kinds, diags: &mut Diagnostics) -> Option<Vec<Decision>> {
    let mut admission = Admission::default();
    pack.sources().iter().for_each(|shipped| admission.add(shipped, kinds, diags));
    let stream = yaml::read(&source.text, &Limits::default());
    stream.errors.iter().for_each(|error| error.report(source, diags));
    let (object, before) = stream.documents.split_last()?;
    let text = |yaml: &Yaml<'_>, name: &str| yaml.get(name).and_then(Yaml::as_str).unwrap_or_default().to_owned();
    let mut within = None;
    for document in before {
        if text(&document.root, "kind") == "Namespace" {
            within = Some(Arc::new(Namespace::read(&document.root)));
        }
    }
    if !before.is_empty() {
        admission.add(source, kinds, diags);
    }
    object.root.get("kind")?;
    let resource = kinds.resource(&object.root);
    let request = Request::new(Operation::Create, resource, Some(&object.root), None, within, User::default());
    Some(policy::decide(&admission.set, &request))
}

/// What is wrong with how a sample was decided.
fn verdict(sample: &Sample<'_>, decisions: &[Decision]) -> Option<String> {
    let against: Vec<&str> = decisions.iter().filter(|one| one.is_against()).map(|one| &*one.message).collect();
    let is_asked = decisions.iter().any(|one| one.verdict != Verdict::NotMatched);
    match (sample.is_denied, &against[..]) {
        (true, []) if !is_asked => Some("the sample should be denied, and the policy is not about it".to_owned()),
        (true, []) => Some("the sample should be denied, and is let in".to_owned()),
        (true, _) => {
            let wanted = sample.denied().filter(|wanted| !against.iter().any(|message| message.contains(wanted)))?;
            Some(format!("the sample is denied, but not with {wanted:?}: {}", against.join("; ")))
        }
        (false, []) => None,
        (false, _) => Some(format!("the sample should be let in, and is denied: {}", against.join("; "))),
    }
}
