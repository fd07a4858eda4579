//! The knee of measured and simulated sweeps, and the sentences about it.

use super::*;
use crate::measure::Outcome;
use crate::measure::requests::Timing;

/// A server that works on `capacity` requests at once, each for 100 ms, with ten requests by each of `concurrency`
/// clients.
fn level(capacity: u32, concurrency: u32) -> LoadLevel {
    let rounds = u64::from(concurrency.div_ceil(capacity));
    LoadLevel {
        concurrency,
        length_us: rounds * 1_000_000,
        latencies_us: vec![rounds * 100_000; concurrency as usize * 10],
        ..LoadLevel::default()
    }
}

fn sweep(capacity: u32, doublings: u32) -> Sweep {
    Sweep::new((0..=doublings).map(|power| level(capacity, 1 << power)).collect())
}

#[test]
fn the_sentence_names_the_knee_and_the_wait_beyond_it() {
    assert_eq!(
        sweep(8, 5).sentence(),
        "The knee, the point beyond which more requests only wait, is at 8 concurrent requests. Throughput peaks at \
         80.0 per second. Without a queue a request takes 100 ms, so 8.0 concurrent requests keep the endpoint busy. \
         With 32, p95 is 400 ms instead of 100 ms (4.0 times as long)."
    );
}

#[test]
fn there_is_no_knee_while_throughput_rises() {
    assert_eq!(sweep(1_000, 4).knee(), None);
    assert!(sweep(1_000, 4).sentence().starts_with("There is no knee up to 16 concurrent requests"));
    assert_eq!(sweep(8, 0).knee(), None, "one level says nothing");
}

#[test]
fn the_knee_is_the_same_on_a_busy_machine() {
    // Measured next to a dozen browsers: every response is late, most of all where there is no queue to hide it.
    let level = |concurrency, per_s: f64, median_ms: u64| LoadLevel {
        concurrency,
        length_us: (64.0 / per_s * 1e6) as u64,
        latencies_us: vec![median_ms * 1_000; 64],
        ..LoadLevel::default()
    };
    let levels = [(1, 8.8, 109), (2, 17.7, 112), (4, 22.4, 140), (8, 46.5, 150), (16, 73.2, 210), (32, 73.5, 430)];
    let sweep = Sweep::new(levels.map(|(concurrency, per_s, ms)| level(concurrency, per_s, ms)).to_vec());
    assert_eq!(sweep.knee().map(|level| level.concurrency), Some(8));
}

#[test]
fn there_is_no_knee_if_nothing_succeeds() {
    let failed = LoadLevel { concurrency: 1, length_us: 1_000, failed: 3, ..LoadLevel::default() };
    let sweep = Sweep::new(vec![failed.clone(), LoadLevel { concurrency: 2, ..failed }]);
    assert_eq!(sweep.knee(), None);
    assert!(sweep.sentence().starts_with("No request succeeded"));
    assert_eq!(Sweep::default().sentence(), "Nothing was measured.");
}

#[test]
fn goodput_within_a_short_target_is_best_at_the_knee() {
    let sweep = sweep(8, 5);
    assert_eq!(
        sweep.goodput_sentence(150_000),
        "Counting only requests within 150 ms, the best throughput is 80.0 per second, at 8 concurrent requests."
    );
    assert_eq!(sweep.levels()[5].goodput_per_s(150_000), 0.0);
    assert_eq!(sweep.goodput_sentence(50_000), "No request succeeds within 50 ms, at any concurrency.");
}

/// A level whose visits have these throughputs per second, and requests that take this long.
fn visited(concurrency: u32, median_ms: u64, per_s: [u32; 5]) -> LoadLevel {
    let visits = per_s.map(|succeeded| Visit { length_us: 1_000_000, succeeded, median_us: median_ms * 1_000 });
    let latencies_us = vec![median_ms * 1_000; per_s.iter().sum::<u32>() as usize];
    LoadLevel { concurrency, length_us: 5_000_000, latencies_us, failed: 0, visits: visits.to_vec() }
}

#[test]
fn a_knee_that_the_intervals_support_is_claimed() {
    let sweep = Sweep::new(vec![
        visited(2, 100, [20, 19, 20, 20, 18]),
        visited(4, 100, [40, 38, 41, 39, 40]),
        visited(8, 110, [78, 70, 80, 75, 79]),
        visited(16, 210, [80, 78, 80, 72, 79]),
    ]);
    assert_eq!(sweep.knee().map(|level| level.concurrency), Some(8));
}

#[test]
fn a_noisy_curve_has_no_knee_and_the_sentence_says_what_helps() {
    // Measured at a real server: 57.6, 85.8, 70.1, 52.2 and 105.1 per second.
    let sweep = Sweep::new(vec![
        visited(1, 17, [58, 57, 58, 57, 58]),
        visited(2, 24, [90, 60, 110, 95, 74]),
        visited(4, 57, [30, 100, 60, 110, 51]),
        visited(8, 150, [20, 110, 40, 60, 31]),
        visited(16, 150, [150, 60, 90, 160, 66]),
    ]);
    assert_eq!(sweep.knee(), None);
    assert_eq!(
        sweep.sentence(),
        "The curve is too noisy to show a knee: at 8 concurrent requests, the throughput is between 8.1 and 96.3 per \
         second (95 % confidence). Measure again with more time per level, and while nothing else uses the endpoint \
         or this machine."
    );
}

