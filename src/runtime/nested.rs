//! A run inside a run, whose record and whose sleepers are its own.

use crate::runtime::Run;
use crate::runtime::virtual_time::{Stalled, block_on};

impl Run {
    /// Does something in a run of its own, with the same seed and on a clock of the same kind. Nobody else sleeps in it,
    /// and its record tells of nothing else. On the virtual clock its time does not pass for this run.
    ///
    /// # Errors
    ///
    /// [`Stalled`] when it waits for what never comes, which only the virtual clock knows.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let left = run.nested(async |own| {
    ///     let minute = own.sleep(Duration::from_secs(60));
    ///     let _ = own.timeout(Duration::from_millis(5), minute).await;
    ///     (own.now(), own.sleepers())
    /// });
    /// assert_eq!(virtual_time::block_on(&run, left)?, Ok((Duration::from_millis(5), 0)));
    /// assert_eq!(run.now(), Duration::ZERO);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub async fn nested<T>(&self, act: impl AsyncFnOnce(&Self) -> T) -> Result<T, Stalled> {
        #[cfg(target_arch = "wasm32")]
        if self.is_in_browser() {
            return Ok(act(&Self::in_browser(self.seed())).await);
        }
        let own = Self::on_virtual_clock(self.seed());
        block_on(&own, act(&own))
    }
}
