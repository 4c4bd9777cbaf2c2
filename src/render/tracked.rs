//! Nodes as templates see them: every value that is read is written down, so that what is printed knows its origin.

use std::cell::RefCell;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};

use super::whole::Whole;
use crate::diagnostic;
use crate::node::{Data, Entry, Node, Number, Origin};

/// How far back a printed value is looked for among those that were read.
const NEAR: usize = 64;

/// What one rendering read and printed so far.
#[derive(Debug)]
pub(super) struct Frame {
    pub scope: Scope,
    pub slots: Vec<Slot>,
    /// Bytes of all values printed so far.
    pub weight: usize,
    reads: Vec<Read>,
    /// Tables that were asked whether they have a key, or are there.
    asked: Vec<Arc<Node>>,
    /// Where the reads begin that no print and no statement had: what is printed next is made of them.
    open: usize,
    /// Where those begin that the last value was made of.
    mark: usize,
}

/// A value printed by a template; the text holds only its number.
#[derive(Debug)]
pub(super) struct Slot {
    pub value: Value,
    /// What it was made of, where that is written down.
    pub from: Option<Arc<[Arc<Node>]>>,
}

#[derive(Debug)]
struct Read {
    node: Arc<Node>,
    value: Value,
    use_of: Use,
}

/// What became of a value that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Use {
    Unknown,
    Printed,
    /// It decided something: a statement had it, or it says what is in a list.
    Decided,
}

thread_local!(static SPENT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });

/// Adds to what a template and all its parts have spent; gives the sum.
pub(super) fn spend(steps: u64) -> u64 {
    SPENT.set(SPENT.get() + steps);
    SPENT.get()
}

thread_local!(static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) });

/// Runs `work` with a frame of its own and gives back what it left in it.
pub(super) fn in_frame<T>(scope: Scope, work: impl FnOnce() -> T) -> (T, Frame) {
    if depth() == 0 {
        SPENT.set(0);
    }
    let frame = Frame { scope, slots: Vec::new(), weight: 0, reads: Vec::new(), asked: Vec::new(), mark: 0, open: 0 };
    FRAMES.with_borrow_mut(|frames| frames.push(frame));
    let result = work();
    let frame = FRAMES.with_borrow_mut(Vec::pop).expect("pushed above");
    (result, frame)
}

pub(super) fn depth() -> usize {
    FRAMES.with_borrow(Vec::len)
}

pub(super) fn with_frame<T>(work: impl FnOnce(&mut Frame) -> T) -> Option<T> {
    FRAMES.with_borrow_mut(|frames| frames.last_mut().map(work))
}

impl Read {
    /// Kinds are compared first, for it takes the engine long to find that a string is no number.
    fn gave(&self, value: &Value) -> bool {
        self.value.kind() == value.kind() && self.value == *value
    }

    fn print(&mut self) {
        if self.use_of == Use::Unknown {
            self.use_of = Use::Printed;
        }
    }
}

/// A statement has what it asked for: what was read for it decides something.
pub(super) fn settle() {
    with_traced(|frame| {
        frame.reads[frame.open..].iter_mut().for_each(|read| read.use_of = Use::Decided);
        frame.open = frame.reads.len();
    });
}

impl Frame {
    /// Keeps a printed value and what it was made of; gives its number.
    pub fn print(&mut self, value: &Value) -> usize {
        let from = self.scope.is_traced.then(|| self.made_of(value));
        self.open = self.reads.len();
        self.slots.push(Slot { value: value.clone(), from });
        self.slots.len() - 1
    }

    /// The nodes a value was made of: itself, the newest read of this very value, or all that was read for it.
    fn made_of(&mut self, value: &Value) -> Arc<[Arc<Node>]> {
        if let Some(tracked) = value.downcast_object_ref::<Tracked>() {
            return Arc::from([tracked.0.clone()]);
        }
        if let Some(whole) = value.downcast_object_ref::<Whole>() {
            return whole.is_text().then(|| whole.node.clone()).into_iter().collect();
        }
        if let Some(same) = self.same(value) {
            return Arc::from([same]);
        }
        // Of two values that a loop gave, the second was read before the first was printed.
        if self.open < self.reads.len() {
            self.mark = self.open;
        }
        self.reads[self.open..].iter_mut().for_each(Read::print);
        self.reads[self.mark..].iter().map(|read| read.node.clone()).collect()
    }

