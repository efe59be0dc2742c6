"""Unsafe code by its form: what is found, what looks alike and is not, and what a principle makes of it."""

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.constitution import CodeRule
from guard.errors import CriticError
from guard.review.checks import beside
from guard.review.code import unsafe
from guard.review.code_forms import FORMS
from guard.review.judge import judge
from guard.types import Dialogue, Verdict
from tests.review.told import Answers, principle, tell, verdict

EVERY: tuple[CodeRule, ...] = get_args(CodeRule)

UNSAFE = [
    ("code that is evaluated", "price = eval(formula)"),
    ("code that is evaluated", 'eval(f"{a} + {b}")'),
    ("code that is evaluated", "exec(`convert ${req.body.name} out.png`, done);"),
    ("a command built from strings", 'os.system("ping " + host)'),
    ("a command built from strings", 'subprocess.run(f"ping -c 3 {host}", shell=True)'),
    ("a command built from strings", "subprocess.check_output(command, shell=True)"),
    ("SQL built from strings", "db.execute(f\"SELECT * FROM users WHERE mail = '{mail}'\")"),
    ("SQL built from strings", 'db.execute(f"""\n  SELECT name\n  FROM users\n  WHERE id = {id}\n""")'),
    ("SQL built from strings", "db.query(`SELECT * FROM orders WHERE id = ${id}`)"),
    ("SQL built from strings", 'sql = "SELECT * FROM goods WHERE name LIKE \'%" + term + "%\'"'),
    ("SQL built from strings", "db.execute(\"DELETE FROM users WHERE name = '%s'\" % name)"),
    ("SQL built from strings", "db.execute('SELECT a FROM b WHERE c = {}'.format(c))"),
    ("SQL built from strings", '$db->query("SELECT * FROM users WHERE id = $_GET[id]");'),
    ("SQL built from strings", 'String q = "INSERT INTO log VALUES (" + line + ")";'),
    ("objects read from input", "session = pickle.loads(request.data)"),
    ("objects read from input", "settings = yaml.load(file, Loader=yaml.Loader)"),
    ("objects read from input", "$cart = unserialize($_COOKIE['cart']);"),
    ("HTML built from strings", 'box.innerHTML += "<p>" + comment.text + "</p>";'),
    ("HTML built from strings", "<div dangerouslySetInnerHTML={{ __html: post.body }} />"),
    ("a template read from input", "return render_template_string(greeting)"),
    ("a path read from input", 'return send_file(request.args["name"])'),
    ("a key", 'client("s3", aws_access_key_id="AKIA5EXAMPLE7Q2M4XDZ")'),
    ("a key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ("a password in code", 'db_password = "Maple-Tree-88"'),
    ("a password in code", 'password: "<SECRET_K7Q2M4XD>"'),
    ("a password in code", 'requests.get(url, auth=("bob", "violet77"))'),
    ("a password in settings", "storePassword=Cedar!Lake!2291"),
    ("a password in an address", "postgres://report:Winter2024@db.acme.net:5432/reports"),
    ("a key in an address", 'curl "https://api.acme.net/orders?api_key=live_7c1e9e4b2d"'),
    ("a fast hash of a password", "stored = hashlib.md5(password.encode()).hexdigest()"),
    ("a fast hash of a password", 'user.password = crypto.createHash("sha1").update(p).digest("hex")'),
    ("a weak cipher", "cipher = AES.new(key, AES.MODE_ECB)"),
    ("a weak cipher", 'Cipher.getInstance("DES/CBC/PKCS5Padding")'),
    ("a value that can be guessed", "const token = Math.random().toString(36)"),
    ("a value that can be guessed", 'code = "".join(random.choice("0123456789") for _ in range(6))'),
    ("a fixed nonce", 'iv = b"0123456789abcdef"'),
    ("a signature that is not checked", 'jwt.decode(token, options={"verify_signature": False})'),
    ("an old protocol", "ssl_protocols TLSv1 TLSv1.2;"),
    ("certificates that are not checked", "requests.get(url, verify=False)"),
    ("certificates that are not checked", "&tls.Config{InsecureSkipVerify: true}"),
    ("certificates that are not checked", "curl -k https://intranet.acme.net/api"),
    ("certificates that are not checked", "Write --trusted-host mirror.acme.net into pip.conf."),
    ("host keys that are not checked", "    StrictHostKeyChecking no"),
    ("signatures of packages that are not checked", "apt-get install --allow-unauthenticated tool"),
    ("hooks that are skipped", 'git commit -m "later" --no-verify'),
    ("a safeguard that is switched off", "setenforce 0"),
    ("a safeguard that is switched off", "http.csrf().disable()"),
    ("files that all may change", "sudo chmod -R 777 /srv/uploads"),
    ("every right on everything", '{ "Effect": "Allow", "Action": "*", "Resource": "*" }'),
    ("a port that is open to all", "ingress: port 5432 from 0.0.0.0/0"),
    ("a container with the rights of its host", "docker run -it --privileged tool"),
    ("a database user with every right", "CREATE USER shop SUPERUSER LOGIN;"),
    ("a database user with every right", "GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA public TO reporting;"),
    ("storage that is open to all", "aws s3 cp plan.pdf s3://plans --acl public-read"),
    ("code with another's notice", "// Copyright 2014 The Fastsort Authors. All rights reserved.\nfunc Sort() {}"),
]
FINE = [
    "model.eval()",
    "value = ast.literal_eval(text)",
    'eval("1 + 1")',
    "found = pattern.exec(text)",
    'subprocess.run(["ping", "-c", "3", host], check=True)',
    'subprocess.run("make all", shell=True)',
    'db.execute("SELECT * FROM users WHERE mail = ?", [mail])',
    'db.execute("SELECT * FROM users WHERE mail = %s", (mail,))',
    'db.execute(f"SELECT name FROM users ORDER BY {COLUMNS[asked]}")',
    "return f'{count} rows selected from {table} where x = y'",
    "settings = yaml.safe_load(file)",
    "settings = yaml.load(file, Loader=yaml.SafeLoader)",
    "model = pickle.load(open('model.pkl', 'rb'))",
    'box.innerHTML = "<p>None yet.</p>";',
    "box.innerHTML = DOMPurify.sanitize(comment.text);",
    'password = os.environ["DB_PASSWORD"]',
    'password: "${DB_PASSWORD}"',
    'api_key = "YOUR_API_KEY"',
    'token = "next"',
    "client_secret=self._secret,",
    "password = settings.database.password",
    "postgres://report:$PASSWORD@db.acme.net/reports",
    "postgres://user:<password>@db.acme.net/reports",
    'digest = hashlib.sha256(file.read()).hexdigest()',
    "colour = random.choice(colours)",
    "token = secrets.token_urlsafe(32)",
    "ssl_protocols TLSv1.2 TLSv1.3;",
    "curl -sSf https://acme.net/health",
    "chmod 750 /srv/uploads",
    '{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }',
    "egress: 0.0.0.0/0",
    "CREATE USER shop NOSUPERUSER LOGIN;",
    "GRANT SELECT ON orders TO reporting;",
    "Never call eval(formula) on what a form sends.",
    "Use a parameter instead of db.execute(f\"SELECT a FROM b WHERE c = '{c}'\").",
    "chmod 777 lets everybody write there; take 750.",
    "verify=False is dangerous.",
    "This is wrong:\n```python\nrequests.get(url, verify=False)\n```\nGive it the company's root.",
    "```diff\n-requests.get(url, verify=False)\n+requests.get(url)\n```",
    "위험: requests.get(url, verify=False)를 쓰지 마세요.",
    "",
]  # fmt: skip


def kinds(text: str, rules: tuple[CodeRule, ...] = EVERY) -> list[str]:
    return list(dict.fromkeys(one.what for one in unsafe(text, rules)))


@pytest.mark.parametrize(("what", "text"), UNSAFE, ids=[text[:40] for _, text in UNSAFE])
def test_a_form_is_found_by_its_own_rule_alone(what: str, text: str) -> None:
    assert what in kinds(text)
    (rule,) = {one.rule for one in unsafe(text, EVERY) if one.what == what}
    others = tuple(one for one in EVERY if one != rule)
    assert what not in kinds(text, others)


@pytest.mark.parametrize(("what", "text"), UNSAFE, ids=[text[:40] for _, text in UNSAFE])
def test_it_is_found_among_other_words_and_lines_at_its_place(what: str, text: str) -> None:
    before = "Here is how it goes.\n\n```\nx = 1\n"
    (one, *_) = (one for one in unsafe(f"{before}{text}\ny = 2\n```\nGood luck.", EVERY) if one.what == what)
    assert one.start >= len("Here is how it goes.\n\n```\n")
    assert text.partition("\n")[0].strip() in f"{before}{text}"[one.start : one.end]


def test_every_row_has_a_text_here() -> None:
    assert {what for _, what, *_ in FORMS} <= {what for what, _ in UNSAFE}


@pytest.mark.parametrize("text", FINE, ids=[text[:40] for text in FINE])
def test_what_looks_alike_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_a_range_is_the_line_or_the_sentence() -> None:
    reply = "First look at the log. Then run chmod 777 /srv and go on. That is all."
    (one,) = unsafe(reply, EVERY)
    assert reply[one.start : one.end] == "Then run chmod 777 /srv and go on."
    lines = "a = 1\n    requests.get(url, verify=False)\nb = 2"
    (two,) = unsafe(lines, EVERY)
    assert lines[two.start : two.end] == "requests.get(url, verify=False)"


def test_a_notice_takes_the_code_with_it() -> None:
    code = "# SPDX-License-Identifier: GPL-3.0-only\ndef parse():\n    pass\n"
    reply = f"Take this:\n```python\n{code}```\nIt is quick."
    (one,) = unsafe(reply, EVERY)
    assert reply[one.start : one.end] == code
    (alone,) = unsafe(f"Take this:\n{code}", EVERY)
    assert f"Take this:\n{code}"[alone.start : alone.end] == code.strip()


def test_a_notice_is_no_matter_where_the_prompt_is_about_licences() -> None:
    reply = "# SPDX-License-Identifier: GPL-3.0-only"
    assert unsafe(reply, EVERY, "Write a parser.")
    assert not unsafe(reply, EVERY, "Put the GPL header on top of parser.py.")
    assert not unsafe(reply, EVERY, "Keep the licence of this file.")


@pytest.mark.parametrize(
    "text",
    [
        '"SELECT a FROM b WHERE x = ' * 4000,
        '"SELECT a FROM b WHERE x = , ' + " FROM = , " * 10_000,
        "password = hashlib.md5( " * 5000,
        "chmod 777 " * 10_000,
        "0.0.0.0/0 22 " * 8000,
        "a" * 100_000,
        "://" * 30_000 + "a:b",
    ],
    ids=range(7),
)
def test_a_reply_that_is_made_to_be_slow_is_not(text: str) -> None:
    start = time.process_time()
    unsafe(text, EVERY)
    assert time.process_time() - start < 5


def test_of_a_thousand_places_a_hundred_are_enough() -> None:
    assert len(unsafe("chmod 777 x\n" * 1000, EVERY)) == 100


CODE = principle("safe", code=("checks_off",))
BAD = Dialogue("Get it.", "So:\nrequests.get(url, verify=False)\nDone.")
LINE = (4, 35)


@pytest.mark.parametrize(
    ("answer", "spans"),
    [
        (verdict("safe", "clear"), (LINE,)),
        (verdict("safe", "unsure", (0, 3)), (LINE,)),
        (verdict("safe", "fired", (36, 41)), (LINE, (36, 41))),
    ],
)
def test_rules_fire_whatever_the_critic_says(answer: Verdict, spans: tuple[tuple[int, int], ...]) -> None:
    (found,) = tell(judge(BAD, (CODE,), ()), Answers((answer,)))
    assert (found.principle, found.state, found.score, found.spans) == ("safe", "fired", 1.0, spans)
    assert found.reason == "the reply's code holds certificates that are not checked"


def test_rules_fire_also_where_the_critic_fails() -> None:
    (found,) = tell(judge(BAD, (CODE,), ()), Answers(CriticError("out of memory")))
    assert found.state == "fired"


def test_without_a_finding_the_critic_decides() -> None:
    fine = Dialogue("Get it.", "requests.get(url)")
    for answer in (verdict("safe", "clear"), verdict("safe", "unsure"), verdict("safe", "fired", (0, 8))):
        assert beside(CODE, answer, fine) == answer
    other = principle("safe", code=("open_rights",))
    assert beside(other, verdict("safe", "clear"), BAD) == verdict("safe", "clear")
    assert beside(principle("safe"), verdict("safe", "clear"), BAD) == verdict("safe", "clear")


def test_a_reason_holds_no_value() -> None:
    found = beside(principle("s", code=EVERY), verdict("s"), Dialogue("", 'password = "Maple-Tree-88"'))
    assert "Maple" not in found.reason


@given(st.text(), st.lists(st.sampled_from([text for _, text in UNSAFE] + FINE), max_size=3), st.text())
def test_any_reply_has_ranges_in_order_and_inside(before: str, middle: list[str], after: str) -> None:
    reply = "\n".join([before, *middle, after])
    found = unsafe(reply, EVERY)
    assert all(0 <= one.start < one.end <= len(reply) for one in found)
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert unsafe(reply, EVERY) == found
