//! The counterpart of `asyncio`: a [`Run`], its clock and timers, its tasks, and ways to drive it.
//!
//! A [`Run`] is one execution of an exercise. On the page it uses the browser's clock, and all sleepers share one
//! browser timer. On the virtual clock ([`virtual_time`]) time jumps from deadline to deadline, so that a test takes no
//! time and gives the same instants on every machine. The order of wake-ups: the browser's timer, or the virtual
//! clock's jump, calls the run's timers; they wake every sleeper that is due, in the order of deadlines; the executor
//! polls the tasks that were woken.
//!
//! Do not use it for work that needs a processor: a task that computes blocks the whole page. Use
//! [`workers`](crate::workers) instead.

#[cfg(target_arch = "wasm32")]
pub mod browser;
mod clock;
mod join;
mod limit;
mod nested;
mod queue;
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

pub use inference::random::Rng;
pub(crate) use inference::random::rng_for;
pub use join::{join_all, try_join_all};
pub use limit::{Limit, Permit};
pub use queue::Queue;
pub use retry::{Backoff, RetryError, RetryPolicy};
pub(crate) use run::{LatestWait, Line, here};
pub use run::{Noted, Run, Sleep, Task, TaskError};
pub use scope::{JoinHandle, Scope, ScopeClosed};
pub use stop::{Stoppable, Stopper, stoppable};
pub use timeout::{TimedOut, Timeout};
