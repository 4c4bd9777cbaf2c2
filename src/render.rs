//! The one door to minijinja: a template and a scope in, a tree (or text) out whose every leaf knows its origin.
//!
//! A template never prints a value. It prints a numbered slot; the text is read as YAML, and the values are put into
//! the tree that came out, so that no value can change the structure.

mod failure;
mod fill;
mod form;
mod language;
mod marks;
mod names;
mod scanner;
mod tiles;
mod tracked;
mod weight;
mod whole;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::diagnostic::{Code, Diagnostics};
use crate::node::{Data, Entry, Node, Origin};
use crate::source::{Source, Span};
use crate::types::{Types, hexadecimal};
use crate::yaml::{self, Limits, Style};

pub use failure::Failure;
use failure::{carried, code, words};
use fill::Filler;
use form::{Form, Former, Forms};
use language::Escaped;
use tracked::Frame;
pub use tracked::Scope;
use whole::Whole;

/// Steps of one template; a large real one takes some ten thousand, a compose file of 20,000 services two million.
const FUEL: u64 = 20_000_000;
/// Steps of a template with all its parts.
const FUEL_OF_PARTS: u64 = 100_000_000;
/// Bytes one template may print.
const MAX_TEXT: usize = 16 << 20;
/// How deep templates may call parts of themselves.
const MAX_DEPTH: usize = 12;

/// Strings and conditions of the catalog are compiled once, as templates under these names with their text behind.
const STRING: &str = "string: ";
const CONDITION: &str = "condition: ";
/// Templates are compiled once more under this name, where it is written down what is read and which line prints.
const TRACED: &str = "traced: ";
/// What the template of a condition calls its value.
const HOLDS: &str = "holds";

pub struct Engine {
    env: Environment<'static>,
    library: Arc<Library>,
}

