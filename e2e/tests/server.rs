//! The server that the other tests rely on: the files that it serves, its bad behaviour, and the requests that it
//! remembers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use e2e::server::{Outcome, Replacement, Server, ServerError};
use support::{authority, wait_until};
use tempfile::TempDir;

const BASE: &str = "/some/sub-path/";

/// A server of a folder with a page, a wasm module and a table.
fn site() -> (TempDir, Server) {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    for (name, text) in [("index.html", "<h1>Hello</h1>"), ("app_bg.wasm", "\0asm"), ("data/a b.csv", "1,2,3")] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("folders can be created");
        std::fs::write(path, text).expect("files can be written");
    }
    let server = Server::start(folder.path(), BASE).expect("the site is there");
    (folder, server)
}

/// Sends a request, and returns its connection.
fn send(server: &Server, method: &str, path: &str) -> TcpStream {
    let address = authority(server.url());
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("it reads");
    stream
}

/// The whole answer to a request.
fn answer(server: &Server, method: &str, path: &str) -> String {
    let mut text = String::new();
    send(server, method, path).read_to_string(&mut text).expect("it answers");
    text
}

/// The status and the body of an answer.
fn get(server: &Server, path: &str) -> (String, String) {
    let answer = answer(server, "GET", path);
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
    (head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn files_are_served_under_the_sub_path() {
    let (_folder, server) = site();
    assert_eq!(get(&server, "/some/sub-path/"), ("200".to_owned(), "<h1>Hello</h1>".to_owned()));
    assert_eq!(get(&server, "/some/sub-path/data/a%20b.csv?x=1"), ("200".to_owned(), "1,2,3".to_owned()));
}

#[test]
fn other_paths_are_not_found() {
    let (_folder, server) = site();
    for path in ["/", "/index.html", "/icon.svg", "/some/sub-path/async-basics", "/some/sub-path/../../etc/passwd"] {
        assert_eq!(get(&server, path).0, "404", "{path}");
    }
}

#[test]
fn an_answer_has_its_type_and_length() {
    let (_folder, server) = site();
    let answer = answer(&server, "GET", "/some/sub-path/app_bg.wasm");
    assert!(answer.contains("Content-Type: application/wasm\r\n"), "{answer}");
    assert!(answer.contains("Content-Length: 4\r\n"), "{answer}");
}

#[test]
fn only_reading_is_allowed() {
    let (_folder, server) = site();
    assert!(answer(&server, "POST", BASE).starts_with("HTTP/1.1 405"));
    assert!(answer(&server, "HEAD", BASE).ends_with("\r\n\r\n"));
}

#[test]
fn a_replaced_file_comes_back_when_restored() {
    let (_folder, server) = site();
    server.replace("app_bg.wasm", Replacement::Status(503));
    assert_eq!(get(&server, "/some/sub-path/app_bg.wasm").0, "503");
    server.replace("app_bg.wasm", Replacement::Bytes { content_type: "text/html", body: b"<p>".to_vec() });
    assert_eq!(get(&server, "/some/sub-path/app_bg.wasm"), ("200".to_owned(), "<p>".to_owned()));
    server.restore("app_bg.wasm");
    assert_eq!(get(&server, "/some/sub-path/app_bg.wasm").1, "\0asm");
}

#[test]
fn a_cut_file_is_shorter_than_its_content_length() {
    let (_folder, server) = site();
    server.replace("index.html", Replacement::CutAfter(3));
    let answer = answer(&server, "GET", BASE);
    assert!(answer.contains("Content-Length: 14\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n<h1"), "{answer}");
    wait_until(|| server.outcome_of("") == Some(Outcome::CutShort));
}

#[test]
fn a_late_file_is_sent_after_its_delay() {
    let (_folder, server) = site();
    server.replace("index.html", Replacement::Late(Duration::from_millis(60)));
    let start = Instant::now();
    assert_eq!(get(&server, BASE).0, "200");
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[test]
fn a_connection_that_the_client_closes_first_is_noticed() {
    let (_folder, server) = site();
    server.replace("app_bg.wasm", Replacement::Never);
    let stream = send(&server, "GET", "/some/sub-path/app_bg.wasm");
    wait_until(|| server.outcome_of("app_bg.wasm") == Some(Outcome::Pending));
    drop(stream);
    wait_until(|| server.outcome_of("app_bg.wasm") == Some(Outcome::ClosedByClient));
}

#[test]
fn requests_are_remembered_in_order() {
    let (_folder, server) = site();
    get(&server, "/some/sub-path/app_bg.wasm?v=2");
    get(&server, "/icon.svg");
    wait_until(|| server.requests().iter().all(|request| request.outcome != Outcome::Pending));
    let requests: Vec<_> = server.requests().into_iter().map(|request| (request.path, request.outcome)).collect();
    assert_eq!(
        requests,
        [
            ("/some/sub-path/app_bg.wasm".to_owned(), Outcome::Answered(200)),
            ("/icon.svg".to_owned(), Outcome::Answered(404)),
        ]
    );
}

#[test]
fn dropping_a_server_closes_its_port() {
    let (_folder, server) = site();
    let address = authority(server.url()).to_owned();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_folder_without_a_site_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let error = Server::start(folder.path(), BASE).expect_err("it is empty");
    assert!(matches!(&error, ServerError::NoSite { .. }));
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    assert!(error.advice().contains("trunk build"));
}
