use super::*;
use crate::exercises::controls::Settings;
use crate::measure::validation::Verdict;
use crate::runtime::virtual_time::block_on;

fn site() -> Site {
    let file = |path: &'static str| {
        let found = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
        (path, Rc::from(found.expect("the repository has it")))
    };
    Site::in_memory(["models/mlp-64.safetensors", "data/digits.csv"].map(file))
}

fn run(site: Site) -> (Run, Report) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site), Settings::defaults(EXERCISE.controls));
    let report = block_on(&run, future).expect("it ends").expect("it cannot fail");
    (run, report)
}

fn names(report: &Report, verdict: Verdict) -> Vec<&str> {
    report.validations().filter(|it| it.verdict == verdict).map(|it| &*it.name).collect()
}

#[test]
fn on_the_host_only_persistent_files_are_unsupported_and_all_other_promises_pass() {
    let (run, report) = run(site());
    assert_eq!(names(&report, Verdict::Failed), [""; 0], "{:#?}", report.sections);
    assert_eq!(names(&report, Verdict::Unsupported), ["file_comes_back", "missing_file_is_named", "writes_are_whole"]);
    assert_eq!(report.validations().count(), 31);
    assert!(report.notes[0].starts_with("28 of 31 passed; 3 not supported by this browser: "), "{}", report.notes[0]);
    assert_eq!(run.sleepers(), 0);
}

#[test]
fn a_broken_promise_does_not_affect_the_others() {
    let (_, report) = run(Site::in_memory([]));
    assert_eq!(names(&report, Verdict::Failed), ["server_reads_digits"]);
    assert!(report.notes[0].contains("1 failed: server_reads_digits"), "{}", report.notes[0]);
}

#[test]
fn each_promise_has_its_own_task() {
    let (run, report) = run(Site::in_memory([]));
    let record = run.record();
    for validation in report.validations() {
        assert_eq!(
            record.tasks().iter().filter(|task| *task.name.kind() == validation.name).count(),
            1,
            "{}",
            validation.name
        );
    }
}
