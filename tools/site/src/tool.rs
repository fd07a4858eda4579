//! Runs other programs that the build needs.

use std::process::{Command, Stdio};

use crate::error::SiteError;

/// Runs a program, and returns its output. `prepare` adds arguments to the command. The program's warnings are shown
/// only if it fails, because wasm-opt warns of names that it does not know.
///
/// # Errors
///
/// If the program is not installed, or ends with an error.
pub fn run(tool: &'static str, prepare: impl FnOnce(&mut Command) -> &mut Command) -> Result<Vec<u8>, SiteError> {
    let mut command = Command::new(tool);
    let output = prepare(command.stdin(Stdio::null())).output().map_err(|source| SiteError::NoTool { tool, source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(SiteError::Tool { tool, message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_a_program_is_returned() {
        assert_eq!(run("sh", |sh| sh.args(["-c", "echo out; echo warning >&2"])).unwrap(), b"out\n");
    }

    #[test]
    fn an_error_contains_the_error_output_of_the_program() {
        let error = run("sh", |sh| sh.args(["-c", "echo no such flag >&2; exit 1"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh` failed: no such flag");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("no-such-program", |it| it).unwrap_err();
        assert!(error.to_string().starts_with("`no-such-program` could not be started"), "{error}");
    }
}