/// A template's name and what it sees, to what it makes.
type Make = fn(&Library, &Environment<'_>, &str, Scope) -> Result<Whole, Failure>;

/// Everything the functions of a template need besides what they are given.
struct Library {
    templates: BTreeMap<String, Template>,
    types: Arc<Types>,
}

struct Template {
    source: Arc<Source>,
    forms: Forms,
}

impl Engine {
    /// Templates are compiled when they are first asked for; most runs need few of them.
    pub fn new(sources: &BTreeMap<String, Arc<Source>>, types: &Arc<Types>) -> Engine {
        let template = |source: &Arc<Source>| Template { source: source.clone(), forms: Forms::default() };
        let templates = sources.iter().map(|(name, source)| (name.clone(), template(source))).collect();
        let library = Arc::new(Library { templates, types: types.clone() });
        Engine { env: environment(&library), library }
    }

    /// Reports every template that cannot be compiled, whoever needs it.
    pub fn check(&self, diags: &mut Diagnostics) {
        for (name, template) in &self.library.templates {
            check_template(&template.source, diags);
            if let Err(error) = self.env.get_template(name) {
                self.library.failure(&error).report(diags);
            }
        }
    }

    /// One document.
    pub fn document(&self, template: &str, scope: Scope) -> Result<Arc<Node>, Failure> {
        self.library.document(&self.env, template, scope).map(|made| made.node)
    }

    /// Text of the language that the template's name tells.
    pub fn text(&self, template: &str, scope: Scope) -> Result<Arc<Node>, Failure> {
        self.library.text(&self.env, template, scope).map(|made| made.node)
    }

    /// A tree of the catalog with the `{{ }}` in its strings filled in.
    pub fn fill(&self, node: &Arc<Node>, scope: &Scope) -> Result<Arc<Node>, Failure> {
        match &node.data {
            Data::Str(text) if text.contains("{{") => self.string(node, text, scope),
            Data::Seq(items) => {
                let items = items.iter().map(|item| self.fill(item, scope)).collect::<Result<_, _>>()?;
                Ok(Arc::new(Node { data: Data::Seq(items), origin: node.origin.clone() }))
            }
            Data::Map(entries) => {
                let fill = |entry: &Entry| Ok(Entry { key: entry.key.clone(), node: self.fill(&entry.node, scope)? });
                let entries = entries.iter().map(fill).collect::<Result<_, _>>()?;
                Ok(Arc::new(Node { data: Data::Map(entries), origin: node.origin.clone() }))
            }
            _ => Ok(node.clone()),
        }
    }

    fn string(&self, node: &Node, text: &str, scope: &Scope) -> Result<Arc<Node>, Failure> {
        let wrong = |error: Error| Failure::new(code(&error), node.span(), words(&error)).guess(&error, text, scope);
        if text.contains("{%") {
            return Err(Failure::new(Code::TemplateSyntax, node.span(), "only {{ }} may stand here".to_owned()));
        }
        if !scope.is_traced()
            && let Some(data) = names::filled(text, scope)
        {
            return Ok(Node::derived("filled in", data, [Arc::new(node.clone())]));
        }
        let (result, frame) = tracked::in_frame(scope.clone(), || {
            self.env.get_template(&format!("{STRING}{text}"))?.render(scope.clone().into_value())
        });
        let rendered = result.map_err(wrong)?;
        let source = node.span().map_or_else(|| Source::new("string", text), |span| span.source);
        let filler = Filler { template: &source, slots: &frame.slots, decided: None };
        let form = Form { line: 1, shape: form::text_shape(&rendered, Style::Plain) };
        let filled = filler.node(&form).map_err(|failure| Failure { span: node.span(), ..failure })?;
        let mut from = vec![Arc::new(node.clone())];
        // What a choice inside the braces depended on was read and not printed.
        from.extend(frame.decided_by());
        from.extend(frame.slots.iter().flat_map(|slot| slot.from.iter().flat_map(|from| from.iter().cloned())));
        Ok(Node::derived("filled in", filled.data.clone(), from))
    }

    /// Whether a condition of the catalog holds, and what was read to decide it.
    pub fn holds(&self, condition: &Node, scope: &Scope) -> Result<(bool, Vec<Arc<Node>>), Failure> {
        let text = condition.as_str().unwrap_or("true");
        let wrong = |error: Error| {
            // What is wrong in a condition is said of it alone, without what it is compiled in.
            let error = self.env.compile_expression(text).err().unwrap_or(error);
            Failure::new(code(&error), condition.span(), words(&error)).guess(&error, text, scope)
        };
        let (result, frame) = tracked::in_frame(scope.clone(), || {
            let template = self.env.get_template(&format!("{CONDITION}{text}"))?;
            let done = template.render_captured(scope.clone().into_value())?;
            done.state().lookup(HOLDS).filter(|value| !value.is_undefined()).ok_or(Error::from(ErrorKind::UndefinedError))
        });
        Ok((result.map_err(wrong)?.is_true(), frame.decided_by()))
    }
}

fn environment(library: &Arc<Library>) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(64);
    env.set_debug(true);
    env.set_syntax(
        minijinja::syntax::SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("default signs"),
    );
    env.set_auto_escape_callback(|_| AutoEscape::Custom("slots".into()));
    let sources = library.clone();
    env.set_loader(move |name| Ok(sources.to_compile(name)));
    env.set_formatter(print_slot);
    for name in ["namespace", "dict", "debug"] {
        env.remove_global(name);
    }
    add_filters(&mut env, library);
    weight::limit(&mut env);
    for (name, make) in [("part", Library::document as Make), ("text", Library::text)] {
        let library = library.clone();
        env.add_function(name, move |state: &mut State<'_, '_>, name: &str, given: Kwargs| {
            let made = make(&library, state.env(), name, part_scope(&given)?).map_err(Failure::into_error)?;
            Ok::<_, Error>(Value::from_object(made))
        });
    }
    env.add_function("fail", |message: String, given: Kwargs| refuse(message, &given));
    env
}

/// What a component says no to; `at` is the value at fault, so that it is told where a person wrote it.
fn refuse(message: String, given: &Kwargs) -> Result<Value, Error> {
    let at = given.get::<Option<Value>>("at")?;
    given.assert_all_used()?;
    let node = at.and_then(|value| tracked::with_frame(|frame| frame.node_of(&value)).flatten());
    let mut failure = Failure::new(Code::TemplateFailed, None, message);
    failure.refused = node.and_then(|node| written(&node));
    Err(failure.into_error())
}

/// Where a value was written that is filled in elsewhere: what was put in comes behind what it was put into.
fn written(node: &Node) -> Option<Span> {
    match &node.origin {
        Origin::Derived { from, .. } => from.iter().rev().find_map(|node| written(node)),
        _ => node.span(),
    }
}

