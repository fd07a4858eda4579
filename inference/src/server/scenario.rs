//! Scenarios: how slow the server is, how many requests it serves at once, how often it fails and how.
//!
//! A scenario is part of the path, because every client supports paths, while a custom header would need permission
//! from a server on another origin: `s/latency=100,spread=50,capacity=8,fail=0.1,kinds=500+hang,seed=7/`. The order
//! does not matter, and missing settings have their defaults.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::random::rng_for;

/// The maximum latency and spread, in milliseconds.
const MAX_MS: u32 = 60_000;
/// The maximum capacity.
const MAX_CAPACITY: u32 = 10_000;
/// `fail` is stored in millionths, as an integer, so that scenarios can be compared.
const MILLION: f64 = 1e6;

/// The behaviour of the server.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `latency` | the minimum time to serve a request, in milliseconds | 0 |
/// | `spread` | the maximum extra time, uniformly distributed, in milliseconds | 0 |
/// | `capacity` | the number of requests served at once; the others wait | no limit |
/// | `fail` | the share of requests that fail, from 0 to 1 | 0 |
/// | `kinds` | how they fail, with equal probability: `500`, `503`, `429`, `hang`, `garbage` | `500` |
/// | `seed` | the seed of all random values | 0 |
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scenario {
    latency_ms: Option<u32>,
    spread_ms: Option<u32>,
    capacity: Option<u32>,
    fail_millionths: Option<u32>,
    kinds: Option<BTreeSet<FailureKind>>,
    seed: Option<u64>,
}

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Status 500.
    Internal,
    /// Status 503.
    Unavailable,
    /// Status 429, with `Retry-After`.
    TooMany,
    /// A reply that never arrives.
    Hang,
    /// Status 200 with a body that is not JSON.
    Garbage,
}

impl FailureKind {
    /// Every way to fail, with its name in a path.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Internal, "500"),
        (Self::Unavailable, "503"),
        (Self::TooMany, "429"),
        (Self::Hang, "hang"),
        (Self::Garbage, "garbage"),
    ];
}

/// The reason the settings in a path are invalid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScenarioError {
    /// A setting is not of the form `name=value`.
    #[error("`{found}` is not a setting: write it as `latency=100`")]
    NoValue {
        /// The text in the path.
        found: String,
    },
    /// There is no such setting.
    #[error("there is no setting `{name}`, only `latency`, `spread`, `capacity`, `fail`, `kinds` and `seed`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A setting is there more than once.
    #[error("`{name}` is set twice")]
    Twice {
        /// The setting.
        name: String,
    },
    /// The value is invalid for this setting.
    #[error("`{name}` is `{found}`, but must be {expected}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// The valid values.
        expected: &'static str,
    },
}

/// The latency and the failure of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestOutcome {
    pub latency: Duration,
    pub failure: Option<FailureKind>,
}

impl Scenario {
    /// The number of requests served at once, if it is limited.
    pub(super) fn capacity(&self) -> Option<usize> {
        self.capacity.map(|capacity| capacity as usize)
    }

    /// The outcome of the request with this key. Its latency does not depend on the failures, and a request that fails
    /// at one rate fails at every higher rate.
    pub(super) fn outcome(&self, key: &str) -> RequestOutcome {
        let mut rng = rng_for(self.seed.unwrap_or_default(), key);
        let [spread, failure, kind] = [rng.f64(), rng.f64(), rng.f64()];
        let ms = f64::from(self.latency_ms.unwrap_or(0)) + spread * f64::from(self.spread_ms.unwrap_or(0));
        let fails = failure * MILLION < f64::from(self.fail_millionths.unwrap_or(0));
        RequestOutcome {
            latency: Duration::from_micros((ms * 1e3).round() as u64),
            failure: fails.then(|| self.kind(kind)),
        }
    }

    /// One of the kinds, chosen by a random number from 0 to below 1.
    fn kind(&self, random: f64) -> FailureKind {
        let kinds: Vec<_> = self.kinds.iter().flatten().copied().collect();
        kinds.get((random * kinds.len() as f64) as usize).copied().unwrap_or(FailureKind::Internal)
    }

