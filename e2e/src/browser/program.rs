//! The programs that an engine needs, and where they are.

use std::env;
use std::path::PathBuf;

/// A program, with its names on different systems.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    what: &'static str,
    names: &'static [&'static str],
    variable: &'static str,
    advice: &'static str,
}

pub(super) const CHROMIUM: Program = Program {
    what: "browser",
    names: &["chromium", "chromium-browser", "google-chrome", "chrome"],
    variable: "CHROME",
    advice: "install it (on Debian `apt-get install chromium`) or set `CHROME` to its path",
};

pub(super) const CHROMEDRIVER: Program = Program {
    what: "driver",
    names: &["chromedriver"],
    variable: "CHROMEDRIVER",
    advice: "install it (on Debian `apt-get install chromium-driver`) or set `CHROMEDRIVER` to its path",
};

pub(super) const FIREFOX: Program = Program {
    what: "browser",
    names: &["firefox", "firefox-esr"],
    variable: "FIREFOX",
    advice: "install it (on Debian `apt-get install firefox-esr`), set `FIREFOX` to its path, or leave it out of `ENGINES`",
};

pub(super) const GECKODRIVER: Program = Program {
    what: "driver",
    names: &["geckodriver"],
    variable: "GECKODRIVER",
    advice: "run `tools/setup test` and `. tools/env`, set `GECKODRIVER` to its path, or leave `firefox` out of `ENGINES`",
};

pub(super) const SAFARIDRIVER: Program = Program {
    what: "driver",
    names: &["safaridriver"],
    variable: "WEBKITDRIVER",
    advice: "run `safaridriver --enable` once, or leave `webkit` out of `ENGINES`",
};

pub(super) const WEBKITDRIVER: Program = Program {
    what: "driver",
    names: &["WebKitWebDriver"],
    variable: "WEBKITDRIVER",
    advice: "install it (on Debian `apt-get install webkit2gtk-driver`), set `WEBKITDRIVER` to its path, or leave `webkit` \
             out of `ENGINES`",
};

pub(super) const XVFB: Program = Program {
    what: "screen",
    names: &["Xvfb"],
    variable: "XVFB",
    advice: "install it (on Debian `apt-get install xvfb`), set `XVFB` to its path, or leave `webkit` out of `ENGINES`",
};

/// A required program that is not installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no {} found: none of {} is on PATH, and `{}` is not set to a program",
    .0.what, in_backticks(.0.names), .0.variable
)]
pub struct MissingProgram(&'static Program);

impl MissingProgram {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.0.advice
    }
}

fn in_backticks(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Program {
    /// Its most common name.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Its file: the one that the environment variable names, otherwise the first on PATH.
    pub fn find(&'static self) -> Result<PathBuf, MissingProgram> {
        let found = named_by(self.variable).or_else(|| self.names.iter().find_map(|name| on_path(name)));
        found.ok_or(MissingProgram(self))
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
    fn a_missing_browser_is_reported_in_one_line_with_advice() {
        let missing = MissingProgram(&FIREFOX);
        let text = missing.to_string();
        assert_eq!(
            text,
            "no browser found: none of `firefox`, `firefox-esr` is on PATH, and `FIREFOX` is not set to a program"
        );
        assert!(missing.advice().contains("apt-get install firefox-esr"));
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(on_path("cargo").is_some_and(|program| program.is_file()));
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
