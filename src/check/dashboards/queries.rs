//! Queries of panels and variables: in PromQL once their variables are filled in, with what a panel can draw, and no plain counters.

use std::collections::BTreeSet;
use std::ops::Range;

use super::variables::{name, within};
use super::{Board, Panel, Uses};
use crate::check::metrics;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::promql::{self, Expr, Kind, OperatorKind, Span, Type};
use crate::yaml::Yaml;

/// What a variable stands for where a time is wanted; nobody writes such a one.
const VARIABLE: &str = "77777s";
const VARIABLE_S: f64 = 77_777.0;
/// What Grafana makes so short that a rate may see one sample alone.
const INTERVAL: &str = "77778s";
const INTERVAL_S: f64 = 77_778.0;
/// What else a variable may stand for: a name, a number, an aggregation; and a time's number before its unit.
const WORDS: [(&str, &str); 4] = [("v", VARIABLE), ("1", VARIABLE), ("sum", VARIABLE), ("v", "5")];
/// A longer range is meant as it stands.
const SHORT_S: f64 = 3600.0;

pub(super) fn judge(board: &Board<'_>, panel: &Panel<'_>, strangers: &mut Uses, found: &mut Diagnostics) {
    let targets = panel.yaml.get("targets").map_or(&[][..], Yaml::items);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (at, target) in targets.iter().enumerate() {
        let pointer = format!("{}/targets/{at}", panel.pointer);
        if let Some((id, name)) = target.get("refId").and_then(|id| Some((id, id.as_str()?)))
            && !names.insert(name)
        {
            let message = format!("{} has two queries called {name}", panel.name());
            board.tell(
                found,
                (Severity::Warning, Code::PanelTwice),
                message,
                (id.mark, "again here"),
                format!("{pointer}/refId"),
            );
        }
        reference(board, target, &pointer, found);
        if let Some(expr) = target.get("expr").filter(|_| is_promql(board, panel, target)) {
            let pointer = format!("{pointer}/expr");
            unknown_variables(board, expr, &pointer, strangers);
            self::expr(board, panel, expr, &pointer, found);
        }
    }
}

/// A query that takes what another panel asked for.
fn reference(board: &Board<'_>, target: &Yaml<'_>, pointer: &str, found: &mut Diagnostics) {
    let Some((said, id)) = target.get("panelId").and_then(|said| Some((said, said.to_int()?))) else { return };
    if !board.panels.iter().any(|panel| panel.yaml.get("id").and_then(Yaml::to_int) == Some(id)) {
        let (message, pointer) = (format!("there is no panel of the id {id}"), format!("{pointer}/panelId"));
        board.tell(found, (Severity::Error, Code::PanelQuery), message, (said.mark, "asked for here"), pointer);
    }
}

/// Whether a query goes to Prometheus, as far as can be told.
fn is_promql(board: &Board<'_>, panel: &Panel<'_>, target: &Yaml<'_>) -> bool {
    let Some(source) = target.get("datasource").or_else(|| panel.yaml.get("datasource")) else { return may_be_promql(board) };
    if let Some(kind) = source.get("type").and_then(Yaml::as_str) {
        return kind == board.promql();
    }
    let said = source.as_str().or_else(|| source.get("uid")?.as_str()).unwrap_or_default();
    let Some(variable) = name(said) else { return may_be_promql(board) && !said.starts_with("-- ") };
    match board.variables.source(variable) {
        Some(kind) => kind == board.promql(),
        None => board.variables.is_defined(variable) && may_be_promql(board),
    }
}

fn may_be_promql(board: &Board<'_>) -> bool {
    board.variables.sources().iter().all(|kind| kind.is_empty() || *kind == board.promql())
}

