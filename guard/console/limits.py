"""How often signing in may fail: so many times in a while, for an address and for a person.

Counts are in memory and bounded: the addresses that failed longest ago are forgotten first.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Final

FAILURES: Final = 10
WINDOW_S: Final = 300.0
REMEMBERED: Final = 10_000  # addresses and persons


class Limits:
    """Failures of late by whom they are of, and in all by their reason. Any thread may call.

    `ticks` gives seconds that never go back.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        window_s: float = WINDOW_S,
        remembered: int = REMEMBERED,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reasons: Counter[str] = Counter()
        self._failures = failures
        self._window_s = window_s
        self._remembered = remembered
        self._ticks = ticks
        self._lock = threading.Lock()
        self._of_late: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, *whose: str) -> float:
        """Seconds until any of `whose` may try again; 0 where all may now."""
        with self._lock:
            return max((self._wait_s(one) for one in whose), default=0.0)

    def failed(self, reason: str, *whose: str) -> None:
        """Count a failure against each of `whose`."""
        with self._lock:
            self.reasons[reason] += 1
            for one in whose:
                times = self._of_late.setdefault(one, deque(maxlen=self._failures))
                times.append(self._ticks())
                self._of_late.move_to_end(one)
            while len(self._of_late) > self._remembered:
                self._of_late.popitem(last=False)

    def _wait_s(self, one: str) -> float:
        times = self._of_late.get(one)
        if times is None or len(times) < self._failures:
            return 0.0
        return max(0.0, times[0] + self._window_s - self._ticks())


def address(host: str) -> str:
    """What counts as one address: an IPv4 address, or the network of 64 bits that an IPv6 host chooses from."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"address {host[:64]}"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return f"address {ipaddress.ip_network((int(ip) >> 64 << 64, 64))}"
    return f"address {getattr(ip, 'ipv4_mapped', None) or ip}"
