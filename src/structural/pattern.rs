//! The one door to regex: a pattern of a schema in, whether a text has it out. Compiled when it is first asked.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

use super::Name;

/// What a pattern may cost when it is compiled.
const MAX_BYTES: usize = 4 << 20;

#[derive(Clone, Debug)]
pub struct Pattern {
    pub text: Name,
    regex: Arc<OnceLock<Option<Regex>>>,
}

impl Pattern {
    pub fn new(text: Name) -> Pattern {
        Pattern { text, regex: Arc::default() }
    }

    /// A pattern that cannot be compiled takes everything; `compile` tells of it.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.get_or_init(|| build(&self.text).ok()).as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// What is wrong with the pattern itself.
    pub fn problem(&self) -> Option<String> {
        build(&self.text).err().map(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
    }
}

/// Whether a text is an expression that can be searched for.
pub fn is_regex(text: &str) -> bool {
    build(text).is_ok()
}

fn build(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(MAX_BYTES).build()
}
