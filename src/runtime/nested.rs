//! A run inside a run, with its own record and its own sleepers.

use crate::runtime::Run;
use crate::runtime::virtual_time::{Stalled, block_on};

impl Run {
    /// Calls `act` with a new run that has the same seed and the same kind of clock. Its sleepers and record
    /// contain nothing else. On the virtual clock, the time that passes in it does not pass in this run.
    ///
    /// # Errors
    ///
    /// [`Stalled`] if `act` waits for something that never happens. Only the virtual clock can detect that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let result = run.nested(async |inner| {
    ///     let minute = inner.sleep(Duration::from_secs(60));
    ///     let _ = inner.timeout(Duration::from_millis(5), minute).await;
    ///     (inner.now(), inner.sleepers())
    /// });
    /// assert_eq!(virtual_time::block_on(&run, result)?, Ok((Duration::from_millis(5), 0)));
    /// assert_eq!(run.now(), Duration::ZERO);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub async fn nested<T>(&self, act: impl AsyncFnOnce(&Self) -> T) -> Result<T, Stalled> {
        #[cfg(target_arch = "wasm32")]
        if self.is_in_browser() {
            return Ok(act(&Self::in_browser(self.seed())).await);
        }
        let inner = Self::on_virtual_clock(self.seed());
        block_on(&inner, act(&inner))
    }
}