fn add_filters(env: &mut Environment<'static>, library: &Arc<Library>) {
    for language in language::LANGUAGES {
        env.add_filter(language.name, move |value: &Value| {
            let text = language.write(value).map_err(|message| Error::new(ErrorKind::InvalidOperation, message))?;
            Ok::<_, Error>(Value::from_object(Escaped(text)))
        });
    }
    env.add_filter("asked", |value: Value| {
        tracked::settle();
        value
    });
    env.add_filter("items", |value: &Value| {
        tracked::items(value).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "items: not a table of the input"))
    });
    env.add_filter("read", |value: &Value| {
        whole::tree(value).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "read: not what `part` made"))
    });
    let types = library.types.clone();
    env.add_filter("to", move |value: &Value, unit: &str| {
        let number = types.convert(&value.to_string(), unit);
        let number = number.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{value} has no form in {unit}")))?;
        Ok::<_, Error>(match number {
            crate::node::Number::Int(n) => Value::from(n as i64),
            crate::node::Number::Float(n) => Value::from(n),
        })
    });
    let types = library.types.clone();
    env.add_filter("quantity", move |value: &Value| {
        let quantity = types.quantity(&value.to_string());
        quantity.ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, format!("{value} is neither a size nor a number of processors"))
        })
    });
    env.add_filter("from_registry", |image: &str, registry: &str| from_registry(image, registry));
    env.add_filter("flat", tiles::flat);
    env.add_filter("tiled", tiles::tiled);
    env.add_filter("digest", |value: &Value| digest(value));
}

/// An image under the name that it has in another registry.
fn from_registry(image: &str, registry: &str) -> String {
    let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
    let path = image.split_once('/').filter(|(first, _)| is_host(first)).map_or(image, |(_, path)| path);
    if registry.is_empty() { image.to_owned() } else { format!("{registry}/{path}") }
}

/// Ten hexadecimal digits of the content's hash, for names that must change when the content does.
fn digest(value: &Value) -> Result<String, Error> {
    use sha2::{Digest, Sha256};
    tracked::note_whole(value);
    let origin = Origin::Derived { rule: "digest", from: Arc::from([]) };
    let node = tracked::to_node(value, &origin).map_err(|message| Error::new(ErrorKind::InvalidOperation, message))?;
    let mut json = Vec::new();
    node.write_json(&mut json);
    Ok(hexadecimal(&Sha256::digest(json)[..5]))
}

fn print_slot(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let written = if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    } else if value.is_safe() {
        out.write_str(value.as_str().unwrap_or_default())
    } else {
        let bytes = weight::printed(value);
        let printed = tracked::with_frame(|frame| {
            frame.weight += bytes;
            (frame.print(value), frame.weight)
        });
        let (id, weight) = printed.unwrap_or_default();
        if weight > weight::MAX_PRINTED {
            let message = format!("with its parts it prints more than {} MiB", weight::MAX_PRINTED >> 20);
            return Err(Error::new(ErrorKind::OutOfFuel, message));
        }
        out.write_str(&marks::slot(id))
    };
    written.map_err(|_| Error::from(ErrorKind::WriteFailure))
}

/// A part sees what its caller sees, and what it is given.
fn part_scope(given: &Kwargs) -> Result<Scope, Error> {
    if tracked::depth() > MAX_DEPTH {
        return Err(Error::new(ErrorKind::OutOfFuel, "templates call each other without end"));
    }
    let mut scope = tracked::with_frame(|frame| frame.scope.clone()).unwrap_or_default();
    for name in given.args() {
        scope.give(name, given.get::<Value>(name)?);
    }
    Ok(scope)
}

