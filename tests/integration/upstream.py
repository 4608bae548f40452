"""An upstream that does exactly what a test says, and keeps exactly what it got."""

import socket
import threading
import time

from wire import TIMEOUT, Gone, Reader, reset


class Peer(Reader):
    """One connection that the gateway opened. Used by the script in the connection's own thread."""

    def __init__(self, upstream, index, sock):
        super().__init__(sock)
        self.upstream = upstream
        self.index = index
        self.opened_at = time.monotonic()
        self.requests = []
        self.gone_at = None       # when the gateway's end was seen
        self.thread = None
        self.is_ours = True       # still open on our side
        self.server_name = None   # what TLS said
        self.session_was_resumed = False

    def read_request(self, timeout=TIMEOUT):
        message = self.message(timeout)
        self.requests.append(message)
        if not message.is_whole:
            raise Gone("inside a request")
        return message

    def read_head(self, timeout=TIMEOUT):
        message = self.head(timeout)
        self.requests.append(message)
        return message

    def send(self, data):
        self.sock.settimeout(TIMEOUT)
        try:
            self.sock.sendall(data)
        except (ConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Gone("while sending") from error

    def reset(self):
        self.is_ours = False
        reset(self.sock)

    def close(self):
        self.is_ours = False
        self.sock.close()

    def wait_end(self, timeout=TIMEOUT):
        """Until the gateway has closed; notes when."""
        rest, how = self.end(timeout)
        self.gone_at = time.monotonic()
        return how


class Upstream:
    """Listens on a free port; `script(peer)` runs in a thread for each connection.

    A script that meets the gateway's early end (Gone) just ends; any other failure is kept and
    raised by check().
    """

    def __init__(self, script, tls=None, backlog=1024):
        self.script = script
        self.tls = tls
        self.peers = []
        self.failures = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.listener.getsockname()[1]
        self.is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def authority(self):
        return self.url.split("//")[1]

    def _accept(self):
        while self.is_open:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                peer = Peer(self, len(self.peers), sock)
                self.peers.append(peer)
            peer.thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            peer.thread.start()

    def _serve(self, peer):
        try:
            if self.tls:
                peer.sock.settimeout(TIMEOUT)
                peer.sock = self.tls.wrap_socket(peer.sock, server_side=True)
                peer.session_was_resumed = peer.sock.session_reused
                peer.server_name = getattr(peer.sock.context, "latest_server_name", None)
            self.script(peer)
        except Gone:
            peer.gone_at = peer.gone_at or time.monotonic()
        except BaseException as error:  # told to the test by check()
            if self.is_open and not (self.tls and isinstance(error, OSError)):
                self.failures.append(error)
        finally:
            if peer.is_ours:
                peer.close()

    @property
    def requests(self):
        return [message for peer in self.peers for message in peer.requests]

    def check(self):
        if self.failures:
            raise self.failures[0]

    def close(self):
        self.is_open = False
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for peer in list(self.peers):
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(respond):
    """A script that reads requests one after the other and answers each with `respond(request)`:
    bytes, or a list of bytes and pauses in seconds."""
    def script(peer):
        while True:
            try:
                message = peer.read_request(timeout=60)
            except Gone:
                peer.gone_at = time.monotonic()
                return
            parts = respond(message)
            for part in [parts] if isinstance(parts, bytes) else parts:
                if isinstance(part, bytes):
                    peer.send(part)
                else:
                    time.sleep(part)
    return script


class BlackHole:
    """Listens and lets nobody in: the queue of connections is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.guests = []
        for _ in range(4):
            guest = socket.socket()
            guest.setblocking(False)
            guest.connect_ex(("127.0.0.1", self.port))
            self.guests.append(guest)
        time.sleep(0.05)

    def close(self):
        for guest in self.guests:
            guest.close()
        self.listener.close()
