//! Retries after failures, with pauses that grow.
//!
//! The pauses grow so that retries do not keep an overloaded server down. They are random, up to a bound, so that
//! clients do not all retry at the same moment: "full jitter" of Brooker, "Exponential Backoff And Jitter" (2015,
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::measure::waits::Awaited;
use crate::measure::{Level, Outcome, units};
use crate::runtime::here;
use crate::runtime::run::{Task, TaskEnd};
use crate::runtime::{Rng, Run, TaskError};

/// The length of the pauses between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Longer by `step` after every attempt, as in the guide.
    Linear {
        /// The pause after the first attempt, and its increase after each further one.
        step: Duration,
    },
    /// Random between zero and a bound that doubles after every attempt, up to `cap`.
    Exponential {
        /// The bound of the pause after the first attempt.
        base: Duration,
        /// The maximum pause.
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
                // The clock counts whole microseconds.
                Duration::from_micros(rng.u64(0..=bound.as_micros().min(u128::from(u64::MAX)) as u64))
            }
        }
    }
}

/// The rule for retries: which errors, how often, and after which pauses.
#[derive(Debug)]
pub struct RetryPolicy<E> {
    /// The maximum number of attempts after the first.
    pub retries: u32,
    /// The length of the pauses.
    pub backoff: Backoff,
    /// True if the next attempt may succeed after this error. For example, requesting a missing file again is useless.
    pub is_transient: fn(&E) -> bool,
    /// The minimum pause that the server asks for, as in `Retry-After`.
    pub retry_after: fn(&E) -> Option<Duration>,
}

/// All attempts failed, or one of them failed with an error that is not transient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryError<E> {
    /// The number of attempts, at least 1.
    pub attempts: u32,
    /// The error of the last attempt.
    pub last: E,
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            1 => write!(f, "{} (only 1 attempt)", self.last),
            n => write!(f, "{} (after {n} attempts)", self.last),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for RetryError<E> {}

impl<E: TaskError> TaskError for RetryError<E> {
    fn outcome(&self) -> Outcome {
        self.last.outcome()
    }
}

/// The result of one attempt.
enum AttemptResult<T, E> {
    Succeeded(T),
    Failed(E),
    /// It failed, and another attempt follows after this pause.
    Retried(E, Duration),
}

impl Run {
    /// Calls `operation` until it succeeds, or until the policy allows no further attempt. The argument is the number
    /// of the attempt, from 1. Each attempt is a subtask of the current task. An attempt that is followed by another
    /// ends as `retried`. The pauses depend only on the run's seed and on `key`.
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
    #[track_caller]
    pub fn retry<T, E: TaskError>(
        &self,
        key: impl fmt::Display,
        policy: &RetryPolicy<E>,
        operation: impl AsyncFn(u32) -> Result<T, E>,
    ) -> impl Future<Output = Result<T, RetryError<E>>> {
        let line = here();
        // On the heap once it has started: otherwise each of thousands of waiting tasks would contain space for it.
        async move { Box::pin(self.with_line(line, self.retry_inline(key, policy, operation))).await }
    }

    async fn retry_inline<T, E: TaskError>(
        &self,
        key: impl fmt::Display,
        policy: &RetryPolicy<E>,
        operation: impl AsyncFn(u32) -> Result<T, E>,
    ) -> Result<T, RetryError<E>> {
        let mut attempt = 1;
        loop {
            let result = async {
                match operation(attempt).await {
                    Ok(output) => AttemptResult::Succeeded(output),
                    Err(error) if attempt > policy.retries || !(policy.is_transient)(&error) => {
                        AttemptResult::Failed(error)
                    }
                    Err(error) => {
                        let mut rng = self.rng(format_args!("{key}, pause {attempt}"));
                        let minimum = (policy.retry_after)(&error).unwrap_or_default();
                        let pause = policy.backoff.pause(attempt, &mut rng).max(minimum);
                        AttemptResult::Retried(error, pause)
                    }
                }
            };
            match self.attempt(attempt, result).await {
                AttemptResult::Succeeded(output) => return Ok(output),
                AttemptResult::Failed(last) => return Err(RetryError { attempts: attempt, last }),
                AttemptResult::Retried(_, pause) => {
                    self.noted_without_line(Awaited::Timer, self.internal_sleep(pause)).await;
                }
            }
            attempt += 1;
        }
    }

