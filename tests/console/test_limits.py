import pytest

from guard.console.limits import Limits, address
from tests.console.door import Clock


@pytest.fixture
def clock():
    return Clock(0.0)


@pytest.fixture
def limits(clock):
    return Limits(failures=3, window_s=60, remembered=5, ticks=clock)


def test_who_fails_too_often_waits_and_then_may_again(limits, clock):
    for _ in range(2):
        limits.failed("link", "a")
    assert limits.wait_s("a") == 0
    clock.now = 10.0
    limits.failed("link", "a")
    assert limits.wait_s("a") == 50
    clock.now = 59.9
    assert limits.wait_s("a") > 0
    clock.now = 60.0
    assert limits.wait_s("a") == 0
    limits.failed("link", "a")  # the second of the three is at 0 too
    clock.now = 61.0
    limits.failed("link", "a")
    assert limits.wait_s("a") == pytest.approx(9.0)


def test_address_and_person_are_counted_apart(limits):
    for number in range(3):
        limits.failed("link", f"address {number}", "person ada")
    assert limits.wait_s("address 0") == 0
    assert limits.wait_s("person ada") == 60
    assert limits.wait_s("address 0", "person ada") == 60
    assert limits.wait_s() == 0
    assert limits.reasons == {"link": 3}


def test_what_is_remembered_is_bounded(limits):
    for number in range(1000):
        for _ in range(3):
            limits.failed("state", f"address {number}")
    assert sum(limits.wait_s(f"address {number}") > 0 for number in range(1000)) == 5
    assert len(limits._of_late) == 5
    assert all(len(times) <= 3 for times in limits._of_late.values())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("::ffff:192.0.2.7", "address 192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address 2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "address 2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "address 2001:db8:1:3::/64"),
        ("", "address "),
        ("testclient" * 20, "address " + ("testclient" * 20)[:64]),
    ],
)
def test_what_counts_as_one_address(host, expected):
    assert address(host) == expected
