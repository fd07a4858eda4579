//! The border between the page's wasm and its script, made narrow.
//!
//! wasm-bindgen names each function that the wasm calls after what it does, with a hash, and both files hold all of these
//! names: they get short ones. And it binds what libraries offer to scripts, though ours never asks for it: with the
//! exports goes all that only they use.

use std::collections::HashMap;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{ExportSection, ImportSection, Module, RawSection};
use wasmparser::{Import, ImportSectionReader, Parser, Payload};

/// How the name of the module begins whose functions are the script's own.
const OWN: &str = "./interleave_bg";

/// Why the border could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum BorderError {
    /// It is no wasm.
    #[error("the wasm file cannot be read: {0}")]
    Unreadable(#[from] Error<Infallible>),
    /// The wasm calls what the script does not have.
    #[error("the script has no function `{0}`, which the wasm calls: is wasm-bindgen of another version?")]
    Missing(String),
}

/// A script without the classes of which nobody can make an object: those that neither the script may construct nor the
/// wasm hands out.
pub fn without_idle_classes(script: &str) -> String {
    let classes = script.split("export class ").skip(1).filter_map(|class| class.split_once("\n}\n"));
    let idle = classes.filter(|(class, _)| !class.contains("constructor(") && !class.contains("static __wrap("));
    let names: Vec<_> = idle.filter_map(|(class, _)| class.split_whitespace().next()).collect();
    names.into_iter().fold(script.to_owned(), |script, name| {
        let script = without(&script, &format!("export class {name} {{"), "\n}\n");
        let script = without(&script, &format!("if (Symbol.dispose) {name}."), ";\n");
        without(&script, &format!("const {name}Finalization = "), ";\n")
    })
}

/// A text without what stands from `begin` to `end`.
fn without(text: &str, begin: &str, end: &str) -> String {
    let Some((before, rest)) = text.split_once(begin) else { return text.to_owned() };
    let after = rest.split_once(end).map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// The wasm without the exports whose names contain `idle`. All else is left as it lies: what tells of its places stays true.
///
/// # Errors
///
/// A file that is no wasm.
pub fn without_exports(wasm: &[u8], idle: &str) -> Result<Vec<u8>, BorderError> {
    let mut module = Module::new();
    for part in Parser::new(0).parse_all(wasm) {
        let part = part.map_err(Error::from)?;
        if let Payload::ExportSection(section) = &part {
            let mut exports = ExportSection::new();
            for export in section.clone() {
                let export = export.map_err(Error::from)?;
                if !export.name.contains(idle) {
                    RoundtripReencoder.parse_export(&mut exports, export)?;
                }
            }
            module.section(&exports);
        } else if let Some((id, range)) = part.as_section() {
            module.section(&RawSection { id, data: &wasm[range.start as usize..range.end as usize] });
        }
    }
    Ok(module.finish())
}

/// The wasm and its script with short names for what the first calls in the second.
///
/// # Errors
///
/// Files of another form than those that wasm-bindgen writes.
pub fn with_short_names(wasm: &[u8], script: &str) -> Result<(Vec<u8>, String), BorderError> {
    let mut border = Border { short: HashMap::new() };
    let mut module = Module::new();
    border.parse_core_module(&mut module, Parser::new(0), wasm)?;
    let script = renamed(script, border.short)?;
    Ok((module.finish(), script))
}

/// The script with other names for the functions that it offers: each begins a line, as `name: function(…) {`.
fn renamed(script: &str, mut names: HashMap<String, String>) -> Result<String, BorderError> {
    let lines = script.lines().map(|line| {
        let short = line.split_once(": ").and_then(|(name, rest)| Some((names.remove(name.trim())?, rest)));
        short.map_or_else(|| format!("{line}\n"), |(short, rest)| format!("{short}: {rest}\n"))
    });
    let script = lines.collect();
    match names.into_keys().next() {
        Some(missing) => Err(BorderError::Missing(missing)),
        None => Ok(script),
    }
}

/// Writes the wasm anew.
struct Border {
    /// The new name of each function, by its old one.
    short: HashMap<String, String>,
}

impl Border {
    /// The name under which a function is called from now on.
    fn name_of<'a>(&'a mut self, module: &str, name: &'a str) -> &'a str {
        if !module.starts_with(OWN) {
            return name;
        }
        let next = letters(self.short.len());
        self.short.entry(name.to_owned()).or_insert(next)
    }
}

impl Reencode for Border {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for import in section.into_imports() {
            let Import { module, name, ty } = import?;
            let kind = self.entity_type(ty)?;
            imports.import(module, self.name_of(module, name), kind);
        }
        Ok(())
    }
}

