"""The programs that are compared: how each is configured and started. Loopback only.

All do the same job: take the request, put the deployment's key into it, pass it on over a kept
connection, stream the answer back at once. Tollgate does its whole work beside that: key, rights,
the request's JSON, usage, metrics, one record a request.
"""

import os
import socket
import subprocess
import time
from pathlib import Path

MOCK_KEY = "mock-azure-key"
APP_KEY = "tg-bench-0123456789abcdef0123456789abcdef"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree_of(pid):
    """A process and what it started."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry))
        except OSError:
            pass
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


class Process:
    """A program on one core, ended by its own process id."""

    def __init__(self, command, core, folder, name, environment=None, own_session=False):
        self.log = open(folder / f"{name}.log", "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=folder,
            env={**os.environ, **(environment or {})}, start_new_session=own_session,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def cpu_seconds(self):
        total = 0
        for pid in tree_of(self.process.pid):
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
            except OSError:
                pass
        return total / 1e9

    def rss_bytes(self):
        """Resident memory without what is shared between master and worker twice (Pss)."""
        total = 0
        for pid in tree_of(self.process.pid):
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                pass
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wait_for_port(port, process, name):
    for _ in range(100):
        if process.process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"error: {name} did not start; see build/bench/{name}.log")


def start(name, tollgate, port, mock_port, core, folder):
    """Starts one peer in front of the mock; its requests carry APP_KEY."""
    if name in ("tollgate", "no ledger"):
        ledger = "tollgate.db" if name == "tollgate" else "off"
        (folder / f"{name}.yaml").write_text(f"""
server: {{listen: "127.0.0.1:{port}", admin: "127.0.0.1:{free_port()}", workers: 1, drain: 1s, watch_files: false}}
records: {{path: "{name}.jsonl"}}
ledger: {{path: "{ledger}"}}
deployments:
  gpt-4o: {{endpoint: "http://127.0.0.1:{mock_port}", connections: 9000, credential: {{api_key: env:BENCH_MOCK_KEY}}}}
models: {{gpt-4o: {{route: [gpt-4o]}}}}
products: {{bench: {{models: [gpt-4o]}}}}
subscriptions: {{bench: {{product: bench, keys: [env:BENCH_APP_KEY]}}}}
""")
        command = [tollgate, "serve", "--config", f"{name}.yaml"]
    elif name == "nginx":
        user = "user root;" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(f"""{user}
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 9500; }}
http {{
  access_log off; tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 100000000;
  client_body_buffer_size 64k;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  upstream mock {{ server 127.0.0.1:{mock_port}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header api-key "{MOCK_KEY}"; proxy_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
""")
        command = ["/usr/sbin/nginx", "-p", str(folder), "-c", "nginx.conf"]
    else:
        (folder / "haproxy.cfg").write_text(f"""
global
    maxconn 9000
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    option http-no-delay
    http-reuse always
frontend apps
    bind 127.0.0.1:{port} backlog 4096
    http-request set-header api-key {MOCK_KEY}
    default_backend mock
backend mock
    server mock 127.0.0.1:{mock_port} pool-max-conn 4096
""")
        command = ["/usr/sbin/haproxy", "-db", "-q", "-f", "haproxy.cfg"]
    process = Process(command, core, folder, name, {"BENCH_MOCK_KEY": MOCK_KEY, "BENCH_APP_KEY": APP_KEY})
    wait_for_port(port, process, name)
    return process


def start_mock(tollgate, port, core, folder, name="mock", environment=None):
    process = Process([tollgate, "mock-azure", "--no-journal", "--listen", f"127.0.0.1:{port}"], core, folder, name,
                      environment)
    wait_for_port(port, process, name)
    return process
