//! Accessibility problems that axe-core finds on the page (<https://github.com/dequelabs/axe-core>).

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Page, PageError};

/// A rule that the page breaks in one place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// The rule's name, such as `color-contrast`.
    pub rule: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// A CSS selector of the element.
    pub element: String,
    /// The problem.
    pub why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, impact, element, why } = self;
        write!(formatter, "{rule} ({impact}) at `{element}`: {why}")
    }
}

/// Removes all code lines after the 49th of each file: they add no new elements or colours. The page cannot be used
/// normally afterwards.
const SHORTEN_CODE: &str =
    "document.querySelectorAll('.sources .line:nth-child(n + 50)').forEach((line) => line.remove());";

/// Applies all default rules, good practice included, and the rule about the size of touch targets. It first waits for
/// all animations, so that no colour is checked in the middle of a transition.
const AUDIT: &str = "const [part] = arguments;
    const text = rule => rule.nodes.map(node => ({
        rule: rule.id,
        impact: rule.impact,
        element: node.target.join(' '),
        why: node.failureSummary.replace(/\\s+/g, ' '),
    }));
    const options = { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } };
    return Promise.allSettled(document.getAnimations().map(it => it.finished))
        .then(() => axe.run(part ?? document, options))
        .then(found => found.violations.flatMap(text));";

impl Page {
    /// The problems that axe-core finds on the page now. Shortens the code first, to save time.
    ///
    /// # Errors
    ///
    /// If axe-core is not installed, or the browser is gone.
    pub async fn violations(&self) -> Result<Vec<Violation>, PageError> {
        self.audit(None).await
    }

    /// The problems that axe-core finds now in the elements that a selector finds. For what lies above the page for a while,
    /// such as a menu: axe-core would report whatever it covers in part.
    ///
    /// # Errors
    ///
    /// If axe-core is not installed, the page has no such element, or the browser is gone.
    pub async fn violations_in(&self, selector: &str) -> Result<Vec<Violation>, PageError> {
        self.audit(Some(selector)).await
    }

    async fn audit(&self, part: Option<&str>) -> Result<Vec<Violation>, PageError> {
        if !self.evaluate("return 'axe' in window", Vec::new()).await? {
            self.evaluate::<()>(&axe()?, Vec::new()).await?;
        }
        self.evaluate::<()>(SHORTEN_CODE, Vec::new()).await?;
        self.evaluate(AUDIT, vec![part.into()]).await
    }
}

/// The axe-core script. `tools/env` sets `AXE_SCRIPT` to its path.
fn axe() -> Result<String, PageError> {
    let path = PathBuf::from(std::env::var_os("AXE_SCRIPT").unwrap_or_default());
    std::fs::read_to_string(&path).map_err(|source| PageError::NoAxe { path, source })
}
