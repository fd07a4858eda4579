//! The results of a run on the page.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Page, PageError, eventually};

/// A bar of a comparison.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bar {
    /// The task that it measures.
    pub task: String,
    /// The measured time, once it is known.
    pub measured_ms: Option<f64>,
    /// The time that it would take if only the waits took time.
    pub ideal_ms: Option<f64>,
    /// The text on the bar.
    pub text: String,
}

/// A check of a part of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Check {
    /// The part.
    pub part: String,
    /// True if the check passed.
    pub passed: bool,
    /// The page's text about it.
    pub text: String,
}

/// The result of testing one of the project's promises.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Validation {
    /// Its name.
    pub name: String,
    /// `passed`, `failed` or `lacking`.
    pub verdict: String,
    /// The link to the exercise that shows it, without `#/`.
    pub link: String,
    /// The page's text about it.
    pub text: String,
}

/// Everything that a run shows. Two snapshots are equal if nothing changed between them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ResultsSnapshot {
    /// The status.
    pub status: String,
    /// Metrics by name.
    pub metrics: BTreeMap<String, String>,
    /// The bars of all comparisons.
    pub bars: Vec<Bar>,
    /// The lines of the log.
    pub log: Vec<String>,
    /// The captions of all figures.
    pub captions: Vec<String>,
    /// The rows of all tables, including those in closed disclosures.
    pub rows: Vec<String>,
    /// The timeline's picture, as a data URL.
    pub timeline: String,
}

const BARS: &str = "const ms = us => us === undefined ? null : Number(us) / 1000;
    return [...document.querySelectorAll('figure.comparison [data-bar]')].map(bar => ({
        task: bar.dataset.bar,
        measured_ms: ms(bar.dataset.measuredUs),
        ideal_ms: ms(bar.dataset.idealUs),
        text: bar.innerText.trim(),
    }));";

const CHECKS: &str = "return [...document.querySelectorAll('[data-check]')].map(check => ({
    part: check.dataset.check,
    passed: check.dataset.holds === 'true',
    text: check.innerText.trim(),
}));";

const PROPERTIES: &str = "return [...document.querySelectorAll('[data-property]')].map(it => ({
    part: it.dataset.property,
    passed: it.dataset.holds === 'true',
    text: it.innerText.trim(),
}));";

const VALIDATIONS: &str = "return [...document.querySelectorAll('[data-validation]')].map(it => ({
    name: it.dataset.validation,
    verdict: it.dataset.verdict,
    link: it.querySelector('a').getAttribute('href').replace(/^#\\//, ''),
    text: it.innerText.trim(),
}));";

const EXACT: &str = "const metric = document.querySelector(`[data-metric='${arguments[0]}'][data-exact]`);
    return metric === null ? null : Number(metric.dataset.exact);";

const METRICS: &str = "return Object.fromEntries([...document.querySelectorAll('[data-metric]')]
    .map(metric => [metric.dataset.metric, metric.innerText.trim()]));";

const ROWS: &str = "return [...document.querySelectorAll('table tr')].map(row =>
    [...row.cells].map(cell => cell.textContent.trim()).join(' | '));";

const TIMELINE: &str = "return document.querySelector('figure.timeline canvas').toDataURL();";

/// The text of each digit as assistive technology gets it: a label, an image's alternative text, or plain text.
const DIGITS: &str = "return [...document.querySelectorAll('figure.digits .digit')].map(digit => {
    const labelled = digit.matches('[aria-label]') ? digit : digit.querySelector('[aria-label]');
    return labelled?.getAttribute('aria-label') || digit.querySelector('img')?.alt || digit.textContent.trim();
});";

impl Page {
    /// The bars of all comparisons.
    ///
    /// # Errors
    ///
    /// If an attribute of a bar is not a number.
    pub async fn bars(&self) -> Result<Vec<Bar>, PageError> {
        self.evaluate(BARS, Vec::new()).await
    }

    /// The bar of a task.
    ///
    /// # Errors
    ///
    /// If no comparison has it.
    pub async fn bar(&self, task: &str) -> Result<Bar, PageError> {
        let found = self.bars().await?.into_iter().find(|bar| bar.task == task);
        found.ok_or_else(|| PageError::Missing { what: format!("bar `{task}`") })
    }

