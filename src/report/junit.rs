//! Diagnostics in, JUnit XML out: one suite for each file, one failure for each error.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{full_text, one_line, positions::Positions, visible};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

pub(super) fn render(diags: &Diagnostics) -> String {
    let positions = Positions::of(diags);
    let mut report = Report::new("lakegen");
    for (file, findings) in by_file(diags) {
        report.add_test_suite(suite(&one_line(file), &findings, &positions));
    }
    if diags.is_empty() {
        report.add_test_suite(clean());
    }
    report.to_string().expect("XML written to memory")
}

/// In the order in which the files first come up.
fn by_file(diags: &Diagnostics) -> Vec<(&str, Vec<&Diagnostic>)> {
    let mut files: Vec<(&str, Vec<&Diagnostic>)> = Vec::new();
    let mut known = BTreeMap::new();
    for d in diags.iter() {
        let file = d.places.first().map_or("lakegen", |place| &place.span.source.name);
        let at = *known.entry(file).or_insert(files.len());
        if at == files.len() {
            files.push((file, Vec::new()));
        }
        files[at].1.push(d);
    }
    files
}

fn suite(file: &str, findings: &[&Diagnostic], positions: &Positions) -> TestSuite {
    let mut suite = TestSuite::new(file);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for d in findings {
        let name = one_line(&format!("{} {}", d.code.id(), d.message));
        let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        // Readers know a test by its class and name, and show one of two with the same.
        let name = if *times == 1 { name } else { format!("{name} ({times})") };
        let mut case = TestCase::new(name, status(d, positions));
        case.set_classname(file);
        suite.add_test_case(case);
    }
    suite
}

/// Only what is wrong fails a test: a warning is shown as skipped, with what it says.
fn status(d: &Diagnostic, positions: &Positions) -> TestCaseStatus {
    let mut status = match d.severity {
        Severity::Error => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Severity::Warning | Severity::Note => TestCaseStatus::skipped(),
    };
    let places: String = d.places.iter().map(|place| positions.sentence(place) + "\n").collect();
    let text = format!("{}[{}]: {}\n{places}", d.severity.name(), d.code.id(), full_text(d));
    status.set_type(d.code.id()).set_message(one_line(&d.message)).set_description(visible(&text).replace('\t', " "));
    status
}

/// A report without any test counts as a broken build in some readers.
fn clean() -> TestSuite {
    let mut suite = TestSuite::new("lakegen");
    let mut case = TestCase::new("no findings", TestCaseStatus::success());
    case.set_classname("lakegen");
    suite.add_test_case(case);
    suite
}
