//! HTTP, as far as a page can use it: a request with method, headers and body; a response whose body is read whole, up
//! to a limit, or chunk by chunk; errors by cause.
//!
//! ```
//! use interleave::endpoint::http::{Answer, Client, Request, Scripted};
//! use interleave::runtime::{Run, virtual_time};
//!
//! let run = Run::on_virtual_clock(7);
//! let server = Scripted::new(&run, |_| Answer::new(200).with_header("content-type", "text/plain").with_body("hello"));
//! let client = Client::new(&run, server);
//! let text = virtual_time::block_on(&run, async {
//!     let response = client.send(Request::get("https://host.example/")).await?;
//!     response.body.text(1_000).await
//! })?;
//! assert_eq!(text.as_deref(), Ok("hello"));
//! # Ok::<(), virtual_time::Stalled>(())
//! ```
//!
//! A [`Client`] sends a [`Request`] through a [`Transport`]: `Browser` uses `fetch`, and [`Scripted`] answers on a
//! run's clock as a test says. Dropping the future of a request, its [`Response`] or the stream of its chunks aborts
//! the request. A status other than 2xx is a response, not an error: what it means depends on the protocol above this
//! layer.

mod base_url;
mod body;
#[cfg(target_arch = "wasm32")]
mod browser;
mod client;
mod error;
mod headers;
mod local_network;
pub mod own_headers;
#[cfg(target_arch = "wasm32")]
mod parsed_url;
mod request;
mod response;
mod retry_after;
mod scripted;
mod transport;

pub use base_url::{BaseUrl, BaseUrlError};
pub use body::{Body, Chunks};
#[cfg(target_arch = "wasm32")]
pub use browser::Browser;
pub use client::Client;
pub use error::{HttpError, Phase};
pub use headers::Headers;
pub use local_network::LocalNetwork;
#[cfg(target_arch = "wasm32")]
pub use parsed_url::ParsedUrl;
pub use request::{Method, Request};
pub use response::Response;
pub use scripted::{Answer, Scripted};
pub use transport::Transport;
