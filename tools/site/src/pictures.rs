//! Computes the pictures of the first page: for each exercise its ideal, which is the same code on the virtual clock.
//! An exercise without an ideal has the picture of a run that was recorded in a browser, in `tools/site/recorded`.

use std::path::Path;
use std::rc::Rc;

use interleave::exercises::catalogue;
use interleave::exercises::exercise::Exercise;
use interleave::exercises::experiment::Experiment;
use interleave::exercises::site::{FILES, Site};
use interleave::figures::lanes::PartLanes;
use interleave::figures::markup::to_html;
use interleave::figures::node::{Element, Node};
use interleave::figures::{picture, race};
use interleave::frame::first_run;
use interleave::measure::Record;
use interleave::measure::segments::TaskHistories;
use interleave::share::permalink::{Destination, Setup};
use interleave::share::run_file;

use crate::error::SiteError;
use crate::files;

/// The runs of exercises without an ideal: the slug, and the run as the page exports it.
const RECORDED: [(&str, &[u8]); 3] = [
    ("async-file-io", include_bytes!("../recorded/async-file-io.json")),
    ("concurrency-comparison", include_bytes!("../recorded/concurrency-comparison.json")),
    ("validate-async", include_bytes!("../recorded/validate-async.json")),
];

/// Settings with few tasks, as in a link: a picture is small. Other exercises have their defaults.
const SETTINGS: [(&str, &str); 6] = [
    ("async-multiple", "samples=6&limit=2"),
    ("async-api-calls", "requests=8&batch-size=1&limit=4"),
    ("async-ml-pipeline", "samples=12&batch-size=4"),
    ("async-error-handling", "tasks=6"),
    ("common-issues", "issue=too-many"),
    ("advanced", "readings=10"),
];

/// Writes the file of pictures.
///
/// # Errors
///
/// If a file of the site cannot be read, or an exercise has no picture.
pub fn write(site: &Path) -> Result<(), SiteError> {
    let read = |path| Ok::<_, SiteError>((path, Rc::from(files::read(&site.join("static").join(path))?)));
    let content = Site::in_memory(FILES.map(read).into_iter().collect::<Result<Vec<_>, _>>()?);
    let exercises: Vec<Element> = catalogue::all().map(|it| of_exercise(it, &content)).collect::<Result<_, _>>()?;
    let file: Node = picture::file(exercises.into_iter().chain(of_first_run(&content)?)).into();
    files::write(&site.join(picture::FILE), to_html(&[file]))
}

/// The first comparison of an exercise.
fn of_exercise(exercise: &'static Exercise, site: &Site) -> Result<Element, SiteError> {
    let (experiment, record) = match RECORDED.iter().find(|(slug, _)| *slug == exercise.slug) {
        Some((_, file)) => {
            let run = run_file::from_json(file).map_err(|_| no_picture(exercise))?;
            (run.experiment, run.record)
        }
        None => {
            let experiment = with_few_tasks(exercise);
            let record = experiment.ideal(site).ok_or_else(|| no_picture(exercise))?;
            (experiment, Rc::new(record))
        }
    };
    let compared = experiment.compared(None, 0, None).into_iter().next();
    let names: Vec<_> = compared.iter().flat_map(|it| &it.bars).map(|bar| bar.task.to_string()).collect();
    Ok(picture::symbol(exercise.slug, &parts(&record, &names)))
}

fn with_few_tasks(exercise: &'static Exercise) -> Experiment {
    let query = SETTINGS.iter().find(|(slug, _)| *slug == exercise.slug).map_or("", |(_, query)| query);
    match Destination::parse(&format!("#/{}?{query}", exercise.slug)) {
        (Destination::Exercise(Setup { settings, seed, .. }), notices) if notices.is_empty() => {
            Experiment::new(exercise, settings, seed)
        }
        (_, notices) => panic!("the settings of the picture of `{}` are not valid: {notices:?}", exercise.slug),
    }
}

/// The forecast of each part of the first page's run.
fn of_first_run(site: &Site) -> Result<Vec<Element>, SiteError> {
    let experiment = first_run::experiment();
    let record = experiment.ideal(site).ok_or_else(|| no_picture(experiment.exercise()))?;
    let names = first_run::PARTS.map(|part| part.task.to_owned());
    let parts = parts(&record, &names);
    let length_us = parts.iter().map(|part| part.length_us).max().unwrap_or(0);
    let symbol = |(name, part): (&String, _)| race::symbol(&race::symbol_name(name), part, length_us);
    Ok(names.iter().zip(&parts).map(symbol).collect())
}

fn parts(record: &Record, names: &[String]) -> Vec<PartLanes> {
    let histories = TaskHistories::from_record(record);
    names.iter().filter_map(|name| PartLanes::of_part(record, &histories, name, record.end_us())).collect()
}

fn no_picture(exercise: &'static Exercise) -> SiteError {
    SiteError::NoPicture { exercise: exercise.slug }
}

#[cfg(test)]
mod tests {
    use interleave::exercises::catalogue::EXERCISES;

    use super::*;

    /// The pictures of the exercises in the repository.
    fn written() -> String {
        let site = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static");
        for path in FILES {
            let content = files::read(&repository.join(path)).unwrap();
            files::write(&site.path().join("static").join(path), content).unwrap();
        }
        write(site.path()).unwrap();
        files::read_text(&site.path().join(picture::FILE)).unwrap()
    }

    /// The bars in the symbol with this name.
    fn bars(file: &str, name: &str) -> usize {
        let symbol = file.split("<symbol").find(|it| it.contains(&format!("id=\"{name}\"")));
        // Each bar of a path begins with this command.
        symbol.unwrap_or_else(|| panic!("no `{name}`")).matches('M').count()
    }

    #[test]
    fn every_exercise_has_a_picture_with_tasks_in_it() {
        let file = written();
        for exercise in catalogue::all() {
            assert!(bars(&file, exercise.slug) >= 4, "{}", exercise.slug);
        }
        assert_eq!(file.matches("<symbol").count(), catalogue::all().count() + first_run::PARTS.len());
        assert!(file.len() < 30_000, "{} bytes", file.len());
    }

    #[test]
    fn only_exercises_without_an_ideal_have_recorded_runs() {
        let without: Vec<_> = EXERCISES.iter().filter(|it| !it.has_forecast).map(|it| it.slug).collect();
        assert_eq!(RECORDED.map(|(slug, _)| slug), *without);
        for (slug, file) in RECORDED {
            assert_eq!(run_file::from_json(file).unwrap().experiment.exercise().slug, slug);
        }
    }
}
