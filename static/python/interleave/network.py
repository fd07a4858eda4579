"""Connections of a program to servers. A browser has no sockets, so each connection speaks HTTP to the host.

`aiohttp`, `httpx` and other clients run unmodified on it, with their own limits, timeouts and errors: the loop's methods
for connections are replaced, and everything above them is the client's. A connection reads the bytes of HTTP/1.1
requests (by `h11`), has each of them sent by a *carrier*, and writes the response as the bytes of HTTP/1.1.

The carrier is the page, or a `replay.Replay` of what the page has carried before. It answers by `Network.receive`.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
import sys
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from .calls import Calls
from .columns import WARNING
from .errors import NoNetwork, NotInBrowser
from .polls import Recorder
from .requests import Requests

MOST_BODY_BYTES = 16 << 20
"""The maximum size of a request's body."""

MOST_KEPT_BYTES = 64 << 20
"""Requests and responses of this size altogether are kept for a second run."""

_MOST_HEADER_BYTES = 64 << 10
_PORTS = {"http": 80, "https": 443}
_CLIENT = (
    "a program in the page can send requests only by a client that speaks HTTP/1.1, such as `aiohttp` or "
    "`httpx.AsyncClient`. Import one of them."
)


class Carrier(Protocol):
    """Carries requests to servers. It answers each number by calls of `Network.receive`."""

    network: Network
    """Set by the network."""

    def connect(self, number: int, host: str, port: int) -> None:
        """Asks if requests to this host may be sent. The answer is "open" or "failed"."""

    def request(self, number: int, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> None:
        """Sends a request. The answer is "response", any number of "chunk", and "end"; or, at any point, "failed"."""

    def abort(self, number: int) -> None:
        """Nobody waits for the answer any more."""


class ConnectionsMixin:
    """The methods of an event loop that open connections or hand functions to threads."""

    _network: Network | None = None
    _calls: Calls | None = None

    def use(self, network: Network, calls: Calls | None) -> None:
        """Sets what carries connections, and what runs functions in place of threads. None: threads are simulated."""
        self._network, self._calls = network, calls

    async def create_connection(self, protocol_factory, host=None, port=None, *, ssl=None, sock=None, **kwargs):
        return await self._connections().connection(self, protocol_factory, host, port, ssl=ssl, sock=sock)

    async def sock_connect(self, sock, address):
        await self._connections().connect_socket(self, sock, address)

    async def start_tls(self, transport, protocol, sslcontext, **kwargs):
        transport.encrypt()
        transport.set_protocol(protocol)
        return transport

    async def getaddrinfo(self, host, port, *, family=0, **kwargs):
        return self._connections().address_info(host, port)

    async def getnameinfo(self, sockaddr, flags=0):
        return self._connections().name_of(sockaddr[0]), str(sockaddr[1])

    def run_in_executor(self, executor, func, *args):
        if self._calls is None:
            return super().run_in_executor(executor, func, *args)
        return self._calls.run(self, executor, func, args)

    def _connections(self) -> Network:
        if self._network is None:
            raise NoNetwork(_CLIENT)
        return self._network


class Network:
    """The connections of a run."""

    def __init__(self, carrier: Carrier, recorder: Recorder, *, keeps: bool):
        """`keeps`: the answers are kept for a second run."""
        self.carrier = carrier
        carrier.network = self
        self.requests = Requests(recorder)
        self._recorder = recorder
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Callable, list]] = {}
        self._replies: list | None = [] if keeps else None
        self._kept_bytes = 0
        self._arrived: dict[int, list[list]] = {}
        """The answers since the last step, by number."""
        self._hosts: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._connected: dict[int, tuple[str, int]] = {}
        """Host and port of each of the program's sockets that is connected, by its id."""
        self._knows_client = False
        self._noted: set[str] = set()
        recorder.waits.note_response(Network._check)

    @property
    def replies(self) -> list | None:
        """What the servers have answered so far, for a `replay.Replay`. None if it is too large to be kept."""
        return self._replies

    def begin_step(self) -> None:
        """What arrives between two steps arrives at one moment: the program cannot see a difference."""
        self._arrived.clear()

    def receive(self, number: int, after_s: float, kind: str, *content) -> None:
        """Takes an answer of the carrier, which came this time after the request was sent.

        It is "open"; "response" with status and headers; "chunk" with bytes; "end"; or "failed" with the reason, as a
        sentence. Answers to what was aborted are ignored.
        """
        expected = self._waiting.get(number)
        if expected is not None:
            take, answers = expected
            self._keep(number, answers, [after_s, kind, *content])
            take(kind, *content)

    def expect(self, take: Callable, method: str, url: str, body: bytes) -> int:
        """Returns a new number, whose answers are passed on to `take`."""
        number, answers = next(self._numbers), []
        self._waiting[number] = take, answers
        if self._replies is not None:
            self._replies.append((method, url, body, answers))
            self._count_bytes(len(body))
        return number

    def _count_bytes(self, count: int) -> None:
        self._kept_bytes += count
        if self._kept_bytes > MOST_KEPT_BYTES:
            self._replies = None

    def _keep(self, number: int, answers: list, answer: list) -> None:
        if self._replies is None:
            return
        together = self._arrived.setdefault(number, [])
        together.append(answer)
        for other in together:
            other[0] = answer[0]
        answers.append(answer)
        self._count_bytes(sum(len(part) for part in answer if isinstance(part, bytes)))

    def forget(self, number: int) -> None:
        """No further answer is expected."""
        self._waiting.pop(number, None)

    def abort(self, number: int) -> None:
        """As `forget`, and tells the carrier."""
        if self._waiting.pop(number, None) is not None:
            self.carrier.abort(number)

    # What the loops' methods do

    def address_info(self, host, port) -> list[tuple]:
        """As `socket.getaddrinfo`. Names of hosts get addresses that exist only here."""
        self._learn_client()
        host = host.decode("ascii") if isinstance(host, bytes) else host or "localhost"
        address = self._address(host)
        found = socket.AF_INET6 if ":" in address else socket.AF_INET
        place = (address, _port(port), 0, 0) if ":" in address else (address, _port(port))
        return [(found, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]

    def _address(self, host: str) -> str:
        # Not needed before, so it does not make the start slower.
        from ipaddress import ip_address

        try:
            return str(ip_address(host.strip("[]")))
        except ValueError:
            pass
        if host not in self._addresses:
            # Addresses for tests (RFC 2544), which no server has.
            count = len(self._addresses) + 1
            address = f"198.18.{count >> 8 & 255}.{count & 255}"
            self._addresses[host], self._hosts[address] = address, host
        return self._addresses[host]

    def name_of(self, address: str) -> str:
        """The name of the host with this address."""
        return self._hosts.get(address, address)

    async def connect_socket(self, loop, sock, address) -> None:
        """As `loop.sock_connect`. Raises `NoNetwork` if no requests to this host may be sent."""
        self._learn_client()
        host = self.name_of(address[0])
        await self._check(loop, host, address[1])
        self._connected[id(sock)] = host, address[1]

    async def _check(self, loop, host: str, port: int) -> None:
        answer = loop.create_future()

        def take(kind: str, *content) -> None:
            if not answer.done():
                answer.set_result(content[0] if kind == "failed" else None)

        number = self.expect(take, "CONNECT", f"{host}:{port}", b"")
        try:
            self.carrier.connect(number, host, port)
            why = await answer
        finally:
            self.forget(number)
        if why is not None:
            self.note(why)
            raise refused(why)

    def note(self, why: str) -> None:
        """Adds the reason of a failure to the log, once: some clients do not show it."""
        if why not in self._noted:
            self._noted.add(why)
            self._recorder.note(WARNING, f"A request failed: {why.removesuffix('.')}.")

    def close(self) -> None:
        """The program has ended: aborts what it has left open."""
        for number in list(self._waiting):
            self.abort(number)
        self.requests.abort_all()

    async def connection(self, loop, make_protocol, host, port, *, ssl, sock) -> tuple[HttpTransport, object]:
        """As `loop.create_connection`."""
        _import_h11()
        self._learn_client()
        if sock is not None:
            host, port = self._connected.pop(id(sock), (None, None))
        if host is None:
            raise NoNetwork(_CLIENT)
        port = _port(port)
        if sock is None:
            # Some clients look up the address themselves.
            host = self.name_of(host.decode("ascii") if isinstance(host, bytes) else host)
            await self._check(loop, host, port)
        protocol = make_protocol()
        transport = HttpTransport(loop, self, protocol, host, port, is_encrypted=bool(ssl), sock=sock)
        protocol.connection_made(transport)
        return transport, protocol

    def _learn_client(self) -> None:
        """Adapts to the clients that the program has imported."""
        core = sys.modules.get("httpcore._backends.anyio")
        if core is not None and core.AnyIOStream.start_tls is not _start_tls:
            # It encrypts the bytes by itself, instead of asking the loop.
            core.AnyIOStream.start_tls = _start_tls
            # It asks the operating system if the server has closed a connection that it wants to use again.
            core.is_socket_readable = _is_readable
        connector = sys.modules.get("aiohttp.connector")
        if connector is not None and not self._knows_client:
            self._knows_client = True
            self._recorder.waits.note_limit(connector.BaseConnector)


class HttpTransport(asyncio.Transport):
    """A connection to a server, whose bytes are requests and responses of HTTP/1.1."""

    def __init__(self, loop, network: Network, protocol, host: str, port: int, *, is_encrypted: bool, sock):
        super().__init__({"peername": (network._address(host), port), "sockname": ("127.0.0.1", 0)})
        self._extra["socket"] = _Socket(self)
        self._loop = loop
        self._network = network
        self._protocol = protocol
        self._host = host
        self._port = port
        self._sock = sock
        self.is_encrypted = is_encrypted
        self._http = _import_h11()
        self._connection = self._http.Connection(self._http.SERVER, max_incomplete_event_size=_MOST_HEADER_BYTES)
        self._request = None
        self._body = bytearray()
        self._exchange: int | None = None
        """The number of the request whose response is awaited."""
        self._task = 0
        self._is_paused = False
        self._arrived: deque[bytes] = deque()
        self._end: tuple | None = None
        """The error, or None, with which the connection ends after everything that has arrived."""
        self._is_closing = False
        self._is_lost = False

    # The side of the client

    def write(self, data) -> None:
        if self._is_closing or self._end is not None or not data:
            return
        try:
            self._connection.receive_data(bytes(data))
            self._read_events()
        except self._http.RemoteProtocolError as error:
            self._lose(refused(f"{_CLIENT} ({error})"))

    def writelines(self, list_of_data) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """The end of a request is known from its headers."""

    def close(self) -> None:
        self._is_closing = True
        self._finish(None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closing

    def set_protocol(self, protocol) -> None:
        self._protocol = protocol

    def get_protocol(self):
        return self._protocol

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        if self._arrived or self._end is not None:
            self._loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        return not self._is_paused and not self._is_closing

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high=None, low=None) -> None:
        """Nothing waits to be written: a request is handed over as a whole."""

    def encrypt(self) -> None:
        """From now on, requests are sent over `https`."""
        self.is_encrypted = True

    # Requests

    def _read_events(self) -> None:
        http = self._http
        while self._exchange is None:
            event = self._connection.next_event()
            if event is http.NEED_DATA:
                if self._connection.they_are_waiting_for_100_continue:
                    self._arrive(self._connection.send(http.InformationalResponse(status_code=100, headers=[])))
                return
            if event is http.PAUSED:
                return
            if isinstance(event, http.Request):
                self._request = event
                self._body.clear()
            elif isinstance(event, http.Data):
                self._body += event.data
                if len(self._body) > MOST_BODY_BYTES:
                    limit = MOST_BODY_BYTES >> 20
                    self._lose(refused(f"the body of a request in the page can have at most {limit} MB"))
                    return
            elif isinstance(event, http.EndOfMessage):
                self._send_request()
            else:
                self._lose(None)
                return

    def _send_request(self) -> None:
        request, network = self._request, self._network
        method, target = request.method.decode("ascii"), request.target.decode("ascii")
        headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers]
        if any(name == "upgrade" for name, _ in headers):
            self._lose(refused("a program in the page cannot open WebSockets. Use requests"))
            return
        if not target.startswith("/"):
            self._lose(refused(f"a program in the page cannot use a proxy, as for `{target[:100]}`"))
            return
        url = self._url(target)
        self._task = network.requests.begin(method, target)
        body = bytes(self._body)
        self._exchange = network.expect(self._receive, method, url, body)
        network.carrier.request(self._exchange, method, url, headers, body)

    def _url(self, target: str) -> str:
        scheme = "https" if self.is_encrypted else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        port = "" if self._port == _PORTS[scheme] else f":{self._port}"
        return f"{scheme}://{host}{port}{target}"

    # Responses

    def _receive(self, kind: str, *content) -> None:
        http, requests = self._http, self._network.requests
        if kind == "response":
            status, headers = content
            requests.first_byte(self._task)
            is_head = self._request.method == b"HEAD"
            self._send(lambda: _response(http, status, headers, is_head))
            if self._exchange is not None and (is_head or status in _WITHOUT_BODY):
                # It is complete. The carrier's "end" comes later.
                self._network.forget(self._exchange)
                self._end_response()
        elif kind == "chunk":
            requests.chunk(self._task)
            self._send(lambda: http.Data(data=content[0]))
        elif kind == "end":
            self._network.forget(self._exchange)
            self._end_response()
        else:
            self._network.forget(self._exchange)
            requests.end(self._task, failed=content[0])
            self._exchange = None
            self._lose(refused(content[0]))

    def _end_response(self) -> None:
        self._network.requests.end(self._task)
        self._exchange = None
        self._arrive(self._connection.send(self._http.EndOfMessage()))
        if self._connection.our_state is self._http.MUST_CLOSE:
            self._lose(None)
            return
        self._connection.start_next_cycle()
        self._read_events()

    def _send(self, make_event: Callable) -> None:
        """Passes on a part of the response. Some are not possible in HTTP/1.1, such as a body after `HEAD`."""
        try:
            self._arrive(self._connection.send(make_event()))
        except self._http.LocalProtocolError as error:
            number, self._exchange = self._exchange, None
            self._network.abort(number)
            why = f"the response cannot be passed on to the client ({error})"
            self._network.requests.end(self._task, failed=why)
            self._lose(refused(why))

    def _arrive(self, data: bytes) -> None:
        if data:
            self._arrived.append(data)
            # As a callback of the loop, which reports errors of the protocol.
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        while self._arrived and not self._is_paused and not self._is_closing:
            self._protocol.data_received(self._arrived.popleft())
        if self._end is not None and not self._arrived and not self._is_lost:
            if self._end[0] is None and not self._is_closing:
                self._protocol.eof_received()
            self._finish(self._end[0])

    def _lose(self, error: Exception | None) -> None:
        """The connection ends, after the client has read what has arrived."""
        if isinstance(error, NoNetwork):
            self._network.note(str(error.strerror))
        self._end = (error,)
        self._loop.call_soon(self._deliver)

    def _finish(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = self._is_closing = True
        if self._exchange is not None:
            self._network.abort(self._exchange)
            self._network.requests.abort(self._task)
            self._exchange = None
        self._loop.call_soon(self._protocol.connection_lost, error)
        if self._sock is not None:
            self._sock.close()


class _Socket:
    """What clients ask a connection's socket."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP

    def __init__(self, transport: HttpTransport):
        self.transport = transport

    def getpeername(self) -> tuple:
        return self.transport.get_extra_info("peername")

    def getsockname(self) -> tuple:
        return self.transport.get_extra_info("sockname")

    def setsockopt(self, *args) -> None:
        """Has no effect: there is no socket."""

    def getsockopt(self, *args) -> int:
        return 0

    def fileno(self) -> int:
        return -1


def _is_readable(sock) -> bool:
    """In place of `httpcore`'s function: a connection that is not used is readable if the server has closed it."""
    return not isinstance(sock, _Socket) or sock.transport.is_closing()


async def _start_tls(stream, ssl_context, server_hostname=None, timeout=None):
    """In place of `httpcore`'s method, which encrypts the bytes: the browser does that."""
    stream._stream._transport.encrypt()
    return stream


_REASONS = {status.value: status.phrase for status in HTTPStatus}

_WITHOUT_BODY = frozenset({204, 304})

# Headers that describe the bytes of the connection to the browser, which has decoded them.
_OF_CONNECTION = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})


def _response(http, status: int, headers: list[tuple[str, str]], is_head: bool):
    kept = [
        (name.encode("ascii"), value.encode("latin-1", "replace").strip())
        for name, value in headers
        # The response to `HEAD` has the length that a body would have.
        if name.lower() not in _OF_CONNECTION or is_head and name.lower() == "content-length"
    ]
    if not is_head and status not in _WITHOUT_BODY:
        kept.append((b"transfer-encoding", b"chunked"))
    # A browser does not always know the words that the server has sent with the status.
    reason = _REASONS.get(status, "").encode("ascii")
    return http.Response(status_code=status, headers=kept, reason=reason)


def _port(port) -> int:
    return _PORTS.get(port) or int(port or 0)


def refused(why: str) -> NoNetwork:
    """The error of a connection. Clients show its reason as that of the operating system."""
    return NoNetwork(errno.ECONNREFUSED, why)


def _import_h11():
    try:
        import h11
    except ImportError:
        raise NoNetwork(_CLIENT) from None
    return h11