#[test]
fn a_knee_between_two_levels_is_named_as_such() {
    let sweep = Sweep::new(vec![
        visited(1, 100, [10; 5]),
        visited(4, 100, [40; 5]),
        visited(8, 140, [56, 52, 60, 58, 54]),
        visited(16, 280, [57, 52, 62, 58, 54]),
    ]);
    let sentence = sweep.sentence();
    assert!(sentence.contains("is between 4 and 8 concurrent requests. Throughput peaks at 56.6"), "{sentence}");
}

#[test]
fn latencies_that_vary_too_much_show_no_knee() {
    let alone = LoadLevel {
        visits: [60, 100, 100, 100, 180]
            .map(|ms| Visit { length_us: 1_000_000, succeeded: 10, median_us: ms * 1_000 })
            .to_vec(),
        ..visited(1, 100, [10; 5])
    };
    let rest = |last: u32| (1..=last).map(|power| visited(1 << power, 100 * (1 << power) / 8 + 100, [80; 5]));
    let up_to = |last| Sweep::new([alone.clone()].into_iter().chain(rest(last)).collect());
    // By the visits, the saturation is between 4.2 and 13.
    assert!(
        matches!(up_to(4).find_knee(), Knee::Anywhere(low, high) if (low.concurrency, high.concurrency) == (4, 16))
    );
    assert!(up_to(4).sentence().contains("anywhere between 4 and 16 concurrent requests. Measure again"));
    assert!(up_to(3).sentence().contains("is at 4 concurrent requests or more"), "{}", up_to(3).sentence());
}

#[test]
fn an_endpoint_that_does_more_than_its_knee_allows_has_none() {
    let sweep = Sweep::new(vec![
        visited(1, 20, [50; 5]),
        visited(2, 20, [70; 5]),
        visited(4, 60, [60; 5]),
        visited(8, 60, [110; 5]),
    ]);
    assert!(matches!(sweep.find_knee(), Knee::StillRises { from: LoadLevel { concurrency: 2, .. }, .. }));
    assert!(sweep.sentence().contains("with 8 it answers 110.0 instead of 70.0 per second"), "{}", sweep.sentence());
}

/// A visit of an endpoint that needs 100 ms for a request, and begins as many at once as `capacity` says at that time
/// (in milliseconds). Returns the requests, and the end.
fn visit(concurrency: u32, from_ms: u64, capacity: &mut impl FnMut(u64) -> usize) -> (Vec<Timing>, u64) {
    let (mut queue, mut busy) = (vec![from_ms; concurrency as usize], Vec::<(u64, u64)>::new());
    let (mut timings, mut warm_ms) = (Vec::new(), None);
    let mut now_ms = from_ms;
    while !(queue.is_empty() && busy.is_empty()) {
        let free = capacity(now_ms).saturating_sub(busy.len()).min(queue.len());
        busy.extend(queue.drain(..free).map(|sent_ms| (sent_ms, now_ms + 100)));
        now_ms += 1;
        let ended: Vec<_> = busy.extract_if(.., |(_, end_ms)| *end_ms == now_ms).collect();
        for (sent_ms, end_ms) in ended {
            let [sent_us, ended_us] = [sent_ms, end_ms].map(|ms| ms * 1_000);
            timings.push(Timing { due_us: sent_us, sent_us: Some(sent_us), ended_us, outcome: Outcome::Succeeded });
            if timings.len() == concurrency as usize {
                warm_ms = Some(now_ms);
            }
            let measured = timings.len().saturating_sub(concurrency as usize);
            let is_long = warm_ms.is_some_and(|warm_ms| now_ms >= warm_ms + 400);
            if !(is_long && measured >= concurrency.max(4) as usize) {
                queue.push(now_ms);
            }
        }
    }
    (timings, now_ms)
}

/// A sweep of such an endpoint.
fn simulated(mut capacity: impl FnMut(u64) -> usize) -> Sweep {
    let concurrencies = [1, 2, 4, 8, 16, 32];
    let mut visits = vec![Vec::new(); concurrencies.len()];
    let mut now_ms = 0;
    for n in 0..5 {
        for index in 0..concurrencies.len() {
            let level = if n % 2 == 0 { index } else { concurrencies.len() - 1 - index };
            let (timings, end_ms) = visit(concurrencies[level], now_ms, &mut capacity);
            visits[level].push(timings);
            now_ms = end_ms;
        }
    }
    let levels = concurrencies.iter().zip(&visits).map(|(at_once, visits)| LoadLevel::from_visits(*at_once, visits));
    Sweep::new(levels.collect())
}

#[test]
fn the_knee_of_a_steady_endpoint_is_its_capacity() {
    for capacity in [2, 4, 8, 16] {
        let sweep = simulated(|_| capacity);
        assert_eq!(sweep.knee().map(|level| level.concurrency as usize), Some(capacity), "{}", sweep.sentence());
    }
}

#[test]
fn an_endpoint_whose_capacity_changes_at_random_has_no_knee() {
    for (seed, period_ms) in [100, 200, 400, 1_000, 3_000].into_iter().cycle().take(20).enumerate() {
        let drawn = |now_ms: u64| fastrand::Rng::with_seed(seed as u64 * 1_000 + now_ms / period_ms).usize(1..=16);
        let sweep = simulated(drawn);
        assert_eq!(sweep.knee(), None, "seed {seed}, every {period_ms} ms: {}", sweep.sentence());
    }
}
