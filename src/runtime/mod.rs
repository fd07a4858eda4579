//! What `asyncio` is to the guide: a [`Run`], its clock and timers, its tasks, and ways to drive it.
//!
//! A [`Run`] is one execution of an exercise. On the page it follows the browser's clock and every sleeper shares one
//! timer; on the virtual clock ([`virtual_time`]) time jumps from deadline to deadline, so that a test takes no time
//! and gives the same instants on every machine. Who wakes whom: the browser's one timer, or the virtual clock's
//! jump, calls the timers; they wake every sleeper that is due, in the order of deadlines; the executor polls the
//! tasks that were woken.
//!
//! When not to use it: for work that needs a processor. A task that computes keeps the whole page from turning.

#[cfg(target_arch = "wasm32")]
pub mod browser;
mod clock;
mod join;
mod limit;
mod nested;
mod queue;
mod random;
mod retry;
mod run;
mod scope;
mod stop;
mod timeout;
#[cfg(target_arch = "wasm32")]
pub mod turn;
pub mod virtual_time;
#[cfg(target_arch = "wasm32")]
pub mod visibility;

pub use join::{join_all, try_join_all};
pub use limit::{Limit, Permit};
pub use queue::Queue;
pub use random::Rng;
pub(crate) use random::rng_for;
pub use retry::{Backoff, RetryError, RetryPolicy};
pub use run::{Run, Sleep, Task, TaskError};
pub use scope::{JoinHandle, Scope, ScopeClosed};
pub use stop::{Stoppable, Stopper, stoppable};
pub use timeout::{TimedOut, Timeout};
