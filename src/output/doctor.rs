//! What `dapr doctor` has found.

use super::{Format, Printer, Status};
use crate::error::Failure;
use crate::self_hosted::doctor::{Finding, Verdict};

/// What is printed for these findings: lines, or data.
pub fn render(findings: &[Finding], format: Format, printer: Printer) -> Result<String, Failure> {
    format.render(&findings, || lines(findings, printer))
}

fn lines(findings: &[Finding], printer: Printer) -> String {
    let mut text = String::new();
    for Finding { check, result, detail, advice } in findings {
        let status = match result {
            Verdict::Ok => Status::Success,
            Verdict::Warning => Status::Warning,
            Verdict::Problem => Status::Failure,
        };
        // What to do stands below what there is, so that both can be long.
        let advice = advice.as_ref().map(|advice| format!("\n    {advice}")).unwrap_or_default();
        text.push_str(&printer.line(status, &format!("{check}: {detail}{advice}")));
    }
    let count = |verdict: Verdict, what: &str| {
        let number = findings.iter().filter(|finding| finding.result == verdict).count();
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    let (problems, warnings) = (count(Verdict::Problem, "problem"), count(Verdict::Warning, "warning"));
    let sum = format!("{problems}, {warnings}");
    text + &if printer.is_json() { printer.line(Status::Info, &sum) } else { sum + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_line_with_what_to_do_below() {
        let finding = |result, advice: Option<&str>| Finding {
            check: "disk",
            result,
            detail: "as it is".into(),
            advice: advice.map(str::to_owned),
        };
        let findings = [
            finding(Verdict::Ok, None),
            finding(Verdict::Warning, Some("make room")),
            finding(Verdict::Problem, Some("make room")),
        ];
        insta::assert_snapshot!(render(&findings, Format::Table, Printer::default()).unwrap(), @"
        ✅  disk: as it is
        ⚠  disk: as it is
            make room
        ❌  disk: as it is
            make room
        1 problem, 1 warning
        ");
        insta::assert_snapshot!(render(&findings[1..2], Format::Json, Printer::default()).unwrap(), @r#"
        [
          {
            "check": "disk",
            "result": "warning",
            "detail": "as it is",
            "advice": "make room"
          }
        ]
        "#);
    }
}
