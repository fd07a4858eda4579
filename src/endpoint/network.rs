//! The HTTP client of a run: real requests on the page, a simulated server on the virtual clock.

use crate::endpoint::http::Client;
use crate::endpoint::simulated_server::SimulatedServer;
use crate::runtime::Run;

/// The HTTP client of a run. On the page it sends real requests. On the virtual clock a new [`SimulatedServer`] answers
/// below `api/`, and nothing else can be reached.
#[must_use]
pub fn http_client(run: &Run) -> Client {
    #[cfg(target_arch = "wasm32")]
    if run.is_in_browser() {
        return Client::new(run, crate::endpoint::http::Browser);
    }
    Client::new(run, SimulatedServer::new(run))
}