    /// The newest read of this very value.
    fn same(&mut self, value: &Value) -> Option<Arc<Node>> {
        let (back, read) = self.reads.iter_mut().rev().take(NEAR).enumerate().find(|(_, read)| read.gave(value))?;
        // A number that was read before others may be equal by chance: then it may still have decided something.
        if back == 0 || value.as_str().is_some() {
            read.print();
        }
        Some(read.node.clone())
    }

    /// The node that a value handed on was read from, or one that stands for all that it may have been made of.
    fn read_of(&mut self, value: &Value) -> Option<Arc<Node>> {
        if value.is_none() || value.as_object().is_some() {
            return None;
        }
        if let Some(read) = self.reads[self.open..].iter_mut().rev().find(|read| read.gave(value)) {
            read.print();
            return Some(read.node.clone());
        }
        // One that was read before may be equal by chance.
        let same = self.same(value);
        let open = self.reads[self.open..].iter().map(|read| read.node.clone());
        let mut made_of: Vec<Arc<Node>> = same.into_iter().chain(open).collect();
        if made_of.is_empty() {
            made_of.extend(self.reads.iter().rev().take(NEAR).map(|read| read.node.clone()));
        }
        match &made_of[..] {
            [] => None,
            [one] => Some(one.clone()),
            _ => Some(Node::derived("made by a template", Data::Null, made_of)),
        }
    }

    /// The node that a value was read from.
    pub fn node_of(&self, value: &Value) -> Option<Arc<Node>> {
        if let Some(tracked) = value.downcast_object_ref::<Tracked>() {
            return Some(tracked.0.clone());
        }
        let read = self.reads.iter().rev().take(NEAR).find(|read| read.gave(value))?;
        Some(read.node.clone())
    }

    /// The same in one node: a table of thousands hands it on to each of its entries.
    pub fn decided_as_one(&self) -> Option<Arc<[Arc<Node>]>> {
        let decided = self.decided_by();
        let one = |decided| Node::derived("what the template read", Data::Seq(Vec::new()), decided);
        self.scope.is_traced.then(|| (!decided.is_empty()).then(|| one(decided)).into_iter().collect())
    }

    /// What was read and never printed: it decided what there is at all.
    pub fn decided_by(&self) -> Vec<Arc<Node>> {
        let mut seen = std::collections::BTreeSet::new();
        let silent = self.reads.iter().filter(|read| read.use_of != Use::Printed);
        let silent = silent.filter(|read| seen.insert(Arc::as_ptr(&read.node))).map(|read| read.node.clone());
        let mut decided: Vec<Arc<Node>> = silent.collect();
        decided.extend(self.asked.iter().filter(|table| seen.insert(Arc::as_ptr(table))).map(|table| table.head()));
        decided
    }
}

/// The names a template may use.
#[derive(Clone, Debug)]
pub struct Scope {
    names: Option<Arc<Named>>,
    /// What a template handed to a part of it.
    given: Vec<Given>,
    /// Whether it is written down what is read.
    is_traced: bool,
}

/// A name, and those that were there before it: a thousand scopes differ in the last one or two.
#[derive(Debug)]
struct Named {
    name: &'static str,
    node: Arc<Node>,
    before: Option<Arc<Named>>,
}

#[derive(Clone, Debug)]
struct Given {
    name: Arc<str>,
    value: Value,
    /// The node that the value was read from, if it was.
    from: Option<Arc<Node>>,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope { names: None, given: Vec::new(), is_traced: true }
    }
}

impl Scope {
    pub fn is_traced(&self) -> bool {
        self.is_traced
    }

    /// The same names, for who wants to know nothing of what is made of them but its bytes: what is made ends at the templates.
    pub fn untraced(&self) -> Scope {
        Scope { is_traced: false, ..self.clone() }
    }

