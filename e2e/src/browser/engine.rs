//! The differences between engines: programs, arguments, capabilities.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::program::{
    CHROMEDRIVER, CHROMIUM, FIREFOX, GECKODRIVER, MissingProgram, Program, SAFARIDRIVER, WEBKITDRIVER,
};

/// A browser engine that the tests can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Chromium or Chrome, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
    /// WebKitGTK's own small browser, by `WebKitWebDriver`. On a Mac, Safari, which runs one session at a time.
    Webkit,
}

/// How a browser compiles WebAssembly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compilation {
    /// As it does for users: quickly at first, and what runs often again, with optimisations.
    #[default]
    Full,
    /// Only quickly, for tests that do not measure. The second compilation of Python takes longer than most of these
    /// tests: without it, those of Stop needed 71 instead of 92 s of processor time in WebKit, and those of a program's
    /// run 78 instead of 103 s in Chromium. In Firefox, the difference was 4 %, so it compiles as always.
    Quick,
}

/// A word in `ENGINES` that is not the name of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown engine `{0}` in `ENGINES`: use chromium, firefox, webkit")]
pub struct UnknownEngine(String);

/// Without a screen, without a sandbox (containers have neither), and without the browser's own traffic.
const CHROMIUM_ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
];

/// Without a graphics card, WebKit draws each frame with an emulated one. To draw directly saves half of the processor
/// time in which a page starts Python (2.5 instead of 5.1 s) and a quarter of that in which it opens.
const WEBKIT_QUICK: &[(&str, &str)] =
    &[("JSC_useOMGJIT", "0"), ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"), ("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1")];

impl Engine {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// The engines that the environment variable `ENGINES` names, separated by spaces. All engines if it is empty or
    /// not set.
    ///
    /// # Errors
    ///
    /// If it names one that does not exist.
    pub fn wanted() -> Result<Vec<Self>, UnknownEngine> {
        let named = env::var("ENGINES").unwrap_or_default();
        if named.trim().is_empty() { Ok(Self::ALL.to_vec()) } else { listed(&named) }
    }

    /// The browser's program, unless the driver itself knows where it is.
    ///
    /// # Errors
    ///
    /// If it is not installed.
    pub fn find_browser(self) -> Result<Option<PathBuf>, MissingProgram> {
        match self {
            Self::Chromium => CHROMIUM.find().map(Some),
            Self::Firefox => FIREFOX.find().map(Some),
            Self::Webkit => Ok(None),
        }
    }

    pub(super) fn driver(self) -> &'static Program {
        match self {
            Self::Chromium => &CHROMEDRIVER,
            Self::Firefox => &GECKODRIVER,
            Self::Webkit if cfg!(target_os = "macos") => &SAFARIDRIVER,
            Self::Webkit => &WEBKITDRIVER,
        }
    }

    /// Finds the port in a line of the driver's output. `None` if the driver does not print it: such a driver must be
    /// given a port, while the others pick a free one if they are given 0.
    pub(super) fn announced_port(self) -> Option<fn(&str) -> Option<u16>> {
        match self {
            Self::Chromium => Some(|line| port_after("successfully on port ", line)),
            Self::Firefox => Some(|line| port_after("Listening on 127.0.0.1:", line)),
            Self::Webkit => None,
        }
    }

    pub(super) fn driver_arguments(self, port: u16) -> Vec<String> {
        let port = format!("--port={port}");
        match self {
            Self::Firefox => vec![port, "--websocket-port=0".to_owned()],
            Self::Chromium | Self::Webkit => vec![port],
        }
    }

    /// True if the engine has no headless mode.
    pub(super) fn needs_screen(self) -> bool {
        self == Self::Webkit && !cfg!(target_os = "macos")
    }

    /// The environment variables with which the browser's driver starts.
    pub(super) fn environment(self, compilation: Compilation) -> &'static [(&'static str, &'static str)] {
        match (self, compilation) {
            (Self::Webkit, Compilation::Quick) => WEBKIT_QUICK,
            _ => &[],
        }
    }

    pub(super) fn capabilities(self, program: Option<PathBuf>, compilation: Compilation) -> Map<String, Value> {
        let quick = (compilation == Compilation::Quick).then_some("--js-flags=--liftoff-only");
        let chromium_arguments: Vec<_> = CHROMIUM_ARGUMENTS.into_iter().chain(quick).collect();
        let capabilities = match self {
            Self::Chromium => json!({
                "browserName": "chrome",
                "goog:chromeOptions": { "binary": program, "args": chromium_arguments },
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            }),
            Self::Firefox => json!({
                "browserName": "firefox",
                "moz:firefoxOptions": {
                    "binary": program,
                    "args": ["-headless"],
                    // Starting processes in advance would take a quarter of the time of a short test.
                    "prefs": { "dom.ipc.processPrelaunch.enabled": false },
                },
            }),
            Self::Webkit => json!({}),
        };
        capabilities.as_object().cloned().unwrap_or_default()
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        })
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        let found = Self::ALL.into_iter().find(|engine| engine.to_string() == name);
        found.ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}

fn listed(names: &str) -> Result<Vec<Engine>, UnknownEngine> {
    names.split_whitespace().map(Engine::from_str).collect()
}

/// The port in a line such as `ChromeDriver was started successfully on port 39121.`
fn port_after(words: &str, line: &str) -> Option<u16> {
    let (_, port) = line.trim_end().trim_end_matches('.').split_once(words)?;
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_listed_by_name() {
        assert_eq!(listed(" webkit  chromium"), Ok(vec![Engine::Webkit, Engine::Chromium]));
        let error = listed("firefox lynx").unwrap_err();
        assert_eq!(error.to_string(), "unknown engine `lynx` in `ENGINES`: use chromium, firefox, webkit");
    }

    #[test]
    fn the_session_asks_for_the_console() {
        let capabilities = Engine::Chromium.capabilities(Some("/opt/chrome".into()), Compilation::Full);
        assert_eq!(capabilities["goog:chromeOptions"]["binary"], "/opt/chrome");
        assert_eq!(capabilities["goog:loggingPrefs"]["browser"], "ALL");
    }

    #[track_caller]
    fn assert_port(engine: Engine, line: &str, expected: Option<u16>) {
        let find = engine.announced_port().expect("it announces one");
        assert_eq!(find(line), expected, "{line}");
    }

    #[test]
    fn the_port_is_read_from_the_line_that_announces_it() {
        assert_port(Engine::Chromium, "ChromeDriver was started successfully on port 39121.", Some(39121));
        assert_port(Engine::Chromium, "Starting ChromeDriver 156.0 (a21ce95) on port 0", None);
        assert_port(Engine::Firefox, "1795419695770\tgeckodriver\tINFO\tListening on 127.0.0.1:40467", Some(40467));
    }
}
