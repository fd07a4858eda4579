//! The code that both servers share: a thread that accepts connections, and the parts of HTTP that they need.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard};
use std::thread::JoinHandle;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

/// The maximum size of a request's first line and headers, in bytes. Browsers send much smaller ones.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The number of connections that may wait to be accepted. A system with a lower limit uses its own.
const BACKLOG: u32 = 4096;

/// Accepts connections on a free port. Dropping it closes all of them.
#[derive(Debug)]
pub(crate) struct Host {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Runs `serve` for each connection.
    pub fn start<Served>(serve: impl Fn(TcpStream) -> Served + Send + 'static) -> io::Result<Self>
    where
        Served: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            listen()?
        };
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || runtime.block_on(accept_until(stopped, listener, serve)));
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed already.
            let _ = thread.join();
        }
    }
}

/// Listens on a port that was not used before: to a browser that several tests share, the same port would be the same
/// site.
fn listen() -> io::Result<TcpListener> {
    static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(BACKLOG)?;
        if lock(&USED).insert(listener.local_addr()?.port()) {
            return Ok(listener);
        }
    }
}

/// Accepts connections until the sender of `stopped` is dropped. The end of the runtime closes the open ones.
async fn accept_until<Served>(
    mut stopped: oneshot::Receiver<()>,
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> Served,
) where
    Served: Future<Output = ()> + Send + 'static,
{
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => {
                // If this fails, the client has closed the connection already.
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(stream));
                }
            }
        }
    }
}

/// The head of a request, up to the empty line. `None` if the client closes the connection before that.
pub(crate) async fn read_head(reader: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        head.push(reader.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// The method and the path of a request, without the query.
pub(crate) fn method_and_path(head: &str) -> Option<(&str, &str)> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    Some((method, target.split('?').next()?))
}

/// Resolves when the client closes its end.
pub(crate) async fn closed(reader: &mut (impl AsyncRead + Unpin)) {
    let mut ignored = [0; 1024];
    while reader.read(&mut ignored).await.is_ok_and(|n| n > 0) {}
}

/// The first line of a response.
pub(crate) fn status_line(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason()).unwrap_or_default();
    format!("HTTP/1.1 {status} {reason}\r\n")
}

/// An HTML page about a status, which hosts send for any kind of file.
pub(crate) fn status_page(status: u16) -> Vec<u8> {
    format!("<!DOCTYPE html><title>{status}</title><h1>{status}</h1>\n").into_bytes()
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
