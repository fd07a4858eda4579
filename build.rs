//! Decides whether the page is split, for the compiler and for the linker; and lists the hashes of the exercises' sources.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The sources whose lines the page shows.
const EXERCISES: &str = "src/exercises";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={EXERCISES}");
    println!("cargo::rustc-check-cfg=cfg(split)");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    // A debug build is not split, because it is large anyway and should compile quickly.
    let is_release_page = is("CARGO_CFG_TARGET_ARCH", "wasm32") && is("PROFILE", "release");
    if is_release_page && std::env::var_os("CARGO_FEATURE_SPLIT").is_some() {
        println!("cargo::rustc-cfg=split");
        // tools/site moves functions and data, so it has to know where they are referred to.
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("source_hashes.rs"), source_hashes()?)
}

/// A sorted table of paths and hashes, as Rust. See `src/source_hashes.rs`.
fn source_hashes() -> io::Result<String> {
    let mut paths = Vec::new();
    collect(Path::new(EXERCISES), &mut paths)?;
    paths.sort_unstable();
    let mut table = String::from("static HASHES: &[(&str, &str)] = &[\n");
    for path in paths {
        let digest = Sha256::digest(std::fs::read(&path)?);
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        table.push_str(&format!("    ({path:?}, {hash:?}),\n"));
    }
    table.push_str("];\n");
    Ok(table)
}

/// Adds the Rust files in a folder and its subfolders. Their paths have slashes, as in the compiler's locations.
fn collect(folder: &Path, into: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
