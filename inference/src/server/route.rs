//! The operation that a path requests.

use thiserror::Error;

use super::scenario::{Scenario, ScenarioError};

/// The requested operation, and the scenario.
#[derive(Debug, PartialEq)]
pub(super) struct Route {
    /// `None` if the path has no scenario. In this case `stats` means those of all scenarios.
    pub scenario: Option<Scenario>,
    /// The id in the query.
    pub id: Option<String>,
    pub operation: Operation,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Server,
    Live,
    Ready,
    Stats,
    Model(ModelPath),
    ModelReady(ModelPath),
    Infer(ModelPath),
}

/// The model in a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ModelPath {
    pub name: String,
    pub version: Option<String>,
}

/// The reason a path has no operation.
#[derive(Debug, Error, PartialEq)]
pub(super) enum RouteError {
    #[error("the scenario in the path is wrong: {0}")]
    Scenario(#[from] ScenarioError),
    #[error("there is nothing at `{path}`; the server's metadata are at `v2`")]
    NotFound { path: String },
    #[error("`{path}` takes {allowed}, not {method}")]
    Method { path: String, method: String, allowed: &'static str },
}

impl Route {
    pub fn new(method: &str, path: &str) -> Result<Self, RouteError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // A trailing slash is ignored, as on most servers.
        let parts: Vec<_> = path.strip_suffix('/').unwrap_or(path).split('/').map(decoded).collect();
        let segments: Vec<_> = parts.iter().map(String::as_str).collect();
        let (scenario, rest) = match segments.as_slice() {
            ["s", settings, rest @ ..] => (Some(settings.parse()?), rest),
            rest => (None, rest),
        };
        let not_found = || RouteError::NotFound { path: path.to_owned() };
        let operation = Operation::from_segments(rest).ok_or_else(not_found)?;
        let allowed = if matches!(operation, Operation::Infer(_)) { "POST" } else { "GET" };
        if method != allowed {
            return Err(RouteError::Method { path: path.to_owned(), method: method.to_owned(), allowed });
        }
        let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).map(decoded);
        Ok(Self { scenario, id, operation })
    }
}

impl Operation {
    fn from_segments(segments: &[&str]) -> Option<Self> {
        let (path, rest) = match segments {
            ["v2"] => return Some(Self::Server),
            ["v2", "health", "live"] => return Some(Self::Live),
            ["v2", "health", "ready"] => return Some(Self::Ready),
            ["stats"] => return Some(Self::Stats),
            ["v2", "models", name, "versions", version, rest @ ..] => (ModelPath::new(name, Some(version)), rest),
            ["v2", "models", name, rest @ ..] => (ModelPath::new(name, None), rest),
            _ => return None,
        };
        match rest {
            [] => Some(Self::Model(path)),
            ["ready"] => Some(Self::ModelReady(path)),
            ["infer"] => Some(Self::Infer(path)),
            _ => None,
        }
    }
}

impl ModelPath {
    fn new(name: &str, version: Option<&str>) -> Self {
        Self { name: name.to_owned(), version: version.map(str::to_owned) }
    }
}

/// Percent-decodes a part of a path. Invalid codes stay unchanged.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let code = if *first == b'%' { after.split_first_chunk().and_then(|(code, _)| byte(*code)) } else { None };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn byte(code: [u8; 2]) -> Option<u8> {
    let [high, low] = code.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn get(path: &str) -> Route {
        Route::new("GET", path).unwrap()
    }

    #[test]
    fn every_path_of_the_protocol_is_known() {
        let model = || ModelPath::new("mlp-16", None);
        let version = || ModelPath::new("mlp-16", Some("1"));
        for (path, operation) in [
            ("v2", Operation::Server),
            ("v2/", Operation::Server),
            ("v2/health/live", Operation::Live),
            ("v2/health/ready", Operation::Ready),
            ("stats", Operation::Stats),
            ("v2/models/mlp-16", Operation::Model(model())),
            ("v2/models/mlp%2D16", Operation::Model(model())),
            ("v2/models/mlp-16/versions/1", Operation::Model(version())),
            ("v2/models/mlp-16/ready", Operation::ModelReady(model())),
            ("v2/models/mlp-16/versions/1/ready", Operation::ModelReady(version())),
        ] {
            let route = get(path);
            assert_eq!((route.operation, route.scenario, route.id), (operation, None, None), "{path}");
        }
        assert_eq!(Route::new("POST", "v2/models/mlp-16/infer").unwrap().operation, Operation::Infer(model()));
        assert_eq!(
            Route::new("POST", "v2/models/mlp-16/versions/1/infer").unwrap().operation,
            Operation::Infer(version())
        );
    }

    #[test]
    fn a_scenario_precedes_any_path() {
        let scenario = || "latency=100,kinds=500+hang".parse().ok();
        for path in ["s/latency=100,kinds=500+hang/v2", "s/latency%3D100%2ckinds=500%2Bhang/v2"] {
            assert_eq!(get(path), Route { scenario: scenario(), id: None, operation: Operation::Server }, "{path}");
        }
        let error = Route::new("GET", "s/latency=x/v2").unwrap_err().to_string();
        assert!(error.starts_with("the scenario in the path is wrong: `latency` is `x`, but"), "{error}");
    }

    #[test]
    fn the_query_may_have_an_id() {
        assert_eq!(get("v2/models/m?a=1&id=x%207&b").id.as_deref(), Some("x 7"));
        assert_eq!(get("v2/models/m?a=id").id, None);
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        for path in ["", "/", "v1", "v2/models", "v2/models/m/x", "v2/health", "V2", "s", "s/seed=1", "v2//", "stats/x"]
        {
            assert_eq!(Route::new("GET", path), Err(RouteError::NotFound { path: path.to_owned() }), "{path}");
        }
        let error = Route::new("GET", "v2/models/m/infer").unwrap_err();
        assert_eq!(error.to_string(), "`v2/models/m/infer` takes POST, not GET");
        assert!(matches!(Route::new("DELETE", "v2"), Err(RouteError::Method { allowed: "GET", .. })));
    }

    #[test]
    fn invalid_percent_codes_stay_unchanged() {
        for (segment, expected) in [("%", "%"), ("%2", "%2"), ("%zz%41", "%zzA"), ("%+1", "%+1"), ("%C3%BC", "ü")] {
            assert_eq!(decoded(segment), expected);
        }
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_path_causes_a_panic(path in "(s/|v2/|models/|[a-z=,+%0-9?/ü]){0,12}") {
            let _ = Route::new("GET", &path);
        }
    }
}
