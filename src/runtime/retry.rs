//! Another try for what failed, after a pause that grows.
//!
//! The pause grows so that a server which is down is not kept down by those who ask again, and it is drawn at random
//! up to its bound so that they do not all come back at the same moment: "full jitter" of Brooker, "Exponential Backoff
//! And Jitter" (2015, <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::measure::{Level, Outcome, units};
use crate::runtime::run::{Task, TaskEnd};
use crate::runtime::{Rng, Run, TaskError};

/// How long to pause before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// The guide's: so much longer after every attempt.
    Linear {
        /// The pause after the first attempt, and what each further one adds.
        step: Duration,
    },
    /// Twice as long after every attempt, up to a cap, and then at random between nothing and that.
    Exponential {
        /// The bound of the pause after the first attempt.
        base: Duration,
        /// No pause is longer.
        cap: Duration,
    },
}

impl Backoff {
    /// The pause after the attempt with this number, which counts from 1.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::runtime::{Backoff, Run};
    ///
    /// let mut rng = Run::on_virtual_clock(7).rng("pauses");
    /// let linear = Backoff::Linear { step: Duration::from_millis(500) };
    /// assert_eq!(linear.pause(3, &mut rng), Duration::from_millis(1500));
    /// let doubling = Backoff::Exponential { base: Duration::from_millis(100), cap: Duration::from_secs(2) };
    /// assert!(doubling.pause(3, &mut rng) <= Duration::from_millis(400));
    /// ```
    #[must_use]
    pub fn pause(self, attempt: u32, rng: &mut Rng) -> Duration {
        match self {
            Self::Linear { step } => step.saturating_mul(attempt),
            Self::Exponential { base, cap } => {
                let doublings = attempt.saturating_sub(1).min(31);
                let bound = base.saturating_mul(1 << doublings).min(cap);
                // Whole microseconds are what the clock knows.
                Duration::from_micros(rng.u64(0..=bound.as_micros().min(u128::from(u64::MAX)) as u64))
            }
        }
    }
}

/// When to try again, and when to give up.
#[derive(Debug)]
pub struct RetryPolicy<E> {
    /// How many attempts may follow the first.
    pub retries: u32,
    /// How long to pause between two.
    pub backoff: Backoff,
    /// Whether an error may be gone at the next attempt. There is no use in asking again for what does not exist.
    pub is_transient: fn(&E) -> bool,
    /// How long the other side asks to be left alone, as a server does by `Retry-After`. The pause is at least that.
    pub retry_after: fn(&E) -> Option<Duration>,
}

/// All attempts failed, or one with an error that no further attempt would mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryError<E> {
    /// How many attempts were made, at least 1.
    pub attempts: u32,
    /// What the last of them failed with.
    pub last: E,
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            1 => write!(f, "{}, at the only attempt", self.last),
            n => write!(f, "{}, at the last of {n} attempts", self.last),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for RetryError<E> {}

impl<E: TaskError> TaskError for RetryError<E> {
    fn outcome(&self) -> Outcome {
        self.last.outcome()
    }
}

/// What came of one attempt.
enum Attempt<T, E> {
    Succeeded(T),
    Failed(E),
    /// It failed, and another follows after this pause.
    Retried(E, Duration),
}