/// The names `a` to `z`, `ba`, `bb` and so on.
fn letters(number: usize) -> String {
    let last = char::from(b'a' + (number % 26) as u8);
    match number / 26 {
        0 => last.to_string(),
        rest => letters(rest) + last.encode_utf8(&mut [0; 4]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use wasm_encoder::{CodeSection, EntityType, ExportKind, Function, FunctionSection, SectionId, TypeSection};

    const SCRIPT: &str = "\
const import0 = {
    __wbg_log_1a2b: function(arg0) {
        console.log(arg0);
    },
    __wbg_now_3c4d: function() { return 1; },
};
";

    /// Wasm that calls `imports` and exports functions of these names.
    fn wasm(imports: &[(&str, &str)], exports: &[&str]) -> Vec<u8> {
        let (mut types, mut called) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        for (module, name) in imports {
            called.import(module, name, EntityType::Function(0));
        }
        let (mut functions, mut offered, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
        for (place, name) in (0..).zip(exports) {
            functions.function(0);
            offered.export(name, ExportKind::Func, imports.len() as u32 + place);
            let mut body = Function::new([]);
            body.instructions().end();
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&called).section(&functions).section(&offered).section(&code);
        module.finish()
    }

    #[test]
    fn functions_have_the_same_short_names_on_both_sides() {
        let before = wasm(&[(OWN, "__wbg_log_1a2b"), ("./parts.js", "load"), (OWN, "__wbg_now_3c4d")], &[]);
        let (after, script) = with_short_names(&before, SCRIPT).unwrap();
        assert_eq!(after, wasm(&[(OWN, "a"), ("./parts.js", "load"), (OWN, "b")], &[]));
        assert!(script.contains("\na: function(arg0) {\n") && script.contains("\nb: function() { return 1; },\n"));
    }

    #[test]
    fn idle_exports_go_and_all_else_lies_where_it_lay() {
        let before = wasm(&[(OWN, "called")], &["idlesource_pull", "kept", "__describe_idlesink_write"]);
        let after = without_exports(&before, "idle").unwrap();
        let exports = Parser::new(0).parse_all(&after).find_map(|part| match part.unwrap() {
            Payload::ExportSection(section) => Some(section.into_iter().map(|it| it.unwrap().name).collect()),
            _ => None,
        });
        assert_eq!(exports, Some(vec!["kept"]));
        let section = |wasm: &[u8], wanted: u8| {
            let parts = Parser::new(0).parse_all(wasm).map(|part| part.unwrap().as_section());
            let range = parts.flatten().find(|(id, _)| *id == wanted).unwrap().1;
            wasm[range.start as usize..range.end as usize].to_vec()
        };
        for id in [SectionId::Import, SectionId::Function, SectionId::Code] {
            assert_eq!(section(&after, id.into()), section(&before, id.into()));
        }
    }

    #[test]
    fn a_function_that_the_script_lacks_is_named() {
        let error = with_short_names(&wasm(&[(OWN, "__wbg_other_5e6f")], &[]), SCRIPT).unwrap_err();
        assert!(error.to_string().contains("`__wbg_other_5e6f`"), "{error}");
    }

    #[test]
    fn classes_without_objects_are_left_out() {
        let class = |name: &str, makes: &str| {
            format!(
                "export class {name} {{\n    {makes}() {{\n        x();\n    }}\n}}\n\
                 if (Symbol.dispose) {name}.prototype[Symbol.dispose] = {name}.prototype.free;\n"
            )
        };
        let finalization = |name: &str| {
            format!(
                "const {name}Finalization = (none)\n    ? {{ register: () => {{}} }}\n    : new Registry(ptr => 1);\n"
            )
        };
        let kept = class("Made", "constructor") + &class("Given", "static __wrap") + &finalization("Made");
        let script = class("Idle", "free") + &kept + &finalization("Idle");
        assert_eq!(without_idle_classes(&script), kept);
    }

    #[test]
    fn no_two_functions_share_a_name() {
        let names: HashSet<_> = (0..2_000).map(letters).collect();
        assert_eq!(names.len(), 2_000);
        assert_eq!([0, 25, 26, 51, 52].map(letters), ["a", "z", "ba", "bz", "ca"]);
    }
}
