//! Code that is loaded when it is first needed, so that it is not in the first load.
//!
//! `lazy!` marks a function. In a release build of the page, `tools/site` puts it and everything that only it uses into
//! a file of its own. In tests and debug builds it is an ordinary function.

/// A part of the page's code could not be loaded. The next call tries again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this part of the page could not be loaded")]
pub struct NotFetched;

impl NotFetched {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        "Check your connection and that the server is running, then reload. The site may have been updated."
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
/// `lazy!(mod fetched in pages: page(runs_at_once: bool) -> AnyView)` takes the ordinary function `page` of the
/// same module and makes two others, which may fail with [`NotFetched`]:
///
/// - `fetched::load().await` loads the file `split_pages.wasm`, unless it has been loaded already.
/// - `fetched::page(false).await` also does that, and then calls the function. It does not wait if the part is loaded.
///
/// Functions in parts of the same name share a file. Code that several parts need, but the page does not, becomes a
/// file that is loaded with each of them. There is one for each set of parts, so a few big parts are better than many
/// small ones: 11 parts made 124 such files, and the present 5 make 15. They are `exercises`, `io` (the exercises with
/// files and requests), `pages` (first page and guide), `share` (saved runs, export) and `jobs` (workers).
///
/// Nothing else may call `page`, or it stays in the first load. It may be neither generic nor `async`: an asynchronous
/// function returns a boxed future.
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
            #[allow(dead_code, reason = "a call also loads the part")]
            pub(super) async fn load() -> Result<(), NotFetched> {
                Ok(fetch().await?)
            }

            #[cfg(not(split))]
            pub(super) async fn $function($($name: $type),*) -> Result<$output, NotFetched> {
                Ok(super::$function($($name),*))
            }

            #[cfg(not(split))]
            #[allow(dead_code, reason = "a call also loads the part")]
            pub(super) async fn load() -> Result<(), NotFetched> {
                Ok(())
            }
        }
    };
}

pub(crate) use lazy;
