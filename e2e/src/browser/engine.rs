//! What differs from engine to engine: programs, arguments, capabilities.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// A browser engine that the tests can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium or Chrome, by chromedriver.
    Chromium,
}

/// A program that is needed and not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingProgram {
    /// No browser of this engine.
    #[error("no browser found: none of {} is on PATH, and `{variable}` names none", in_backticks(names))]
    Browser {
        /// What was looked for.
        names: &'static [&'static str],
        /// The environment variable that can name it.
        variable: &'static str,
    },
    /// No driver for it.
    #[error("no driver found: `{name}` is not on PATH, and `{variable}` names none")]
    Driver {
        /// What was looked for.
        name: &'static str,
        /// The environment variable that can name it.
        variable: &'static str,
    },
}

impl MissingProgram {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Browser { .. } => "install it (on Debian `apt-get install chromium`) or set `CHROME` to its path",
            Self::Driver { .. } => {
                "install it (on Debian `apt-get install chromium-driver`) or set `CHROMEDRIVER` to its path"
            }
        }
    }
}

fn in_backticks(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Without a screen, without a sandbox (containers have neither), and without the browser's own traffic.
const CHROMIUM_ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,900",
];

impl Engine {
    /// The browser's program.
    pub(super) fn find_browser(self) -> Result<PathBuf, MissingProgram> {
        let names = match self {
            Self::Chromium => &["chromium", "chromium-browser", "google-chrome", "chrome"],
        };
        named_by("CHROME")
            .or_else(|| names.iter().find_map(|name| on_path(name)))
            .ok_or(MissingProgram::Browser { names, variable: "CHROME" })
    }

    /// The driver's program.
    pub(super) fn find_driver(self) -> Result<PathBuf, MissingProgram> {
        let name = self.driver_name();
        let variable = match self {
            Self::Chromium => "CHROMEDRIVER",
        };
        named_by(variable).or_else(|| on_path(name)).ok_or(MissingProgram::Driver { name, variable })
    }

    pub(super) fn driver_name(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
        }
    }

    /// Port 0 lets the driver pick a free one, which it prints.
    pub(super) fn driver_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["--port=0"],
        }
    }

    pub(super) fn capabilities(self, program: &Path) -> Map<String, Value> {
        let capabilities = match self {
            Self::Chromium => json!({
                "browserName": "chrome",
                "goog:chromeOptions": { "binary": program, "args": CHROMIUM_ARGUMENTS },
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            }),
        };
        capabilities.as_object().cloned().unwrap_or_default()
    }
}

/// The program that an environment variable names, by path or by a name on PATH.
fn named_by(variable: &str) -> Option<PathBuf> {
    let name = env::var(variable).ok()?;
    let path = PathBuf::from(&name);
    if path.is_file() { Some(path) } else { on_path(&name) }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_is_told_in_one_line_with_the_remedy() {
        let missing = MissingProgram::Browser { names: &["chromium", "chrome"], variable: "CHROME" };
        let told = missing.to_string();
        assert_eq!(told, "no browser found: none of `chromium`, `chrome` is on PATH, and `CHROME` names none");
        assert!(missing.advice().contains("apt-get install chromium"));
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(on_path("cargo").is_some_and(|program| program.is_file()));
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }

    #[test]
    fn the_session_asks_for_the_console() {
        let capabilities = Engine::Chromium.capabilities(Path::new("/opt/chrome"));
        assert_eq!(capabilities["goog:chromeOptions"]["binary"], "/opt/chrome");
        assert_eq!(capabilities["goog:loggingPrefs"]["browser"], "ALL");
    }
}
