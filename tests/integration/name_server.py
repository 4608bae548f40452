"""A name server on 127.0.0.1, UDP and TCP on one port, that answers exactly what a test says."""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field

A, CNAME, SOA, AAAA = 1, 5, 6, 28
RCODES = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


@dataclass
class Reply:
    """What is said about a name. `chain`: the names that it is an alias of, one of the other."""
    a: list = field(default_factory=list)
    aaaa: list = field(default_factory=list)
    chain: list = field(default_factory=list)
    ttl: int = 0
    rcode: str = "NOERROR"
    is_silent: bool = False      # nothing is ever answered
    drops: tuple = ()            # types whose questions are never answered
    is_truncated: bool = False   # over UDP, so that the question comes again over TCP
    delay: float = 0
    late: tuple = ()             # types that are answered a second later


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


class NameServer:
    def __init__(self):
        self.lock = threading.Lock()
        self.replies = {}   # name -> list of Reply; each question of a type takes the next, the last one stays
        self.counts = {}    # (name, type) -> questions answered since say()
        self.asked = []     # (name, type, "udp" or "tcp")
        self.udp, self.tcp = self._bind()
        self.is_open = True
        for loop in (self._serve_udp, self._accept):
            threading.Thread(target=loop, daemon=True).start()

    @staticmethod
    def _bind():
        for _ in range(50):  # the same port has to be free for both
            tcp = socket.create_server(("127.0.0.1", 0))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.bind(tcp.getsockname())
                return udp, tcp
            except OSError:
                tcp.close()
                udp.close()
        raise RuntimeError("no port is free for UDP and TCP")

    @property
    def address(self):
        return "127.0.0.1:%d" % self.udp.getsockname()[1]

    def say(self, name, *replies):
        with self.lock:
            self.replies[name] = list(replies)
            self.counts = {asked: count for asked, count in self.counts.items() if asked[0] != name}

    def questions(self, name, kind=A, way=None):
        with self.lock:
            return sum(asked[:2] == (name, kind) and way in (None, asked[2]) for asked in self.asked)

    def _reply_to(self, name, kind, way):
        with self.lock:
            self.asked.append((name, kind, way))
            replies = self.replies.get(name)
            if not replies:
                return Reply(rcode="NXDOMAIN")
            count = self.counts.get((name, kind), 0)
            reply = replies[min(count, len(replies) - 1)]
            if not (reply.is_truncated and way == "udp"):
                self.counts[name, kind] = count + 1
            return reply

    def _answer(self, question, way):
        """The bytes of an answer, or None."""
        number = question[:2]
        end = question.index(b"\0", 12) + 1
        kind = struct.unpack("!H", question[end:end + 2])[0]
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels).lower()
        reply = self._reply_to(name, kind, way)
        if reply.is_silent or kind in reply.drops:
            return None
        time.sleep(reply.delay + (kind in reply.late))
        records = []
        owner = name
        if reply.rcode == "NOERROR" and not (reply.is_truncated and way == "udp"):
            for alias in reply.chain:
                records.append((owner, CNAME, encode(alias), reply.ttl))
                owner = alias
            addresses = reply.a if kind == A else reply.aaaa if kind == AAAA else []
            family = socket.AF_INET if kind == A else socket.AF_INET6
            records += [(owner, kind, socket.inet_pton(family, text), reply.ttl) for text in addresses]
        flags = 0x8180 | RCODES[reply.rcode]
        if reply.is_truncated and way == "udp":
            flags |= 0x0200
        body = b"".join(encode(who) + struct.pack("!HHIH", what, 1, ttl, len(data)) + data
                        for who, what, data, ttl in records)
        return (number + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) +
                question[12:end + 4] + body)

    def _serve_udp(self):
        while self.is_open:
            try:
                question, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self._answer_udp, args=(question, peer), daemon=True).start()

    def _answer_udp(self, question, peer):
        answer = self._answer(question, "udp")
        try:
            if answer:
                self.udp.sendto(answer, peer)
        except OSError:
            pass  # the test is over

    def _accept(self):
        while self.is_open:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_tcp, args=(sock,), daemon=True).start()

    def _serve_tcp(self, sock):
        with sock, sock.makefile("rb") as stream:
            while size := stream.read(2):
                answer = self._answer(stream.read(struct.unpack("!H", size)[0]), "tcp")
                if answer:
                    sock.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self):
        self.is_open = False
        self.udp.close()
        self.tcp.close()
