//! Starts the page.

#[cfg(target_arch = "wasm32")]
fn main() {
    interleave::ui::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("Interleave runs in a browser: start it with `make serve`.");
    std::process::exit(1);
}