fn expr(board: &Board<'_>, panel: &Panel<'_>, expr: &Yaml<'_>, pointer: &str, found: &mut Diagnostics) {
    let text = expr.as_str().unwrap_or_default();
    match parsed(text) {
        None => {}
        Some(Err(message)) => {
            let severity = if text.is_empty() { Severity::Warning } else { Severity::Error };
            board.tell(found, (severity, Code::PanelQuery), message, (expr.mark, "in this query"), pointer.to_owned());
        }
        Some(Ok(query)) => {
            if !matches!(query.type_(), Type::Vector | Type::Scalar) {
                let message = format!("a panel draws numbers, and this query gives {}", query.type_().name());
                board.tell(found, (Severity::Error, Code::PanelQuery), message, (expr.mark, "in this query"), pointer.to_owned());
            }
            counters(board, &query, false, &mut |metric| {
                let message = format!("{metric} is a counter: its plain value tells when its program was started");
                let place = (expr.mark, "in this query");
                let told = board.tell(found, (Severity::Warning, Code::PanelCounter), message, place, pointer.to_owned());
                told.help(format!("rate({metric}[$__rate_interval])"));
            });
            if panel.is("asks") {
                ranges(board, &query, expr, pointer, found);
            }
        }
    }
}

fn unknown_variables(board: &Board<'_>, expr: &Yaml<'_>, pointer: &str, strangers: &mut Uses) {
    let all = within(expr.as_str().unwrap_or_default()).into_iter().map(|(name, _)| name);
    let unknown: BTreeSet<&str> = all.filter(|name| !board.variables.is_defined(name)).collect();
    // In regular expressions $1 is a group.
    for name in unknown.into_iter().filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())) {
        strangers.add(name, expr.mark, pointer);
    }
}

/// A query with its variables filled in as may be; none where it cannot be told whether it is wrong.
fn parsed(text: &str) -> Option<Result<Expr, String>> {
    let fill = |words: (&str, &str)| promql::parse(&filled(text, words));
    let mut tries = WORDS.iter().map(|words| fill(*words));
    match tries.next()? {
        Ok(query) => Some(Ok(query)),
        Err(_) if text.is_empty() => Some(Err("the query is empty".to_owned())),
        Err(error) => match tries.find_map(Result::ok) {
            Some(query) => Some(Ok(query)),
            // A variable outside of texts and times may be any part of a query.
            None if filled(text, ("", VARIABLE)) != filled(text, ("v", VARIABLE)) => None,
            None => Some(Err(error.message)),
        },
    }
}

/// A text with `word` for its variables, `time` for those that stand in brackets or behind an offset.
fn filled(text: &str, (word, time): (&str, &str)) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut from, mut state) = (0, State::default());
    for (name, Range { start, end }) in within(text) {
        let between = &text[from..start];
        between.chars().for_each(|c| state.step(c));
        out.push_str(between);
        let is_time = state.is_in_brackets || out.trim_end().ends_with("offset");
        out.push_str(match name {
            _ if state.quote.is_some() => "v",
            "__interval" if is_time => INTERVAL,
            _ if is_time => time,
            "__interval" | "__rate_interval" | "__range" => time,
            name if name.starts_with("__") => "1",
            _ => word,
        });
        from = end;
    }
    out + &text[from..]
}

/// Where a place in a query lies.
#[derive(Default)]
struct State {
    quote: Option<char>,
    is_in_brackets: bool,
    is_escaped: bool,
    is_in_comment: bool,
}

impl State {
    fn step(&mut self, sign: char) {
        let was_escaped = std::mem::take(&mut self.is_escaped);
        match (self.quote, sign) {
            _ if self.is_in_comment => self.is_in_comment = sign != '\n',
            (None, '#') => self.is_in_comment = true,
            (Some(_), '\\') if !was_escaped => self.is_escaped = true,
            (Some(quote), _) if quote == sign && !was_escaped => self.quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => self.quote = Some(sign),
            (None, '[') => self.is_in_brackets = true,
            (None, ']') => self.is_in_brackets = false,
            _ => {}
        }
    }
}