    /// The same scenario without settings that equal the default, so that equal behaviour means equal scenarios.
    fn without_defaults(self) -> Self {
        Self {
            latency_ms: self.latency_ms.filter(|ms| *ms > 0),
            spread_ms: self.spread_ms.filter(|ms| *ms > 0),
            capacity: self.capacity,
            fail_millionths: self.fail_millionths.filter(|share| *share > 0),
            kinds: self.kinds.filter(|kinds| !kinds.iter().eq(&[FailureKind::Internal])),
            seed: self.seed.filter(|seed| *seed > 0),
        }
    }

    fn set(&mut self, setting: &str) -> Result<(), ScenarioError> {
        let Some((name, value)) = setting.split_once('=') else {
            return Err(ScenarioError::NoValue { found: setting.to_owned() });
        };
        let is_new = match name {
            "latency" => put(&mut self.latency_ms, ms("latency", value)?),
            "spread" => put(&mut self.spread_ms, ms("spread", value)?),
            "capacity" => {
                let expected = "a whole number from 1 to 10000";
                put(&mut self.capacity, integer("capacity", value, 1, MAX_CAPACITY, expected)?)
            }
            "fail" => put(&mut self.fail_millionths, share(value)?),
            "kinds" => put(&mut self.kinds, kinds(value)?),
            "seed" => put(&mut self.seed, seed(value)?),
            _ => return Err(ScenarioError::Unknown { name: name.to_owned() }),
        };
        if is_new { Ok(()) } else { Err(ScenarioError::Twice { name: name.to_owned() }) }
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// Reads the settings of a path, without `s/`.
    fn from_str(settings: &str) -> Result<Self, ScenarioError> {
        let mut scenario = Self::default();
        settings.split(',').try_for_each(|setting| scenario.set(setting))?;
        Ok(scenario.without_defaults())
    }
}

/// Sets a value. Returns true if none was set before.
fn put<T>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_none()
}

fn ms(name: &'static str, value: &str) -> Result<u32, ScenarioError> {
    integer(name, value, 0, MAX_MS, "a whole number of milliseconds from 0 to 60000")
}

fn integer(name: &'static str, value: &str, min: u32, max: u32, expected: &'static str) -> Result<u32, ScenarioError> {
    let number = value.parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| ScenarioError::Value { name, found: value.to_owned(), expected })
}

fn share(value: &str) -> Result<u32, ScenarioError> {
    let share = value.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    let share = share.map(|share| (share * MILLION).round() as u32);
    share.ok_or_else(|| ScenarioError::Value {
        name: "fail",
        found: value.to_owned(),
        expected: "a number from 0 to 1",
    })
}

fn kinds(value: &str) -> Result<BTreeSet<FailureKind>, ScenarioError> {
    let kind = |name: &str| FailureKind::ALL.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind);
    let kinds: Option<Vec<_>> = value.split('+').map(kind).collect();
    let kinds = kinds.and_then(|kinds| {
        let unique: BTreeSet<_> = kinds.iter().copied().collect();
        (unique.len() == kinds.len()).then_some(unique)
    });
    kinds.ok_or_else(|| ScenarioError::Value {
        name: "kinds",
        found: value.to_owned(),
        expected: "one or more of `500`, `503`, `429`, `hang` and `garbage` with `+` between them, each once",
    })
}

