//! The way from the root of a document to a value in it.

use crate::node::escape;

/// The way to a value, kept on the stack: it is written down only where something is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    pub fn item(&'p self, at: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(at) }
    }

    pub(super) fn parent(&self) -> Option<&'p Path<'p>> {
        self.parent
    }

    pub fn pointer(&self) -> String {
        let mut out = self.parent.map_or_else(String::new, Path::pointer);
        match self.step {
            Step::Root => {}
            Step::Field(name) => out.extend(["/", &*escape(name)]),
            Step::Item(at) => out.push_str(&format!("/{at}")),
        }
        out
    }

    /// What a person calls the place: `replicas`, `args[2]`.
    pub fn name(&self) -> String {
        match (self.step, self.parent) {
            (Step::Field(name), _) => name.to_owned(),
            (Step::Item(at), Some(parent)) => format!("{}[{at}]", parent.name()),
            _ => "the object".to_owned(),
        }
    }
}