    pub fn with(&self, name: &'static str, node: &Arc<Node>) -> Scope {
        let named = Named { name, node: node.clone(), before: self.names.clone() };
        Scope { names: Some(Arc::new(named)), given: self.given.clone(), is_traced: self.is_traced }
    }

    /// What is known, the newest first.
    fn names(&self) -> impl Iterator<Item = &Named> {
        std::iter::successors(self.names.as_deref(), |named| named.before.as_deref())
    }

    /// The node under a name, without reading it.
    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.names().find(|known| known.name == name).map(|known| &known.node)
    }

    /// The name nearest to the first one in a path that leads nowhere; names that `template` makes itself are none of ours.
    pub(super) fn nearest(&self, path: &str, template: &str) -> Option<String> {
        let mut steps = path.split('.');
        let first = steps.next()?;
        if [format!("for {first} "), format!(", {first} in"), format!("set {first} ")].iter().any(|made| template.contains(made))
        {
            return None;
        }
        let Some(mut node) = self.given_node(first).or_else(|| self.node(first)) else {
            let mut names: Vec<&str> = self.given.iter().rev().map(|given| &*given.name).collect();
            names.extend(self.names().map(|known| known.name));
            names.reverse();
            return diagnostic::nearest(first, &names).filter(|name| *name != first).map(str::to_owned);
        };
        for step in steps {
            let Some(next) = node.get(step) else {
                let keys: Vec<&str> = node.entries().iter().map(|entry| &*entry.key).collect();
                return diagnostic::nearest(step, &keys).map(str::to_owned);
            };
            node = next;
        }
        None
    }

    fn given_node(&self, name: &str) -> Option<&Arc<Node>> {
        let given = self.given.iter().rev().find(|given| &*given.name == name)?;
        given.value.downcast_object_ref::<Tracked>().map(|tracked| &tracked.0)
    }

    /// Hands on a value of the template that is running now.
    pub(super) fn give(&mut self, name: &str, value: Value) {
        let from = self.is_traced.then(|| with_frame(|frame| frame.read_of(&value)).flatten()).flatten();
        self.given.push(Given { name: name.into(), value, from });
    }

    pub(super) fn into_value(self) -> Value {
        Value::from_object(self)
    }
}

impl Object for Scope {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let Some(given) = self.given.iter().rev().find(|given| &*given.name == key) else { return self.node(key).map(read) };
        if let Some(node) = &given.from {
            note(node, &given.value);
        }
        Some(given.value.clone())
    }
}

/// A list or table of the input as an object; what is read from it is written down.
#[derive(Debug)]
pub(super) struct Tracked(pub Arc<Node>);