/// Calls with each counter whose plain value is used.
fn counters<'e>(board: &Board<'_>, expr: &'e Expr, is_taken: bool, visit: &mut dyn FnMut(&'e str)) {
    let is_in = |list: &str, name: &str| board.words("queries", list).any(|word| word == name);
    match &expr.kind {
        Kind::Selector(selector) => {
            let ending = board.tables.get("queries").map_or("", |queries| queries.text("counter"));
            let is_counter = |metric: &&str| match metrics::type_of(metric) {
                Some(kind) => kind == "counter",
                None => metric.ends_with(ending),
            };
            selector.metric().filter(|_| !is_taken).filter(is_counter).into_iter().for_each(visit);
        }
        Kind::Call { function, args } | Kind::Aggregate { function, args, .. } => {
            let is_taken = is_taken || is_in("rates", function.name) || is_in("presence", function.name);
            args.iter().for_each(|arg| counters(board, arg, is_taken, visit));
        }
        // What a set operator looks for need only be there.
        Kind::Binary { operator, left, right, .. } => {
            counters(board, left, is_taken, visit);
            counters(board, right, is_taken || operator.kind == OperatorKind::Set && operator.sign != "or", visit);
        }
        _ => expr.children().into_iter().for_each(|inner| counters(board, inner, is_taken, visit)),
    }
}

fn ranges(board: &Board<'_>, query: &Expr, expr: &Yaml<'_>, pointer: &str, found: &mut Diagnostics) {
    query.walk(&mut |part| {
        let Kind::Call { function, args } = &part.kind else { return };
        let Some(Kind::Range { range: Span::Seconds(seconds), .. }) = args.first().map(|arg| &arg.kind) else { return };
        let is_fixed = *seconds < SHORT_S || *seconds == INTERVAL_S;
        if is_fixed && *seconds != VARIABLE_S && board.words("queries", "follows").any(|name| name == function.name) {
            let message = format!("the range of {} does not follow what the panel shows", function.name);
            let place = (expr.mark, "in this query");
            let told = board.tell(found, (Severity::Note, Code::PanelRange), message, place, pointer.to_owned());
            told.help(format!("one of {}", board.words("queries", "ranges").collect::<Vec<_>>().join(", ")));
        }
    });
}

/// What variables ask Prometheus for.
pub(super) fn of_variables(board: &Board<'_>, found: &mut Diagnostics) {
    let is_query = |yaml: &&&Yaml<'_>| yaml.get("type").and_then(Yaml::as_str) == Some("query");
    for yaml in board.variables.all.values().filter(is_query) {
        let Some(query) = yaml.get("query").map(|query| query.get("query").unwrap_or(query)) else { continue };
        let Some(text) = query.as_str().filter(|text| !text.is_empty() && is_of_prometheus(board, yaml)) else { continue };
        if let Some(message) = fault_of_variable(text) {
            let place = (query.mark, "in this query");
            board.tell(found, (Severity::Error, Code::PanelQuery), message, place, "/templating".to_owned());
        }
    }
}

fn is_of_prometheus(board: &Board<'_>, variable: &Yaml<'_>) -> bool {
    let Some(source) = variable.get("datasource") else { return false };
    if let Some(kind) = source.get("type").and_then(Yaml::as_str) {
        return kind == board.promql();
    }
    // An old one is told by what can be chosen.
    let sources = board.variables.sources();
    !sources.is_empty() && sources.iter().all(|kind| *kind == board.promql())
}

fn fault_of_variable(text: &str) -> Option<String> {
    let text = text.trim();
    let Some((function, args)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return parsed(text)?.err();
    };
    let query = match function.trim() {
        "label_names" | "metrics" => return None,
        "query_result" => args,
        "label_values" => args.rsplit_once(',').map_or("", |(query, _)| query),
        _ => return parsed(text)?.err(),
    };
    if query.trim().is_empty() { None } else { parsed(query)?.err() }
}

impl Board<'_> {
    /// Datasources whose queries are in PromQL.
    fn promql(&self) -> &str {
        self.tables.get("queries").map_or("", |queries| queries.text("promql"))
    }

    pub(super) fn words(&self, table: &str, list: &str) -> impl Iterator<Item = &str> {
        self.tables.get(table).into_iter().flat_map(move |table| table.texts(list))
    }
}
