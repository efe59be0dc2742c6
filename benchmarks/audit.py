"""What the audit log costs: entries a second and latency at 1 and 32 callers, and how fast the log is verified.

    python benchmarks/audit.py [--path FOLDER] [--seconds 2] [--json]

Each figure is the median of three runs. A caller records an opening of about 1.6 KB, waits until it is durable, then
records its closing, as an exchange does. The disk's own fdatasync time is measured in the same run, because a durable
commit cannot be faster than that.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from guard.audit.store import SqliteStore
from guard.audit.writer import INLINE_S, Writer
from guard.types import Closing, FoundSpan, Opening, Principal, Verdict

RUNS = 3
CALLERS = (1, 32)
MODES = {"chosen": INLINE_S, "event loop": 1e9, "thread": 0.0}
DIGEST = "0" * 64
SPAN = FoundSpan("messages.0.content", "PERSON", "spacy", 0.85, "placeholder", "0" * 24)
VERDICTS = tuple((0, Verdict(f"principle-{number}", 0.05, "clear")) for number in range(10))


def opening(exchange: str) -> Opening:
    return Opening(
        exchange, time.time(), Principal("user", "team", "app"), "default", "chat", True, "local", (), "model",
        "default", DIGEST, "workplace", DIGEST, "embedded", DIGEST, (SPAN,) * 3, (), (), "x" * 600, {"mask": 1.2},
    )  # fmt: skip


def closing(exchange: str) -> Closing:
    return Closing(
        exchange, time.time(), "completed", "allow", "", 200, "local", (), "model", "y" * 300,
        "y" * 300, (), VERDICTS, (), (), 0,
        {"prompt_tokens": 100, "completion_tokens": 50}, {"review": 20.5},
    )  # fmt: skip


def sync_time_us(folder: Path) -> float:
    """Measure how long the disk under `folder` takes to make 4 KB durable, in microseconds."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


async def _load(record: Callable[[Opening | Closing], Awaitable[None]], callers: int, seconds: float) -> dict:
    names, times, end = itertools.count(), [], time.perf_counter() + seconds

    async def caller() -> None:
        while time.perf_counter() < end:
            exchange = f"{next(names):012x}"
            for entry in (opening, closing):
                start = time.perf_counter()
                await record(entry(exchange))
                times.append(time.perf_counter() - start)

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return figures(times, time.perf_counter() - start, time.process_time() - cpu)


def figures(times: list[float], took: float, cpu: float) -> dict:
    times.sort()
    return {
        "entries_per_s": len(times) / took,
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
        "cpu_us_per_entry": cpu / len(times) * 1e6,
    }


def awaited(folder: Path, callers: int, seconds: float, inline_s: float) -> tuple[dict, SqliteStore]:
    store = SqliteStore(folder / "audit.db")
    writer = Writer(store, inline_s=inline_s)
    result = asyncio.run(_load(writer.record_async, callers, seconds))
    writer.close()
    return result, store


def blocking(folder: Path, callers: int, seconds: float) -> dict:
    store = SqliteStore(folder / "audit.db")
    writer, names, end, times = Writer(store), itertools.count(), time.perf_counter() + seconds, []

    def caller() -> None:
        while time.perf_counter() < end:
            exchange = f"{next(names):012x}"
            for entry in (opening, closing):
                start = time.perf_counter()
                writer.record(entry(exchange))
                times.append(time.perf_counter() - start)

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    cpu, start = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    writer.close()
    store.close()
    return figures(times, took, time.process_time() - cpu)


def verified(store: SqliteStore) -> dict:
    cpu, start = time.process_time(), time.perf_counter()
    report = store.verify(store.public_key)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    if not report.ok:
        sys.exit(f"the log does not verify: {report.findings[0]}")
    size = store.path.stat().st_size
    return {
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "entries_per_s": report.entries / took,
        "entries_per_cpu_s": report.entries / cpu,
        "bytes_per_entry": size / report.entries,
    }


def measure(base: Path, seconds: float) -> dict:
    result: dict = {"path": str(base), "rows": []}
    with tempfile.TemporaryDirectory(dir=base) as name:
        result["fdatasync_us"] = sync_time_us(Path(name))
    for callers in CALLERS:
        for mode, inline_s in MODES.items():
            runs, checks = [], []
            for _ in range(RUNS):
                with tempfile.TemporaryDirectory(dir=base) as name:
                    run, store = awaited(Path(name), callers, seconds, inline_s)
                    runs.append(run)
                    store.close()
                    if mode == "chosen":
                        checks.append(verified(store))
            result["rows"].append({"callers": callers, "mode": mode, **median(runs)})
            if checks:
                result[f"verify_{callers}"] = median(checks)
        runs = []
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory(dir=base) as name:
                runs.append(blocking(Path(name), callers, seconds))
        result["rows"].append({"callers": callers, "mode": "blocking threads", **median(runs)})
    return result


def median(runs: list[dict]) -> dict:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def show(result: dict) -> None:
    print(f"{result['path']}: fdatasync {result['fdatasync_us']:.0f} us")
    print(f"{'callers':>7}  {'commits made by':<16} {'entries/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'CPU us':>7}")
    for row in result["rows"]:
        print(
            f"{row['callers']:>7}  {row['mode']:<16} {row['entries_per_s']:>9.0f} {row['p50_ms']:>7.3f} "
            f"{row['p99_ms']:>7.3f} {row['cpu_us_per_entry']:>7.0f}"
        )
    for callers in CALLERS:
        check = result[f"verify_{callers}"]
        per_commit = check["entries"] / check["checkpoints"]
        print(
            f"verify: {check['entries_per_s']:.0f} entries/s, {check['entries_per_cpu_s']:.0f} for each second of CPU, "
            f"at {per_commit:.1f} entries a commit; "
            f"{check['bytes_per_entry']:.0f} bytes an entry"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=Path(tempfile.gettempdir()), help="folder on the disk to measure")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.path, options.seconds)
    if options.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
