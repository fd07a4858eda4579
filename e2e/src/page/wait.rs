//! Waiting for a condition instead of a fixed time.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::PageError;

/// Much longer than anything takes on an idle machine, so that tests do not fail on a busy one.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
/// The shortest and the longest pause between two calls. In between, it is a tenth of the time since the first call, so
/// that looking costs little processor time and waiting lasts at most a tenth longer.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// Calls `look` until it returns a value. Until then, `look` returns the current state as a text, or the error that
/// something is missing or that the browser refused a command.
///
/// # Errors
///
/// Any other error of `look`, or [`PageError::TimedOut`] after [`DEFAULT_TIMEOUT`].
pub async fn eventually<T>(
    what: &str,
    look: impl AsyncFnMut() -> Result<Result<T, String>, PageError>,
) -> Result<T, PageError> {
    eventually_within(DEFAULT_TIMEOUT, what, look).await
}

/// Like [`eventually`], with this limit.
///
/// # Errors
///
/// Those of [`eventually`], with this limit.
pub async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    look: impl AsyncFnMut() -> Result<Result<T, String>, PageError>,
) -> Result<T, PageError> {
    poll(|waited| (waited / 10).clamp(PAUSES[0], PAUSES[1]), limit, what, look).await
}

/// Like [`eventually`], with this limit and this pause between two calls. Measurements need longer pauses, because each
/// call takes a few milliseconds of processor time.
///
/// # Errors
///
/// Those of [`eventually`], with this limit.
pub async fn eventually_every<T>(
    pause: Duration,
    limit: Duration,
    what: &str,
    look: impl AsyncFnMut() -> Result<Result<T, String>, PageError>,
) -> Result<T, PageError> {
    poll(|_| pause, limit, what, look).await
}

/// Calls `look` until it returns a value. The pauses depend on the time since the first call.
async fn poll<T>(
    pause: impl Fn(Duration) -> Duration,
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>, PageError>,
) -> Result<T, PageError> {
    let start = Instant::now();
    loop {
        let last = match look().await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(last)) => last,
            // The page is still being built, or is being rebuilt.
            Err(error @ (PageError::Missing { .. } | PageError::Refused(_))) => error.to_string(),
            Err(error) => return Err(error),
        };
        if start.elapsed() >= limit {
            return Err(PageError::TimedOut { what: what.to_owned(), limit, last });
        }
        sleep(pause(start.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn eventually_looks_until_there_is_a_value() {
        let mut looks = 0;
        let value = eventually("three looks", async || {
            looks += 1;
            Ok(if looks == 3 { Ok(looks) } else { Err(looks.to_string()) })
        });
        assert_eq!(value.await.expect("a value"), 3);
    }

    #[tokio::test]
    async fn eventually_waits_for_missing_things_but_not_for_unreadable_ones() {
        let mut looks = 0;
        let value = eventually("a status", async || {
            looks += 1;
            if looks == 3 { Ok(Ok(looks)) } else { Err(PageError::Missing { what: "status".to_owned() }) }
        });
        assert_eq!(value.await.expect("a value"), 3);

        let unreadable = eventually("a number", async || {
            let number: u8 = serde_json::from_str("x")?;
            Ok(Ok(number))
        });
        assert!(matches!(unreadable.await, Err(PageError::Unreadable(_))));
    }

    #[tokio::test]
    async fn a_timeout_reports_the_last_state() {
        let never = eventually_within(Duration::ZERO, "the status `Finished`", async || {
            Ok(Err::<(), _>("`Running`".to_owned()))
        });
        let error = never.await.expect_err("a timeout");
        assert_eq!(error.to_string(), "the status `Finished` did not appear within 0 s; the last state was `Running`");
    }
}
