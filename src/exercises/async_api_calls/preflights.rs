//! The time that preflights add to each request, if the endpoint does not let browsers keep its permission.
//!
//! A browser does not show its preflights to a page, and they are part of every measured latency. But the same request takes
//! one more round trip with a header for which the browser asks first. So the page compares requests without and with such
//! a header, before it measures.

use std::time::Duration;

use crate::endpoint::oip::Client;
use crate::exercises::prelude::*;
use crate::measure::statistics::Summary;

/// The number of pairs.
const PAIRS: usize = 8;

/// The number of pairs that may show the opposite, because other work delays any request. Without preflights, the other pairs
/// are all slower by chance in 1 of 28 measurements, and seldom by much.
const MOST_OPPOSITE: usize = 1;

/// The longest time for all pairs. Without preflights, one of the first pairs shows it.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A smaller share of the time without a preflight cannot be told apart from noise.
const MIN_SHARE: f64 = 0.2;

/// The time that a preflight adds to each request. `None` if it adds none, or too little to be seen.
pub(super) async fn added_time(run: &Run, client: &Client, model: &str) -> Option<Duration> {
    let pairs = async {
        // The endpoint may allow browsers to keep the permission. Then this request has the only preflight.
        timed(run, client, model, true).await;
        let mut pairs = Vec::new();
        while pairs.len() < PAIRS {
            let [without, with] = [timed(run, client, model, false).await, timed(run, client, model, true).await];
            // A gateway that refuses requests without a key answers sooner than a model.
            if without.1 != with.1 {
                return None;
            }
            pairs.push([without.0, with.0]);
            if pairs.iter().filter(|[without, with]| with <= without).count() > MOST_OPPOSITE {
                return None;
            }
        }
        added(&pairs)
    };
    run.timeout(TIME_LIMIT, pairs).await.ok()?
}

/// The time until the response to a request for the model's metadata, and its status if the page may read it.
async fn timed(run: &Run, client: &Client, model: &str, has_preflight: bool) -> (Duration, Option<u16>) {
    let start = run.now();
    let status = client.probe(model, has_preflight).await.ok();
    (run.now() - start, status)
}

/// The median difference in pairs of requests without and with a preflight, if it is large enough.
fn added(pairs: &[[Duration; 2]]) -> Option<Duration> {
    let added: Vec<_> = pairs.iter().map(|[without, with]| with.saturating_sub(*without)).collect();
    let median =
        |times: &mut dyn Iterator<Item = Duration>| Summary::from_sample(times.map(|it| it.as_secs_f64())).median();
    let without = median(&mut pairs.iter().map(|[without, _]| *without))?;
    let added = median(&mut added.into_iter())?;
    (added >= without * MIN_SHARE).then(|| Duration::from_secs_f64(added))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::endpoint::http::{self, Answer, BaseUrl, Scripted};
    use crate::runtime::virtual_time::block_on;

    fn added_ms(pairs: &[[u64; 2]]) -> Option<u128> {
        let pairs: Vec<_> = pairs.iter().map(|pair| pair.map(Duration::from_millis)).collect();
        added(&pairs).map(|time| time.as_millis())
    }

    #[test]
    fn the_added_time_is_the_median_unless_it_may_be_noise() {
        assert_eq!(added_ms(&[[10, 20], [11, 20], [10, 21], [10, 20], [14, 20], [10, 90]]), Some(10));
        assert_eq!(added_ms(&[[100, 101]; 6]), None);
        assert_eq!(added_ms(&[]), None);
    }

    /// The added time at a server that needs 100 ms for a request, and this long for each preflight.
    fn measured(preflight_ms: u64, is_kept: bool) -> Option<Duration> {
        let run = Run::on_virtual_clock(7);
        let is_known = Cell::new(false);
        let server = Scripted::new(&run, move |request| {
            let has_preflight = request.headers.get("content-type").is_some() && !(is_kept && is_known.replace(true));
            let preflight_ms = if has_preflight { preflight_ms } else { 0 };
            Answer::new(404).with_delay(Duration::from_millis(100 + preflight_ms))
        });
        let base = BaseUrl::parse("http://models.example").expect("it is a URL");
        let client = Client::with_http(http::Client::new(&run, server), base);
        block_on(&run, added_time(&run, &client, "m")).expect("it waits only for timers")
    }

    #[test]
    fn a_preflight_is_seen_only_if_each_request_has_one() {
        assert_eq!(measured(50, false), Some(Duration::from_millis(50)));
        assert_eq!(measured(50, true), None);
        assert_eq!(measured(2_000, false), None, "the time is over before that");
    }
}
