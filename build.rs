//! Decides whether the page is split, for the compiler and for the linker alike.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(split)");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    // A debug build is big and quick to make, and stays so.
    let is_release_page = is("CARGO_CFG_TARGET_ARCH", "wasm32") && is("PROFILE", "release");
    if is_release_page && std::env::var_os("CARGO_FEATURE_SPLIT").is_some() {
        println!("cargo::rustc-cfg=split");
        // tools/site moves functions and data, so it has to know where they are referred to.
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