/// Refuses to grow without end.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT {
            return Err(io::Error::other("more than 16 MiB of text"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Library {
    /// The text that the engine compiles under a name.
    fn to_compile(&self, name: &str) -> Option<String> {
        if let Some(text) = name.strip_prefix(STRING) {
            return Some(text.to_owned());
        }
        match name.strip_prefix(CONDITION) {
            // In brackets nothing can end the tag before its time.
            Some(text) => Some(format!("{{% set {HOLDS} = ({text}) %}}")),
            None => self.templates.get(bare(name)).map(|template| marks::mark(&template.source.text, bare(name) != name).0),
        }
    }

    fn rendered(&self, env: &Environment<'_>, name: &str, scope: Scope) -> Result<(String, Frame), Failure> {
        let compiled = if scope.is_traced() { format!("{TRACED}{name}") } else { name.to_owned() };
        let (result, mut frame) = tracked::in_frame(scope.clone(), || {
            let template = env.get_template(&compiled)?;
            let mut text = Limited(Vec::new());
            let rendered = template.render_captured_to(scope.into_value(), &mut text)?;
            let steps = rendered.state().fuel_levels().map_or(0, |(consumed, _)| consumed);
            if tracked::spend(steps) > FUEL_OF_PARTS {
                return Err(Error::new(ErrorKind::OutOfFuel, format!("with its parts it takes more than {FUEL_OF_PARTS} steps")));
            }
            Ok(text.0)
        });
        let bytes = result.map_err(|error: Error| self.failure(&error).guess(&error, self.text_of(&error), &frame.scope))?;
        frame.weight += bytes.len();
        Ok((String::from_utf8(bytes).expect("templates print text"), frame))
    }

    fn document(&self, env: &Environment<'_>, name: &str, scope: Scope) -> Result<Whole, Failure> {
        let template = self.template(name)?;
        let (text, frame) = self.rendered(env, name, scope)?;
        let form = template.forms.of(text, |text| read(&template.source, text))?;
        let decided = frame.decided_as_one();
        let filler = Filler { template: &template.source, slots: &frame.slots, decided };
        Ok(Whole { node: filler.node(&form)?, weight: frame.weight })
    }

    fn text(&self, env: &Environment<'_>, name: &str, scope: Scope) -> Result<Whole, Failure> {
        let source = &self.template(name)?.source;
        let (text, mut frame) = self.rendered(env, name, scope)?;
        let (text, lines) = marks::unmark(&text);
        let extension = name.trim_end_matches(".j2").rsplit('.').next().unwrap_or_default();
        let Some(language) = language::language(extension) else {
            let known: Vec<&str> = language::LANGUAGES.iter().map(|language| language.name).collect();
            let message = format!("the name tells no language: .{extension} is none of {}", known.join(", "));
            return Err(Failure::at_line(source, 1, message));
        };
        let decided = frame.decided_by().into();
        frame.slots.push(tracked::Slot { value: Value::from(()), from: frame.scope.is_traced().then_some(decided) });
        let filler = Filler { template: source, slots: &frame.slots, decided: None };
        Ok(Whole { node: filler.language(&text, &lines, language)?, weight: frame.weight })
    }

    fn template(&self, name: &str) -> Result<&Template, Failure> {
        let missing = || Failure::new(Code::TemplateFailed, None, format!("there is no template {name}"));
        self.templates.get(name).ok_or_else(missing)
    }

    /// The template that an error is about.
    fn text_of(&self, error: &Error) -> &str {
        error.name().and_then(|name| self.templates.get(bare(name))).map_or("", |template| &template.source.text)
    }

    fn failure(&self, error: &Error) -> Failure {
        let carried = carried(error);
        if let Some(failure) = carried.as_ref().filter(|failure| failure.span.is_some()) {
            return failure.clone();
        }
        let name = error.name().unwrap_or_default();
        let template = self.templates.get(bare(name));
        let span = template.map(|template| match error.range() {
            Some(range) => {
                let (_, inserted) = marks::mark(&template.source.text, bare(name) != name);
                let at = |offset| marks::original(&inserted, offset).min(template.source.text.len());
                Span::new(&template.source, at(range.start)..at(range.end).max(at(range.start)))
            }
            None => Span::line(&template.source, error.line().unwrap_or(1) as u32),
        });
        match carried {
            Some(failure) => Failure { span, ..failure },
            None => Failure::new(code(error), span, words(error)),
        }
    }
}

/// A template's own name.
fn bare(name: &str) -> &str {
    name.strip_prefix(TRACED).unwrap_or(name)
}

/// The form of what a template rendered: one document.
fn read(template: &Arc<Source>, marked: &str) -> Result<Form, Failure> {
    let (text, lines) = marks::unmark(marked);
    let stream = yaml::read(&text, &Limits { bytes: MAX_TEXT, ..Limits::default() });
    if let Some(error) = stream.errors.first() {
        let line = marks::line_at(&lines, error.mark.start);
        return Err(Failure { code: Code::BadOutput, ..Failure::at_line(template, line, error.message.clone()) });
    }
    let [document] = &stream.documents[..] else {
        let message = format!("it renders {} documents, and must render one", stream.documents.len());
        return Err(Failure { code: Code::BadOutput, ..Failure::at_line(template, 1, message) });
    };
    Ok(Former { template, lines: &lines }.form(&document.root))
}

/// What the engine would allow and lakegen does not.
fn check_template(source: &Arc<Source>, diags: &mut Diagnostics) {
    for (at, tag) in marks::tags(&source.text) {
        let span = Span::new(source, at..at + tag.len());
        if let Some(word) = marks::foreign(tag) {
            let known = marks::STATEMENTS.join(", ");
            diags
                .error(Code::TemplateSyntax, format!("templates here have no `{word}`"))
                .at(&span, "here")
                .help(format!("there are {known}"));
        }
        if tag.matches(['~', '+', '*']).count() > weight::MAX_JOINS {
            let message = format!("one tag puts values together more than {} times", weight::MAX_JOINS);
            diags.error(Code::TemplateLimit, message).at(&span, "here");
        }
    }
    if let Some(at) = source.text.find(marks::is_reserved) {
        let span = Span::new(source, at..at + 3);
        diags.error(Code::TemplateSyntax, "characters U+E000 to U+E003 are lakegen's own").at(&span, "here");
    }
}
