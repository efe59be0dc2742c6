import pytest

from guard.mask import checks_secrets as checks

CASES = {
    "random_looking": (
        ("0a1b2c3d4e5f", "Ab8~Q.xyz", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
        (
            "os.environ",
            "aaaaaaaa",
            "short1",
            "your-key-1",
            "${TOKEN_1}",
            "https://a.example/1",
            "APIKeys)",
            "tls-cert-prod",
        ),
    ),
    "high_entropy": (
        ("aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF",),
        ("deps-0123456789abcdef0123456789abcdef", "aB3dE6gH", "X" * 40),
    ),
    "generated": (
        ("0123456789abcdef" * 2, "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"),
        ("authenticationauthentication", "abc123"),
    ),
    "varied": (("T0AB12CD3", "aB3dE6"), ("XXXXXXXXXXXX", "0000000000", "ababababab")),
    "password": (
        ("hunter2", "swordfish", "4821", "changeit77"),
        (
            "incorrect",
            "required.",
            "getpass()",
            "${PW}",
            "****",
            "<pw>",
            "changeme",
            "user.password",
            "userPassword",
            "None",
        ),
    ),
    "told_password": (("hunter2", "greenGoose", "snow_owl"), ("wrong.", "get_password(user)", "<pw>", "os.environ")),
    "quoted_password": (
        ("four quiet geese at dawn", "it's a se(ret", "snow_owl"),
        ("Enter your password", "The password is wrong", "string", "{{ pw }}", "config.password"),
    ),
    "mixed_password": (("tanaka#55", "hunter2", "123456"), ("swordfish", "4821", "authentication", "-Wmissing")),
    "password_or_pin": (("4821", "3982*", "hunter2"), ("swordfish", "2024", "12")),
    "spoken_password": (("swordfish", "4821", "a1b2"), ("required", "abcd", "12")),
    "login_password": (("green.apple.7", "guest00"), ("//a.example1", "https://a1", "swordfish")),
    "lone_password": (("swordfish",), ("authentication", "manager", "is")),
    "argument_password": (("violet77", "rosebud"), ("utf", "password", "<pw>")),
    "bracketed_password": (("사과나무2024", "ひらけごま"), ("8자 이상 입력", "必須", "required")),
    "digits_in": (("a1b2c3",), ("a1b2c",)),
    "code_number": (("4821", "553 201", "G-482913", "7733#"), ("123", "2024", "1999", "12345678901")),
    "session": (("a1b2c3d4e5f6g7h8", "s%3Aab12.cd34"), ("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "requests.Session()")),
    "credential_pair": (("Ym9iOmh1bnRlcjI=", "AGJvYgBzdW1tZXIyMDI0"), ("credentials", "=====")),
    "url_password": (
        ("postgres://app:s3cr3t@db:5432/prod", "Server=a;Password=Tr0ub4dor"),
        ("postgres://user:password@db/x", "postgres://${U}:${P}@db", "Server=a;Pwd=<pw>", "http://a.example/"),
    ),
    "phrase": (
        ("tilt anchor velvet moral suggest guard orbit cinnamon tuna lava gesture famous",),
        ("tilt anchor velvet", "this is the list of the words that are in it and to be kept", "a " * 12),
    ),
    "base58": (
        ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",),
        ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_check_passes_values_and_nothing_else(name):
    check = getattr(checks, name)
    good, bad = CASES[name]
    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []


def test_every_check_is_tested():
    public = {name for name, thing in vars(checks).items() if getattr(thing, "__module__", "") == checks.__name__}
    assert {name for name in public if not name.startswith("_")} - {"entropy"} == set(CASES)


def test_entropy_is_in_bits_per_character():
    assert checks.entropy("abab") == 1
    assert checks.entropy("aaaa") == 0
