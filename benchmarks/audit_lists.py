"""How the log answers when it is long: a page of the list for each filter, a search, counts, and the whole check.

    python benchmarks/audit_lists.py [--entries 20000] [--store sqlite postgresql] [--path FOLDER] [--json]

Entries are made in commits of 1,000, two to an exchange, over 300 days: 500 users of very different diligence in 12
teams, 5 models, 0.5 % of replies blocked and 2.5 % revised, a third of the texts Korean. Pages hold 50 rows; each is
asked for seven times, the median and the slowest are printed. PostgreSQL is started for the run, with fsync, from the
package that the tests use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from audit import closing, opening  # noqa: E402

from guard.audit.entries import Content, Leaf, leaf  # noqa: E402
from guard.audit.reading import Filters, Reader  # noqa: E402
from guard.audit.store import SqliteStore, Store  # noqa: E402
from guard.audit.writer import Writer  # noqa: E402
from guard.types import Principal  # noqa: E402

AT_ONCE = 1000
TIMES = 7
CALLERS = 32
DAYS = 300
SEALED = os.urandom(400)
WORDS = "please write to the customer about payment contract delivery schedule report meeting budget team next week"
KOREAN = (
    "고객에게 계약서를 보내고 다음주 회의에서 예산과 일정을 보고해 주세요 납품이 늦어지면 담당자에게 연락하겠습니다"
)
MODELS = ("small", "medium", "large", "local", "rare")


def words(chance: random.Random, number: int) -> str:
    """A text of 40 words, and one word that few others have."""
    source = (
        KOREAN.split() if number % 3 == 0 else [*WORDS.split(), *(f"word{chance.randrange(20_000)}" for _ in range(5))]
    )
    return " ".join([*chance.choices(source, k=40), f"case{number % 5000}"])


def exchange(number: int, total: int, chance: random.Random) -> tuple[Leaf, Leaf]:
    begun = time.time() - DAYS * 86400 * (1 - number / total)
    user = int(500 * chance.random() ** 3)
    who = Principal(f"user{user}", f"team{user % 12}", f"app{user % 7}")
    model = MODELS[min(4, int(chance.expovariate(1)))]
    decision = chance.choices(("allow", "revise", "block"), (97, 2.5, 0.5))[0]
    outcome = "blocked" if decision == "block" else "completed" if chance.random() < 0.99 else "client_gone"
    first = replace(opening(f"{number:012x}"), time=begun, principal=who, model=model)
    last = replace(closing(first.exchange), time=begun + 2, model=model, decision=decision, outcome=outcome)
    return telling(first, who.user, words(chance, number)), telling(last, who.user, words(chance, number))


def telling(entry: object, person: str, text: str) -> Leaf:
    return replace(leaf(entry), content=Content(person, SEALED, text))  # type: ignore[arg-type]


def fill(store: Store, entries: int) -> dict[str, float]:
    chance, made = random.Random(1), 0
    start, cpu, spent = time.perf_counter(), time.process_time(), 0.0
    while made < entries // 2:
        group = [half for at in range(AT_ONCE // 2) for half in exchange(made + at, entries // 2, chance)]
        made += AT_ONCE // 2
        before = time.process_time()
        store.append(group)
        spent += time.process_time() - before
    appended, cpu_indexing = time.perf_counter() - start, time.process_time()
    while store.index():
        pass
    return {
        "fill_s": appended,
        "append_cpu_us": spent / entries * 1e6,
        "index_s": time.perf_counter() - start - appended,
        "index_cpu_us": (time.process_time() - cpu_indexing) / entries * 1e6,
        "cpu_s": time.process_time() - cpu,
    }


def questions(reader: Reader) -> dict[str, object]:
    """What is asked, by its name in the table."""
    now, day = time.time(), 86400.0
    filters = {
        "no filter": Filters(),
        "since yesterday": Filters(since=now - day),
        "until 290 days ago": Filters(until=now - 290 * day),
        "a day long ago": Filters(since=now - 200 * day, until=now - 199 * day),
        "diligent user": Filters(user="user0"),
        "idle user": Filters(user="user498"),
        "unknown user": Filters(user="nobody"),
        "team": Filters(team="team3"),
        "unknown team": Filters(team="none"),
        "application": Filters(application="app5"),
        "unknown application": Filters(application="none"),
        "surface": Filters(surface="chat"),
        "unknown surface": Filters(surface="messages"),
        "usual model": Filters(model="small"),
        "rare model": Filters(model="rare"),
        "unknown model": Filters(model="none"),
        "allowed": Filters(decision="allow"),
        "revised": Filters(decision="revise"),
        "blocked": Filters(decision="block"),
        "unfinished": Filters(outcome="unfinished"),
        "team and blocked": Filters(team="team3", decision="block"),
        "team, rare model, blocked": Filters(team="team3", model="rare", decision="block"),
        "usual word": Filters(text="contract"),
        "beginning of a word": Filters(text="case7*"),
        "rare word": Filters(text="case77"),
        "two words": Filters(text="payment word77"),
        "no such word": Filters(text="nothing"),
        "Korean, inside words": Filters(text="납품"),
        "word and team": Filters(text="case77", team="team3"),
        "word and blocked": Filters(text="contract", decision="block"),
    }
    asked: dict[str, object] = {name: lambda f=f: reader.list(50, None, f) for name, f in filters.items()}
    middle = reader.list(1, None, Filters(until=now - 150 * day))[0].seq
    asked["page in the middle"] = lambda: reader.list(50, middle)
    asked["search, in the middle"] = lambda: reader.list(50, middle, Filters(text="contract"))
    asked["counts by day"] = lambda: reader.counts(by=("day",))
    asked["counts by day and decision"] = lambda: reader.counts(by=("day", "decision"))
    asked["counts by hour, last week"] = lambda: reader.counts(since=now - 7 * day, by=("hour",))
    asked["counts by team"] = lambda: reader.counts(by=("team",))
    return asked


def asked_for(reader: Reader) -> dict[str, dict[str, float]]:
    result = {}
    for name, ask in questions(reader).items():
        times = []
        for _ in range(TIMES):
            start = time.perf_counter()
            rows = ask()  # type: ignore[operator]
            times.append((time.perf_counter() - start) * 1e3)
        result[name] = {"median_ms": statistics.median(times), "slowest_ms": max(times), "rows": len(rows)}
    return result


async def _exchanges(writer: Writer, seconds: float) -> float:
    done, end = 0, time.perf_counter() + seconds
    start = time.perf_counter()

    async def caller(name: str) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() < end:
            number += 1
            await writer.record_async(opening(f"{name}-{number}"))
            await writer.record_async(closing(f"{name}-{number}"))
            done += 1

    await asyncio.gather(*(caller(f"{start}-{at}") for at in range(CALLERS)))
    return done / (time.perf_counter() - start)


def measure(store: Store, reader: Reader, entries: int, seconds: float) -> dict:
    result: dict = {"filled": fill(store, entries)}
    result["asked"] = asked_for(reader)
    start, cpu = time.perf_counter(), time.process_time()
    report = reader.verify(reader.public_key)
    took = time.perf_counter() - start
    result["verify"] = {
        "entries": report.entries,
        "sound": report.ok,
        "entries_per_s": report.entries / took,
        "cpu_us_per_entry": (time.process_time() - cpu) / report.entries * 1e6,
    }
    writer = Writer(store, inline_s=store.inline_s)
    result["durable_exchanges_per_s"] = asyncio.run(_exchanges(writer, seconds))
    writer.close()
    return result


@contextmanager
def opened(name: str, base: Path) -> Iterator[tuple[Store, Reader]]:
    with tempfile.TemporaryDirectory(dir=base) as folder:
        if name == "sqlite":
            store: Store = SqliteStore(Path(folder) / "audit.db")
            yield store, store
            store.close()
            return
        from guard.audit.postgres_store import PostgresStore
        from tests.audit.postgres import running

        os.environ["TMPDIR"], before = folder, os.environ.get("TMPDIR")
        tempfile.tempdir = None
        Path(folder).chmod(0o755)
        with running("fsync=on", "shared_buffers=512MB") as server:
            store = PostgresStore(server.url(), Path(folder) / "audit.key")
            yield store, store
            store.close()
        os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)
        tempfile.tempdir = None


def show(name: str, result: dict) -> None:
    filled, check = result["filled"], result["verify"]
    print(f"{name}: {check['entries']} entries, appended in {filled['fill_s']:.0f} s "
          f"({filled['append_cpu_us']:.0f} us of CPU each in commits of {AT_ONCE}), "
          f"indexed in {filled['index_s']:.0f} s ({filled['index_cpu_us']:.0f} us of CPU each)")  # fmt: skip
    print(f"{'asked':<28} {'median ms':>9} {'slowest ms':>10} {'rows':>6}")
    for asked, row in result["asked"].items():
        print(f"{asked:<28} {row['median_ms']:>9.1f} {row['slowest_ms']:>10.1f} {row['rows']:>6}")
    print(f"verify: {check['entries_per_s']:.0f} entries/s, {check['cpu_us_per_entry']:.0f} us of CPU each")
    print(f"durable exchanges/s at {CALLERS} callers: {result['durable_exchanges_per_s']:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--store", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--path", type=Path, default=Path(tempfile.gettempdir()), help="folder on the disk to measure")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long exchanges are recorded")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    results = {}
    for name in options.store:
        with opened(name, options.path) as (store, reader):
            results[name] = measure(store, reader, options.entries, options.seconds)
        if not options.json:
            show(name, results[name])
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