    /// Metrics by name.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn metrics(&self) -> Result<BTreeMap<String, String>, PageError> {
        self.evaluate(METRICS, Vec::new()).await
    }

    /// One metric.
    ///
    /// # Errors
    ///
    /// If the page does not show it.
    pub async fn metric(&self, name: &str) -> Result<String, PageError> {
        let found = self.metrics().await?.remove(name);
        found.ok_or_else(|| PageError::Missing { what: format!("metric `{name}`") })
    }

    /// The checks of all parts.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn checks(&self) -> Result<Vec<Check>, PageError> {
        self.evaluate(CHECKS, Vec::new()).await
    }

    /// The checks of the whole run, by name.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn properties(&self) -> Result<Vec<Check>, PageError> {
        self.evaluate(PROPERTIES, Vec::new()).await
    }

    /// The results of all tests of promises.
    ///
    /// # Errors
    ///
    /// If one of them has no link.
    pub async fn validations(&self) -> Result<Vec<Validation>, PageError> {
        self.evaluate(VALIDATIONS, Vec::new()).await
    }

    /// A metric as a plain number, once there is one.
    ///
    /// # Errors
    ///
    /// If the page does not show it.
    pub async fn exact_metric(&self, name: &str) -> Result<f64, PageError> {
        let found: Option<f64> = self.evaluate(EXACT, vec![name.into()]).await?;
        found.ok_or_else(|| PageError::Missing { what: format!("exact metric `{name}`") })
    }

    /// The rows of the table with this text in its caption, cell by cell, without the header.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn table(&self, caption: &str) -> Result<Vec<Vec<String>>, PageError> {
        // The caption of another table may contain this one.
        let script = "const tables = [...document.querySelectorAll('table')];
            const table = tables.find(table => table.caption?.textContent === arguments[0])
                ?? tables.find(table => table.caption?.textContent.includes(arguments[0]));
            return [...(table?.tBodies[0].rows ?? [])].map(row => [...row.cells].map(cell => cell.textContent.trim()));";
        self.evaluate(script, vec![caption.into()]).await
    }

    /// The sentences below the results, one per line.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn notes(&self) -> Result<String, PageError> {
        Ok(self.texts(".results p").await?.join("\n"))
    }

    /// Waits until the run has recorded a task.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_tasks(&self) -> Result<(), PageError> {
        eventually("a recorded task", async || {
            let tasks = self.metric("tasks").await?;
            let has_tasks = tasks.contains(|letter: char| ('1'..='9').contains(&letter));
            Ok(if has_tasks { Ok(()) } else { Err(format!("{tasks} tasks")) })
        })
        .await
    }

    /// The lines of the log.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn log(&self) -> Result<Vec<String>, PageError> {
        self.texts(".log li").await
    }

    /// The texts of the gallery of digits, image by image.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn digits(&self) -> Result<Vec<String>, PageError> {
        self.evaluate(DIGITS, Vec::new()).await
    }

    /// The page's messages about a bad link.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn notices(&self) -> Result<Vec<String>, PageError> {
        self.texts(".notices .notice").await
    }

    /// Opens every disclosure, so that the tables behind them are drawn.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn open_disclosures(&self) -> Result<(), PageError> {
        self.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })", Vec::new()).await
    }

    /// Everything that the run shows now.
    ///
    /// # Errors
    ///
    /// If a part of it is missing.
    pub async fn results(&self) -> Result<ResultsSnapshot, PageError> {
        Ok(ResultsSnapshot {
            status: self.status().await?,
            metrics: self.metrics().await?,
            bars: self.bars().await?,
            log: self.log().await?,
            captions: self.texts("figcaption").await?,
            rows: self.evaluate(ROWS, Vec::new()).await?,
            timeline: self.evaluate(TIMELINE, Vec::new()).await?,
        })
    }

    /// Waits until the results are visible and no longer change, and returns them.
    ///
    /// # Errors
    ///
    /// If they keep changing for too long.
    pub async fn settled_results(&self) -> Result<ResultsSnapshot, PageError> {
        // Until its forecast is known, the page hides what the forecast would move, and hidden elements have no text.
        eventually("a page that has arrived", async || {
            let is_hidden: bool = self.evaluate("return !!document.querySelector('.arriving')", Vec::new()).await?;
            Ok(if is_hidden { Err("a hidden stage".to_owned()) } else { Ok(()) })
        })
        .await?;
        let mut last = self.results().await?;
        eventually("a page that no longer changes", async || {
            let now = self.results().await?;
            let is_same = now == last;
            last = now.clone();
            Ok(if is_same { Ok(now) } else { Err("one that changes".to_owned()) })
        })
        .await
    }
}

/// A time on the page, such as `12 ms` or `1.20 s`, in milliseconds.
#[must_use]
pub fn milliseconds(time: &str) -> Option<f64> {
    match time.split_once(' ')? {
        (ms, "ms") => ms.parse().ok(),
        (s, "s") => s.parse().ok().map(|s: f64| s * 1e3),
        _ => None,
    }
}
