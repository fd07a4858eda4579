//! Code that is fetched when it is first needed, so that the first load is without it.
//!
//! `lazy!` marks a function. In a release build of the page, `tools/site` puts it and everything that only it uses
//! into a file of its own; elsewhere, in tests and debug builds, it is an ordinary function that is there at once.

/// A part of the page's code did not arrive. Asking again fetches it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this part of the page could not be fetched")]
pub struct NotFetched;

impl NotFetched {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        "Check that the server still runs and that the network is there, then reload: the site may have been replaced."
    }
}

#[cfg(split)]
impl From<wasm_split_helpers::SplitLoaderError> for NotFetched {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

/// Puts a function into a part of its own.
///
/// `lazy!(mod fetched in benchmark: page(runs_at_once: bool) -> AnyView)` takes `page`, an ordinary function beside it,
/// and makes two others, which may fail with [`NotFetched`]:
///
/// - `fetched::load().await` fetches the file `split_benchmark.wasm`, if that was not done yet.
/// - `fetched::page(false).await` does so too and calls the function. When the part is there it does not wait.
///
/// Functions in a part of the same name share a file. What some parts need, but the page does not, becomes a file that
/// is fetched with each of them: one for every set of parts, so a few big parts are better than many small ones.
///
/// `page` itself must be called from nowhere else, or it stays in the first load. It may be neither generic nor `async`:
/// a boxed future is what an asynchronous one returns.
macro_rules! lazy {
    (mod $module:ident in $part:ident: $function:ident($($name:ident: $type:ty),* $(,)?) -> $output:ty) => {
        mod $module {
            use super::*;
            use $crate::lazy::NotFetched;

            #[cfg(split)]
            #[wasm_split_helpers::wasm_split(
                $part, fallible, preload(fetch), return_wrapper(let output = _; { Ok(output) } -> Result<$output, NotFetched>)
            )]
            pub(super) fn $function($($name: $type),*) -> $output {
                super::$function($($name),*)
            }

            #[cfg(split)]
            #[allow(dead_code, reason = "what is called fetches itself")]
            pub(super) async fn load() -> Result<(), NotFetched> {
                Ok(fetch().await?)
            }

            #[cfg(not(split))]
            pub(super) async fn $function($($name: $type),*) -> Result<$output, NotFetched> {
                Ok(super::$function($($name),*))
            }

            #[cfg(not(split))]
            #[allow(dead_code, reason = "what is called fetches itself")]
            pub(super) async fn load() -> Result<(), NotFetched> {
                Ok(())
            }
        }
    };
}

pub(crate) use lazy;