impl Object for Tracked {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if matches!(self.0.data, Data::Seq(_)) { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.0.data {
            Data::Seq(items) => items.get(key.as_usize()?).map(read),
            _ => {
                let found = self.0.get(key.as_str()?);
                ask(found.unwrap_or(&self.0));
                found.map(read)
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        note_head(&self.0);
        match &self.0.data {
            Data::Seq(items) => Enumerator::Seq(items.len()),
            _ => Enumerator::Values(self.0.entries().iter().map(|entry| Value::from(entry.key.clone())).collect()),
        }
    }
}

/// One key with its value, as `items` gives them: read when the template takes it, not before.
#[derive(Debug)]
struct Pair(Entry);

impl Object for Pair {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_usize()? {
            0 => {
                let key = Value::from(self.0.key.clone());
                note(&self.0.node, &key);
                Some(key)
            }
            1 => Some(read(&self.0.node)),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(2)
    }
}

/// The keys and values of a table, in order.
pub(super) fn items(value: &Value) -> Option<Value> {
    let tracked = value.downcast_object_ref::<Tracked>()?;
    note_head(&tracked.0);
    let pairs = tracked.0.entries().iter().map(|entry| Value::from_object(Pair(entry.clone())));
    Some(Value::from(pairs.collect::<Vec<_>>()))
}

pub(super) fn read(node: &Arc<Node>) -> Value {
    let value = match &node.data {
        Data::Seq(_) | Data::Map(_) => return Value::from_object(Tracked(node.clone())),
        Data::Null => Value::from(()),
        Data::Bool(flag) => Value::from(*flag),
        Data::Number(Number::Int(n)) => i64::try_from(*n).map_or_else(|_| Value::from(*n), Value::from),
        Data::Number(Number::Float(n)) => Value::from(*n),
        Data::Str(text) => Value::from(text.clone()),
    };
    note(node, &value);
    value
}

/// Writes down that a list or table was read with all that is in it.
pub(super) fn note_whole(value: &Value) {
    if let Some(tracked) = value.downcast_object_ref::<Tracked>() {
        note(&tracked.0, &Value::from(()));
    }
}

/// Writes down that it was read which entries a list or table has.
fn note_head(node: &Arc<Node>) {
    with_trace(|reads| reads.push(Read { node: node.head(), value: Value::from(()), use_of: Use::Decided }));
}

/// Writes down that it was asked whether a table that lakegen made is there, or one for a key that it does not have.
fn ask(table: &Arc<Node>) {
    let is_made = matches!(&table.origin, Origin::Derived { from, .. } if !from.is_empty());
    if is_made && matches!(table.data, Data::Map(_)) {
        with_traced(|frame| frame.asked.push(table.clone()));
    }
}

fn note(node: &Arc<Node>, value: &Value) {
    with_trace(|reads| reads.push(Read { node: node.clone(), value: value.clone(), use_of: Use::Unknown }));
}

fn with_trace(write: impl FnOnce(&mut Vec<Read>)) {
    with_traced(|frame| write(&mut frame.reads));
}

fn with_traced(write: impl FnOnce(&mut Frame)) {
    with_frame(|frame| {
        if frame.scope.is_traced {
            write(frame);
        }
    });
}

/// A printed value as a node; a value read from a node stays what it is, one level further from its origin.
pub(super) fn to_node(value: &Value, origin: &Origin) -> Result<Arc<Node>, String> {
    if let Some(tracked) = value.downcast_object_ref::<Tracked>() {
        return Ok(rewrap(&tracked.0, origin));
    }
    if let Some(whole) = value.downcast_object_ref::<Whole>() {
        return Ok(whole.node.clone());
    }
    let data = match value.kind() {
        ValueKind::None => Data::Null,
        ValueKind::Bool => Data::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            Data::Number(Number::Int(i128::try_from(value.clone()).map_err(|e| e.to_string())?))
        }
        ValueKind::Number => Data::Number(Number::Float(f64::try_from(value.clone()).map_err(|e| e.to_string())?)),
        ValueKind::String => Data::Str(value.to_str().unwrap_or_else(|| value.to_string().into())),
        ValueKind::Plain => Data::Str(value.to_string().into()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.to_string())?;
            Data::Seq(items.map(|item| to_node(&item, origin)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let keys = value.try_iter().map_err(|error| error.to_string())?;
            let entry = |key: Value| {
                let item = value.get_item(&key).map_err(|error| error.to_string())?;
                Ok::<_, String>(Entry { key: key.to_string().into(), node: to_node(&item, origin)? })
            };
            Data::Map(keys.map(entry).collect::<Result<_, _>>()?)
        }
        kind => return Err(format!("{kind} cannot stand in a document")),
    };
    Ok(Arc::new(Node { data, origin: origin.clone() }))
}

/// Every leaf of a subtree, printed by one line of a template: it keeps its own origin behind the new one.
fn rewrap(node: &Arc<Node>, origin: &Origin) -> Arc<Node> {
    if matches!(origin, Origin::Template { from: None, .. }) {
        return node.clone();
    }
    let (data, head) = match &node.data {
        Data::Seq(items) => (Data::Seq(items.iter().map(|item| rewrap(item, origin)).collect()), node.head()),
        Data::Map(entries) => {
            let entry = |entry: &Entry| Entry { key: entry.key.clone(), node: rewrap(&entry.node, origin) };
            (Data::Map(entries.iter().map(entry).collect()), node.head())
        }
        leaf => (leaf.clone(), node.clone()),
    };
    let origin = match origin {
        Origin::Template { template, line, .. } => {
            Origin::Template { template: template.clone(), line: *line, from: Some(Arc::from([head])) }
        }
        other => other.clone(),
    };
    Arc::new(Node { data, origin })
}