    fn attempt<T, E: TaskError, F: Future<Output = AttemptResult<T, E>>>(&self, number: u32, attempt: F) -> Task<F> {
        Task::new(self.clone(), ("attempt", number).into(), None, attempt, |attempt| match attempt {
            AttemptResult::Succeeded(_) => TaskEnd::SUCCEEDED,
            AttemptResult::Failed(error) => TaskEnd::with_error(error),
            AttemptResult::Retried(error, pause) => TaskEnd {
                outcome: Outcome::Retried,
                message: Some((
                    Level::Warning,
                    format!("{error}; retrying in {}", units::span(pause.as_micros() as u64)),
                )),
            },
        })
    }
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
    use crate::test_support::ms;

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

    /// The beginning of each attempt, in milliseconds, and its outcome.
    fn attempts(run: &Run) -> Vec<(u64, Option<Outcome>)> {
        let histories = TaskHistories::from_record(&run.record());
        histories
            .iter()
            .map(|(_, history)| (history.spawned_us / 1_000, history.end.map(|(_, outcome)| outcome)))
            .collect()
    }

    #[test]
    fn linear_pauses_grow_by_the_same_step() {
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
        assert_eq!(began, [0, 2_000, 3_000], "2 s that the server asked for, then 1 s of the policy");
    }

    #[test]
    fn an_error_that_is_not_transient_is_not_retried() {
        let run = Run::on_virtual_clock(1);
        let ask = async |_| Err::<(), _>(AskError::NoSuchModel);
        let error = block_on(&run, run.retry("ask", &policy(9, LINEAR), ask)).expect("it ends").expect_err("it fails");
        assert_eq!(error, RetryError { attempts: 1, last: AskError::NoSuchModel });
        assert_eq!(error.to_string(), "there is no such model (only 1 attempt)");
        assert_eq!(run.now(), ms(0));
    }

    #[test]
    fn zero_retries_is_one_attempt() {
        let run = Run::on_virtual_clock(1);
        let result = block_on(&run, run.retry("ask", &policy(0, LINEAR), async |_| Err::<(), _>(BUSY)));
        assert_eq!(result, Ok(Err(RetryError { attempts: 1, last: BUSY })));
    }

    #[test]
    fn an_attempt_may_have_a_timeout_and_the_task_has_the_last_outcome() {
        let run = Run::on_virtual_clock(1);
        let policy = policy(1, LINEAR);
        let ask = async |_| run.timeout(ms(100), futures::future::pending::<()>()).await.map_err(AskError::Silent);
        let task = run.try_task("ask", run.retry("ask", &policy, ask));
        block_on(&run, task).expect("it ends").expect_err("it never answers");
        let timed_out = Some(Outcome::TimedOut);
        assert_eq!(attempts(&run), [(0, timed_out), (0, Some(Outcome::Retried)), (600, timed_out)]);
        let record = run.record();
        let log: Vec<_> = record.log_lines().iter().map(|line| (line.level, line.text.as_ref())).collect();
        let silent = "the server does not answer: not done within 100 ms";
        let expected = [
            (Level::Warning, format!("{silent}; retrying in 500 ms")),
            (Level::Error, silent.to_owned()),
            (Level::Error, format!("{silent} (after 2 attempts)")),
        ];
        assert_eq!(log, expected.each_ref().map(|(level, text)| (*level, text.as_str())));
    }

    #[test]
    fn dropping_a_retry_in_a_pause_leaves_no_sleeper() {
        let run = Run::on_virtual_clock(1);
        let policy = policy(3, LINEAR);
        let mut retry = Box::pin(run.retry("ask", &policy, async |_| Err::<(), _>(BUSY)));
        assert_eq!((&mut retry).now_or_never(), None);
        assert_eq!(run.sleepers(), 1);
        drop(retry);
        assert_eq!(run.sleepers(), 0);
        let last = run.record().events().last().map(|event| event.kind);
        assert_eq!(last, Some(EventKind::Ended(Outcome::Retried)), "the attempt has ended, and no other was made");
    }

    proptest! {
        #[test]
        fn pauses_are_exactly_the_policys(seed: u64, retries in 0..12u32, base in 1..400u64, cap in 1..5_000u64) {
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
