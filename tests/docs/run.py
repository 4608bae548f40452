#!/usr/bin/env python3
"""Runs what the documentation says.

    tests/docs/run.py TOLLGATE

- A block that begins with ```sh test is run by bash -e, in front of a mock and a gateway like those of
  ./quickstart.sh. Its ports 8080, 8081 and 9001 are replaced by free ones; `tollgate` is on the PATH, the
  working directory has a copy of config/, TOLLGATE_QUICKSTART_KEY is set.
- A ```yaml block that is a whole configuration of the gateway passes `tollgate check`, one that is a whole
  configuration of the mock starts it.
- Links to files of the repository, and to headings in them, lead somewhere.

The last line is `N passed, N failed`.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLLGATE = Path(sys.argv[1]).resolve()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```[ \t]*$", re.MULTILINE | re.DOTALL)
SECTIONS = {"deployments:", "models:", "products:", "subscriptions:"}

results = {"passed": 0, "failed": 0}


def tell(what, problem=None):
    results["failed" if problem else "passed"] += 1
    print(f"FAILED  {what}\n        " + problem.strip().replace("\n", "\n        ") if problem
          else f"ok      {what}", flush=True)


def blocks():
    """(where, info, text) of every fenced block."""
    for document in DOCUMENTS:
        whole = document.read_text()
        for match in BLOCK.finditer(whole):
            line = whole.count("\n", 0, match.start()) + 1
            yield f"{document.relative_to(ROOT)}:{line}", match.group(2).strip(), match.group(3)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Setup:
    """A mock and a gateway with config/quickstart.yaml, on ports of their own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.ports = dict(zip(["8080", "8081", "9001"], map(str, free_ports(3))))
        (folder / "bin").mkdir()
        (folder / "bin/tollgate").symlink_to(TOLLGATE)
        shutil.copytree(ROOT / "config", folder / "config")
        made = subprocess.run([TOLLGATE, "keys", "new"], capture_output=True, text=True, check=True).stdout
        self.environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
                            "MOCK_AZURE_KEY": "mock-azure-key", "NO_PROXY": "127.0.0.1,localhost",
                            "TOLLGATE_QUICKSTART_KEY": re.search(r"^key: *(\S+)$", made, re.M).group(1)}
        (folder / "running.yaml").write_text(self.moved((ROOT / "config/quickstart.yaml").read_text()))
        self.start("mock-azure", "--listen", f"127.0.0.1:{self.ports['9001']}")
        self.start("serve", "--config", "running.yaml")

    def moved(self, text):
        return re.sub(r"\b(127\.0\.0\.1|localhost):(8080|8081|9001)\b",
                      lambda m: f"{m.group(1)}:{self.ports[m.group(2)]}", text)

    def start(self, *arguments):
        """Starts the program and waits until it says on standard output that it serves."""
        process = subprocess.Popen([TOLLGATE, *arguments], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        for line in process.stdout:
            if "ready" in line or "listening" in line:
                return process
        raise SystemExit(f"error: tollgate {' '.join(arguments)} did not start")

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            process.stdout.close()


def run_shell(setup):
    count = 0
    for where, info, text in blocks():
        if info.split() != ["sh", "test"]:
            continue
        count += 1
        try:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", setup.moved(text)], cwd=setup.folder, timeout=60,
                                  env=setup.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            problem = f"exit status {done.returncode}\n{done.stdout}{done.stderr}" if done.returncode else None
            if not problem and '{"error"' in done.stdout and "grep" not in text:
                problem = "it was answered with an error:\n" + done.stdout
        except subprocess.TimeoutExpired:
            problem = "it did not end within a minute"
        tell(f"{where}: commands", problem)
    if count == 0:
        tell("commands in the documentation", "no block begins with ```sh test")


def check_yaml(setup):
    for where, info, text in blocks():
        if info.split()[:1] != ["yaml"]:
            continue
        sections = set(re.findall(r"^\w+:", text, re.M))
        environment = {**setup.environment, **{name: f"not-a-real-key-{i:04}" for i, name in
                                               enumerate(re.findall(r"\benv:(\w+)", text))}}
        file = setup.folder / "snippet.yaml"
        file.write_text(text)
        if SECTIONS <= sections:
            done = subprocess.run([TOLLGATE, "check", file], cwd=setup.folder, env=environment, capture_output=True, text=True)
            tell(f"{where}: configuration", done.stdout + done.stderr if done.returncode else None)
        elif {"deployments:", "keys:"} <= sections:
            try:
                process = subprocess.Popen([TOLLGATE, "mock-azure", "--config", file, "--listen", "127.0.0.1:0"], cwd=setup.folder,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                first = process.stdout.readline()
                tell(f"{where}: configuration of the mock", None if "listening" in first else first or "it ended")
            finally:
                process.terminate()
                process.wait(10)
                process.stdout.close()


def heading_id(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def check_links():
    for document in DOCUMENTS:
        prose = BLOCK.sub("", document.read_text())
        broken = []
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (document.parent / path).resolve() if path else document
            if not file.exists():
                broken.append(f"{target}: there is no such file")
            elif anchor and anchor not in map(heading_id, re.findall(r"^#+ (.*)$", file.read_text(), re.M)):
                broken.append(f"{target}: there is no such heading")
        # Files named in the text, from the root or from src/. The example of a new filter is not there yet.
        for named in re.findall(r"`((?:[\w.-]+/)+[\w-]+\.(?:[ch]pp|ya?ml|sh|py|md))`", prose):
            if not any((base / named).exists() for base in (ROOT, ROOT / "src")) and "quota" not in named:
                broken.append(f"{named}: there is no such file")
        tell(f"{document.relative_to(ROOT)}: links", "\n".join(broken) or None)


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tollgate-docs-") as folder:
        setup = Setup(Path(folder))
        try:
            run_shell(setup)
            check_yaml(setup)
            check_links()
        finally:
            setup.stop()
    print(f"it took {time.monotonic() - began:.1f} s")
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(1 if results["failed"] or not results["passed"] else 0)


if __name__ == "__main__":
    main()
