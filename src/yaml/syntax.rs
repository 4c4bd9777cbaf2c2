//! What granit-parser finds wrong in; what a person is told of it, and what to do about it, out.

use granit_parser::ErrorKind;

/// The mistakes people make; the words of granit-parser for the rest.
pub(super) fn words(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (message, help) = match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            ("a tab in the indentation", "indent with blanks")
        }
        ErrorKind::MappingValueNotAllowed => {
            ("a colon where no key can stand", "put text that holds a colon and a blank in quotes")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            ("a quote that is not closed before the indentation ends", "close it, or indent the lines it goes on for")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("text after a closing quote", "put the whole value in quotes")
        }
        ErrorKind::UnclosedFlowCollection { .. } => ("a bracket that is never closed", "close it, or put the text in quotes"),
        ErrorKind::UnexpectedCharacter { .. } => ("a character that cannot stand here", "put the text in double quotes"),
        ErrorKind::UnknownAnchor => ("an alias without its anchor", "an anchor stands before its aliases, in the same document"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockSequenceEntry => {
            ("a line that does not fit to those above it", "give the parts of one list or map the same indentation")
        }
        ErrorKind::BomInsideDocument => ("a byte order mark inside the text", "remove it, or write it as \"\\uFEFF\""),
        ErrorKind::UnknownQuotedScalarEscape => {
            ("an escape that YAML does not know", "write \\\\ for a backslash, or use single quotes")
        }
        other => return (other.to_string(), None),
    };
    (message.to_owned(), Some(help))
}