fn seed(value: &str) -> Result<u64, ScenarioError> {
    let expected = "a whole number from 0 to 18446744073709551615";
    value.parse().map_err(|_| ScenarioError::Value { name: "seed", found: value.to_owned(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(settings: &str) -> Scenario {
        settings.parse().unwrap()
    }

    #[test]
    fn the_order_of_settings_does_not_matter() {
        let one = scenario("latency=100,spread=50,capacity=8,fail=0.1,kinds=500+hang,seed=7");
        assert_eq!(scenario("seed=7,kinds=hang+500,fail=0.10,capacity=8,spread=50,latency=100"), one);
        assert_ne!(scenario("seed=8,kinds=hang+500,fail=0.1,capacity=8,spread=50,latency=100"), one);
    }

    #[test]
    fn a_default_value_equals_a_missing_setting() {
        assert_eq!(scenario("latency=0,spread=0,fail=0.0,kinds=500,seed=0"), Scenario::default());
        assert_ne!(scenario("capacity=10000"), Scenario::default());
    }

    #[test]
    fn invalid_settings_are_refused_with_the_cause() {
        for (settings, expected) in [
            ("", "`` is not a setting: write it as `latency=100`"),
            ("latency", "`latency` is not a setting"),
            ("latency=1,", "`` is not a setting"),
            ("delay=1", "there is no setting `delay`, only `latency`,"),
            ("seed=1,seed=1", "`seed` is set twice"),
            ("latency=-1", "`latency` is `-1`, but must be a whole number of milliseconds from 0 to 60000"),
            ("spread=60001", "`spread` is `60001`, but"),
            ("capacity=0", "`capacity` is `0`, but must be a whole number from 1 to 10000"),
            ("fail=1.1", "`fail` is `1.1`, but must be a number from 0 to 1"),
            ("fail=NaN", "`fail` is `NaN`, but"),
            ("fail=0.1,kinds=500+404", "`kinds` is `500+404`, but must be one or more of `500`,"),
            ("kinds=hang+hang", "`kinds` is `hang+hang`, but"),
            ("kinds=", "`kinds` is ``, but"),
            ("seed=x", "`seed` is `x`, but must be a whole number"),
        ] {
            let error = settings.parse::<Scenario>().expect_err(settings).to_string();
            assert!(error.starts_with(expected), "{settings}: {error}");
        }
    }

    #[test]
    fn an_outcome_depends_only_on_seed_and_key() {
        let of = |settings: &str, key: &str| scenario(settings).outcome(key);
        assert_eq!(of("spread=100,seed=1", "id a"), of("seed=1,spread=100", "id a"));
        assert_ne!(of("spread=100,seed=1", "id a"), of("spread=100,seed=2", "id a"));
        assert_ne!(of("spread=100,seed=1", "id a"), of("spread=100,seed=1", "id b"));
        assert_eq!(of("spread=100,fail=1", "id a").latency, of("spread=100", "id a").latency);
    }

    #[test]
    fn the_first_random_values_never_change() {
        let scenario = scenario("latency=100,spread=100,fail=0.5,kinds=500+503+429+hang+garbage,seed=7");
        let outcomes: Vec<_> = (0..4).map(|id| scenario.outcome(&format!("id {id}"))).collect();
        let latencies: Vec<_> = outcomes.iter().map(|outcome| outcome.latency.as_micros()).collect();
        let failures: Vec<_> = outcomes.iter().map(|outcome| outcome.failure).collect();
        assert_eq!(latencies, [198_421, 150_849, 134_333, 139_367]);
        assert_eq!(failures, [Some(FailureKind::TooMany), Some(FailureKind::TooMany), None, None]);
    }

    #[test]
    fn latencies_are_spread_evenly() {
        let scenario = scenario("latency=100,spread=50");
        let ms: Vec<_> = (0..1000).map(|id| scenario.outcome(&id.to_string()).latency.as_secs_f64() * 1e3).collect();
        assert!(ms.iter().all(|ms| (100.0..=150.0).contains(ms)));
        let mean = ms.iter().sum::<f64>() / 1000.0;
        assert!((124.0..126.0).contains(&mean), "{mean}");
    }

    #[test]
    fn each_kind_of_failure_is_equally_frequent() {
        let outcomes = |settings: &str| -> Vec<_> {
            let scenario = scenario(settings);
            (0..10_000).map(|id| scenario.outcome(&id.to_string()).failure).collect()
        };
        let some = outcomes("fail=0.3,kinds=500+503+429+hang+garbage");
        let more = outcomes("fail=0.6,kinds=500+503+429+hang+garbage");
        for (kind, name) in FailureKind::ALL {
            let count = some.iter().filter(|failure| **failure == Some(kind)).count();
            assert!((540..660).contains(&count), "{name}: {count} of 10,000");
        }
        assert!(some.iter().zip(&more).all(|(some, more)| some.is_none() || some == more));
        assert!(outcomes("fail=0").iter().all(Option::is_none));
        assert!(outcomes("fail=1").iter().all(|failure| *failure == Some(FailureKind::Internal)));
    }
}
