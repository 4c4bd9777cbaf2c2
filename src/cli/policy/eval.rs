//! `lakegen policy eval`: one admission request in, the decision of every policy out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::check::{Admission, Kinds, Minor, define};
use crate::cli::output::{Talk, standard_input};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, reported};
use crate::inputs::Inputs;
use crate::policy::{self, Decision, Namespace, Operation, Request, User, Verdict};
use crate::source::Source;
use crate::yaml::{self, Limits, Yaml};

const MAX_FILE_BYTES: u64 = 64 << 20;

#[derive(Args)]
pub(super) struct EvalArgs {
    /// Files or folders with policies, bindings and params
    #[arg(long = "policy", value_name = "PATH", required = true)]
    policies: Vec<PathBuf>,
    /// The object that the request is about; of a DELETE the one that goes
    #[arg(long, value_name = "FILE")]
    object: PathBuf,
    /// The object as it is there already
    #[arg(long, value_name = "FILE")]
    old_object: Option<PathBuf>,
    /// CREATE, UPDATE, DELETE or CONNECT [default: CREATE, or UPDATE with --old-object]
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Objects that policies take as params
    #[arg(long = "param", value_name = "PATH")]
    params: Vec<PathBuf>,
    /// The Namespace of the object [default: one that has only its name]
    #[arg(long, value_name = "FILE")]
    namespace_object: Option<PathBuf>,
    /// Who asks: {"username": "", "groups": [], "uid": "", "extra": {}}
    #[arg(long, value_name = "FILE")]
    user_info: Option<PathBuf>,
    /// Definitions of kinds
    #[arg(long = "crd", value_name = "PATH")]
    crds: Vec<PathBuf>,
    /// The version of Kubernetes [default: 1.36]
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,
    /// Whether the answer is for people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: AnswerFormat,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum AnswerFormat {
    Human,
    Json,
}

/// The exit code says whether the request is allowed.
pub(super) fn run(host: &dyn Host, args: &EvalArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let version = args.kubernetes_version.as_deref().map_or(Some(Minor::DEFAULT), Minor::parse);
    let Some(version) = version else {
        diags.error(Code::BadArgument, "that is no version of Kubernetes").help("write it as 1.36");
        return Err(reported(diags));
    };
    let mut kinds = Kinds::of(version);
    define(&Inputs::gather(host, &args.crds, &standard_input, diags)?, &mut kinds, diags);
    let mut admission = Admission::default();
    for paths in [&args.policies, &args.params] {
        admission.add_all(&Inputs::gather(host, paths, &standard_input, diags)?, &kinds, diags);
    }
    let request = args.request(host, &kinds, diags)?;
    diags.checkpoint()?;
    if admission.set.policies.is_empty() {
        diags.error(Code::BadArgument, "there is no ValidatingAdmissionPolicy in what --policy names");
        return Err(reported(diags));
    }
    let decisions = policy::decide(&admission.set, &request);
    let text = match args.format {
        AnswerFormat::Json => format!("{:#}\n", answer(&decisions)),
        AnswerFormat::Human => decisions.iter().map(sentence).collect(),
    };
    talk.answer(&text, diags)?;
    for decision in decisions.iter().filter(|decision| decision.refuses()) {
        let code = if decision.verdict == Verdict::Error { Code::PolicyFails } else { Code::PolicyDenies };
        let diagnostic = diags.error(code, decision.answer());
        if let Some(place) = &decision.place {
            diagnostic.within(&place.span, "this rule", place.document, place.pointer.clone());
        }
    }
    diags.checkpoint()
}