impl Run {
    /// Tries until it succeeds or the policy says that it is enough. `operation` is called with the number of the
    /// attempt, from 1. Each attempt is a task of its own inside the present one; one that is followed by another ends
    /// as `retried`. The pauses depend on the run's seed and on `key` only.
    ///
    /// # Errors
    ///
    /// The last error, with the number of attempts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::measure::Outcome;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Backoff, RetryPolicy, Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let policy = RetryPolicy {
    ///     retries: 4,
    ///     backoff: Backoff::Linear { step: Duration::from_millis(500) },
    ///     is_transient: |_| true,
    ///     retry_after: |_| None,
    /// };
    /// let flaky = async |attempt| if attempt < 3 { Err("the connection was lost") } else { Ok(attempt) };
    /// assert_eq!(virtual_time::block_on(&run, run.retry("flaky", &policy, flaky))?, Ok(3));
    /// assert_eq!(run.now(), Duration::from_millis(500 + 1000), "the pauses after the first two attempts");
    /// assert_eq!(Metrics::from_record(&run.record()).outcomes.get(Outcome::Retried), 2);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub async fn retry<T, E: TaskError>(
        &self,
        key: impl fmt::Display,
        policy: &RetryPolicy<E>,
        operation: impl AsyncFn(u32) -> Result<T, E>,
    ) -> Result<T, RetryError<E>> {
        // On the heap once it begins: of thousands that wait for a permit each would else carry room for it.
        Box::pin(self.tries(key, policy, operation)).await
    }

    async fn tries<T, E: TaskError>(
        &self,
        key: impl fmt::Display,
        policy: &RetryPolicy<E>,
        operation: impl AsyncFn(u32) -> Result<T, E>,
    ) -> Result<T, RetryError<E>> {
        let mut attempt = 1;
        loop {
            let tried = async {
                match operation(attempt).await {
                    Ok(output) => Attempt::Succeeded(output),
                    Err(error) if attempt > policy.retries || !(policy.is_transient)(&error) => Attempt::Failed(error),
                    Err(error) => {
                        let mut rng = self.rng(format_args!("{key}, pause {attempt}"));
                        let asked_for = (policy.retry_after)(&error).unwrap_or_default();
                        let pause = policy.backoff.pause(attempt, &mut rng).max(asked_for);
                        Attempt::Retried(error, pause)
                    }
                }
            };
            match self.attempt(attempt, tried).await {
                Attempt::Succeeded(output) => return Ok(output),
                Attempt::Failed(last) => return Err(RetryError { attempts: attempt, last }),
                Attempt::Retried(_, pause) => self.sleep(pause).await,
            }
            attempt += 1;
        }
    }

    fn attempt<T, E: TaskError, F: Future<Output = Attempt<T, E>>>(&self, number: u32, attempt: F) -> Task<F> {
        Task::new(self.clone(), name_of(number), attempt, |attempt| match attempt {
            Attempt::Succeeded(_) => TaskEnd::SUCCEEDED,
            Attempt::Failed(error) => TaskEnd::with_error(error),
            Attempt::Retried(error, pause) => TaskEnd {
                outcome: Outcome::Retried,
                message: Some((
                    Level::Warning,
                    format!("{error}; again after {}", units::span(pause.as_micros() as u64)),
                )),
            },
        })
    }
}