impl EvalArgs {
    fn request(&self, host: &dyn Host, kinds: &Kinds, diags: &mut Diagnostics) -> Result<Request, Reported> {
        let object = read(host, &self.object, diags)?;
        let old = self.old_object.as_ref().map(|path| read(host, path, diags)).transpose()?;
        let namespace = self.namespace_object.as_ref().map(|path| read(host, path, diags)).transpose()?;
        let operation = match &self.operation {
            Some(name) => Operation::parse(name),
            None if old.is_some() => Some(Operation::Update),
            None => Some(Operation::Create),
        };
        let Some(operation) = operation else {
            diags.error(Code::BadArgument, "there are only the operations CREATE, UPDATE, DELETE and CONNECT");
            return Err(reported(diags));
        };
        let user = self.user_info.as_ref().map_or_else(|| Ok(User::default()), |path| user(host, path, diags))?;
        with_object(&object, diags, |object, diags| {
            let within = match &namespace {
                Some(text) => with_object(text, diags, |yaml, _| Ok(Some(Arc::new(Namespace::read(yaml)))))?,
                None => None,
            };
            let resource = kinds.resource(object);
            match (operation, &old) {
                (Operation::Delete, _) => Ok(Request::new(operation, resource, None, Some(object), within, user)),
                (_, None) => Ok(Request::new(operation, resource, Some(object), None, within, user)),
                (_, Some(old)) => {
                    with_object(old, diags, |old, _| Ok(Request::new(operation, resource, Some(object), Some(old), within, user)))
                }
            }
        })
    }
}

/// Calls `then` with the first object of a text.
fn with_object<T>(
    source: &Arc<Source>,
    diags: &mut Diagnostics,
    then: impl FnOnce(&Yaml<'_>, &mut Diagnostics) -> Result<T, Reported>,
) -> Result<T, Reported> {
    let stream = yaml::read(&source.text, &Limits::default());
    stream.errors.iter().for_each(|error| error.report(source, diags));
    match stream.documents.iter().find(|document| document.root.get("kind").is_some()) {
        Some(document) => then(&document.root, diags),
        None => {
            diags.error(Code::BadArgument, format!("{} holds no object of Kubernetes", source.name));
            Err(reported(diags))
        }
    }
}

fn read(host: &dyn Host, path: &Path, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
    if path == Path::new("-") { standard_input(diags) } else { host::source(host, path, MAX_FILE_BYTES, diags) }
}

fn user(host: &dyn Host, path: &Path, diags: &mut Diagnostics) -> Result<User, Reported> {
    let source = read(host, path, diags)?;
    let stream = yaml::read(&source.text, &Limits::default());
    stream.errors.iter().for_each(|error| error.report(&source, diags));
    diags.checkpoint()?;
    let Some(document) = stream.documents.first() else { return Ok(User::default()) };
    let text = |name: &str| document.root.get(name).and_then(Yaml::as_str).unwrap_or_default().to_owned();
    let list = |yaml: &Yaml<'_>| yaml.items().iter().filter_map(Yaml::as_str).map(str::to_owned).collect();
    let extra = document.root.get("extra").map_or(&[][..], Yaml::entries);
    Ok(User {
        username: text("username"),
        uid: text("uid"),
        groups: document.root.get("groups").map(list).unwrap_or_default(),
        extra: extra.iter().map(|entry| (entry.key.name.to_string(), list(&entry.value))).collect(),
    })
}

fn answer(decisions: &[Decision]) -> Json {
    let one = |decision: &Decision| {
        let Decision { policy, binding, verdict, message, reason, expression, warnings, audit, .. } = decision;
        json!({
            "policy": policy, "binding": binding, "decision": verdict.name(), "message": message, "reason": reason,
            "expression": expression, "warnings": warnings, "audit": audit,
        })
    };
    let decisions_json: Vec<Json> = decisions.iter().map(one).collect();
    json!({ "decisions": decisions_json, "allowed": !decisions.iter().any(Decision::refuses) })
}

fn sentence(decision: &Decision) -> String {
    let Decision { policy, binding, verdict, message, .. } = decision;
    let by = binding.as_ref().map_or_else(String::new, |binding| format!(" ({binding})"));
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("{:<12} {policy}{by}{message}\n", verdict.name())
}