/// The first few need no memory of their own.
fn name_of(attempt: u32) -> Cow<'static, str> {
    const FIRST: [&str; 4] = ["attempt 1", "attempt 2", "attempt 3", "attempt 4"];
    let first = FIRST.get(attempt as usize - 1).copied();
    first.map_or_else(|| format!("attempt {attempt}").into(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;
    use crate::measure::EventKind;
    use crate::measure::segments::TaskHistories;
    use crate::runtime::TimedOut;
    use crate::runtime::virtual_time::block_on;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[derive(Clone, Debug, PartialEq, thiserror::Error)]
    enum AskError {
        #[error("the server is busy")]
        Busy { retry_after: Option<Duration> },
        #[error("there is no such model")]
        NoSuchModel,
        #[error("the server does not answer: {0}")]
        Silent(TimedOut),
    }

    impl TaskError for AskError {
        fn outcome(&self) -> Outcome {
            if matches!(self, Self::Silent(_)) { Outcome::TimedOut } else { Outcome::Failed }
        }
    }

    fn policy(retries: u32, backoff: Backoff) -> RetryPolicy<AskError> {
        RetryPolicy {
            retries,
            backoff,
            is_transient: |error| *error != AskError::NoSuchModel,
            retry_after: |error| if let AskError::Busy { retry_after } = error { *retry_after } else { None },
        }
    }

    const LINEAR: Backoff = Backoff::Linear { step: ms(500) };
    const BUSY: AskError = AskError::Busy { retry_after: None };

    /// When each attempt began and how it ended.
    fn attempts(run: &Run) -> Vec<(u64, Option<Outcome>)> {
        let histories = TaskHistories::from_record(&run.record());
        histories
            .iter()
            .map(|(_, history)| (history.spawned_us / 1_000, history.end.map(|(_, outcome)| outcome)))
            .collect()
    }

    #[test]
    fn the_guides_pauses_grow_by_the_same_step() {
        let run = Run::on_virtual_clock(1);
        let result = block_on(&run, run.retry("ask", &policy(3, LINEAR), async |_| Err::<(), _>(BUSY)));
        assert_eq!(result, Ok(Err(RetryError { attempts: 4, last: BUSY })));
        let (retried, failed) = (Some(Outcome::Retried), Some(Outcome::Failed));
        assert_eq!(attempts(&run), [(0, retried), (500, retried), (1_500, retried), (3_000, failed)]);
    }

    #[test]
    fn a_pause_is_at_least_what_the_server_asks_for() {
        let run = Run::on_virtual_clock(1);
        let busy = |after| Err::<(), _>(AskError::Busy { retry_after: Some(ms(after)) });
        let ask = async |attempt| match attempt {
            1 => busy(2_000),
            2 => busy(10),
            _ => Ok(()),
        };
        assert_eq!(block_on(&run, run.retry("ask", &policy(3, LINEAR), ask)), Ok(Ok(())));
        let began: Vec<_> = attempts(&run).into_iter().map(|(at_ms, _)| at_ms).collect();
        assert_eq!(began, [0, 2_000, 3_000], "2 s as asked for, then the policy's own second");
    }

    #[test]
    fn what_no_attempt_would_mend_is_not_tried_again() {
        let run = Run::on_virtual_clock(1);
        let ask = async |_| Err::<(), _>(AskError::NoSuchModel);
        let error = block_on(&run, run.retry("ask", &policy(9, LINEAR), ask)).expect("it ends").expect_err("it fails");
        assert_eq!(error, RetryError { attempts: 1, last: AskError::NoSuchModel });
        assert_eq!(error.to_string(), "there is no such model, at the only attempt");
        assert_eq!(run.now(), ms(0));
    }

    #[test]
    fn no_retries_is_one_attempt() {
        let run = Run::on_virtual_clock(1);
        let result = block_on(&run, run.retry("ask", &policy(0, LINEAR), async |_| Err::<(), _>(BUSY)));
        assert_eq!(result, Ok(Err(RetryError { attempts: 1, last: BUSY })));
    }

    #[test]
    fn an_attempt_may_have_a_deadline_and_the_last_outcome_is_the_tasks() {
        let run = Run::on_virtual_clock(1);
        let policy = policy(1, LINEAR);
        let ask = async |_| run.timeout(ms(100), futures::future::pending::<()>()).await.map_err(AskError::Silent);
        let task = run.try_task("ask", run.retry("ask", &policy, ask));
        block_on(&run, task).expect("it ends").expect_err("nobody answers");
        let timed_out = Some(Outcome::TimedOut);
        assert_eq!(attempts(&run), [(0, timed_out), (0, Some(Outcome::Retried)), (600, timed_out)]);
        let record = run.record();
        let log: Vec<_> = record.log_lines().iter().map(|line| (line.level, line.text.as_ref())).collect();
        let silent = "the server does not answer: not done within 100 ms";
        let expected = [
            (Level::Warning, format!("{silent}; again after 500 ms")),
            (Level::Error, silent.to_owned()),
            (Level::Error, format!("{silent}, at the last of 2 attempts")),
        ];
        assert_eq!(log, expected.each_ref().map(|(level, text)| (*level, text.as_str())));
    }

    #[test]
    fn dropping_it_in_a_pause_leaves_nothing_behind() {
        let run = Run::on_virtual_clock(1);
        let policy = policy(3, LINEAR);
        let mut retry = Box::pin(run.retry("ask", &policy, async |_| Err::<(), _>(BUSY)));
        assert_eq!((&mut retry).now_or_never(), None);
        assert_eq!(run.sleepers(), 1);
        drop(retry);
        assert_eq!(run.sleepers(), 0);
        let last = run.record().events().last().map(|event| event.kind);
        assert_eq!(last, Some(EventKind::Ended(Outcome::Retried)), "the attempt is over, and no other was made");
    }

    proptest! {
        #[test]
        fn the_pauses_are_exactly_the_policys(seed: u64, retries in 0..12u32, base in 1..400u64, cap in 1..5_000u64) {
            let run = Run::on_virtual_clock(seed);
            let backoff = Backoff::Exponential { base: ms(base), cap: ms(cap) };
            let result = block_on(&run, run.retry("ask", &policy(retries, backoff), async |_| Err::<(), _>(BUSY)));
            prop_assert_eq!(result, Ok(Err(RetryError { attempts: retries + 1, last: BUSY })));
            let began: Vec<u64> = TaskHistories::from_record(&run.record()).iter().map(|(_, history)| history.spawned_us).collect();
            for (index, pair) in began.windows(2).enumerate() {
                let attempt = index as u32 + 1;
                let pause = backoff.pause(attempt, &mut run.rng(format_args!("ask, pause {attempt}")));
                prop_assert_eq!(Duration::from_micros(pair[1] - pair[0]), pause);
                prop_assert!(pause <= ms(cap).min(ms(base) * 2u32.pow(attempt - 1)));
            }
        }

        #[test]
        fn no_policy_overflows(attempt: u32, base_s: u64, cap_s: u64) {
            let mut rng = Run::on_virtual_clock(1).rng("pause");
            let [base, cap] = [base_s, cap_s].map(Duration::from_secs);
            let pause = Backoff::Exponential { base, cap }.pause(attempt, &mut rng);
            prop_assert!(pause <= cap);
            let _ = Backoff::Linear { step: base }.pause(attempt, &mut rng);
        }
    }
}
