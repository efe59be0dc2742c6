"""What fingerprints find and cost: excerpts of documents whole and edited, false alarms, load time; customer records.

    python benchmarks/fingerprints.py [--texts FILE.jsonl --letters LETTERS] [--pages N] [--customers N] [--excerpts N]

The documents are generated from a seed: each sentence is a clause of its own words, in English, Korean and Japanese, so
that two documents share no more than the words of a trade. `--texts` takes real ones instead: a row of the file has a
`text` or a `reply`; they are joined to pages, of which every other one is indexed and the rest asked about. An edit
replaces, removes or inserts one character. *Found* is the share of excerpts of which at least half is covered, *whole*
that of those of which every character but space is. *Other text* is the share of documents that are not in the index in
which something is found, *same template* the same for documents made from the template of those that are. Times are CPU
time.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from guard.backends import customers, folders
from guard.backends.fingerprints import load

LENGTHS, RATES = (100, 200, 400), (0.0, 0.03, 0.05)
PAGE, WORDS = 3_000, 20_000  # characters of a page, and the words of a language
LETTERS = {
    "English": "abcdefghijklmnopqrstuvwxyz ",
    "Korean": "가나다라이는을를에서한기고지도 ",
    "Japanese": "のにはをたでとがしてあ一人年本",
}
AROUND = {
    "English": ("Please summarise this for the board: ", "\n\nThanks, that would be great."),
    "Korean": ("다음 내용을 임원 보고용으로 요약해 줘: ", "\n\n감사합니다."),
    "Japanese": ("次の内容を役員向けに要約してください。\n", "\n\nよろしくお願いします。"),
}
# Parts of sentences; each blank is filled with a word of its own.
FRAMES = {
    "English": (
        "The {} {} of the {} will be {} before the {} of {} {}.",
        "Our {} showed that {} {} costs {} less when {} is {} with {}.",
        "If {} does not {} the {}, {} plans to {} its {} in {}.",
        "{} and {} agreed on a {} of {} for every {} {} that leaves the {}.",
        "Compared with {}, the {} {} loses {} of its {} after {} of {}.",
        "No {} outside {} may learn that {} was {} because of the {} {}.",
    ),
    "Korean": (
        "{} {}의 {}은 {} 전까지 {}에서 {} {}로 바뀐다.",
        "{}팀은 {} {}을 {}와 함께 쓰면 {}가 {}만큼 줄어든다고 보고했다.",
        "{}가 {}을 {}하지 않으면 {}은 {}부터 {}를 {}할 계획이다.",
        "{}와 {}는 {}마다 {} {}을 내기로 {}에서 합의했다.",
        "{}에 비해 {} {}은 {} 뒤에 {}의 {}을 잃는다.",
        "{} 밖의 누구도 {}가 {} 때문에 {}된 {}을 알아서는 안 된다.",
    ),
    "Japanese": (
        "{}の{}は{}までに{}から{}の{}へ移される。",
        "{}班は{}を{}と組み合わせると{}が{}だけ下がると報告した。",
        "{}が{}を{}しない場合、{}は{}から{}を{}する予定である。",
        "{}と{}は{}ごとに{}の{}を支払うことで{}にて合意した。",
        "{}に比べて{}の{}は{}の後に{}の{}を失う。",
        "{}の外の者は{}が{}のために{}された{}を知ってはならない。",
    ),
}
SOUNDS = {
    "English": ([c + v for c in (*"bcdfghklmnprstvw", "st", "tr", "pl") for v in "aeiou"], (2, 4)),
    "Korean": (list("가강거결공관구기나남단대도동라로마면무바반보산상서선성수시안온원유인장재정조주진차천"), (2, 3)),
    "Japanese": (list("価加化海機業金軍計検原工構国材産資式質車主種商所場新数生製積設船造体台地長電度動"), (2, 2)),
}
TEMPLATE = {
    "English": "Report of visit. This report is to be filled in on the day of the visit and signed by both engineers. "
    "Site: {}. The site was entered at the agreed time and the safety briefing was given to all who were present. "
    "Finding: {} The finding was shown to the customer, who accepted that the repair is charged by the hour. "
    "Next step: {} The parts that were taken out have been handed to the customer against receipt. "
    "The customer may object to this report within fourteen days; after that it counts as approved.",
    "Korean": "현장 방문 보고서. 이 보고서는 방문 당일에 작성하여 두 명의 기사가 함께 서명하여야 한다. 현장: {}. "
    "약속된 시각에 현장에 도착하였고 참석한 모든 사람에게 안전 교육을 실시하였다. 발견 사항: {} "
    "발견된 내용을 고객에게 보여 주었으며 고객은 수리 비용이 시간 단위로 청구됨을 확인하였다. 다음 단계: {} "
    "교체된 부품은 인수증을 받고 고객에게 돌려주었다. "
    "고객은 열나흘 안에 이 보고서에 이의를 제기할 수 있으며 그 뒤에는 승인한 것으로 본다.",
    "Japanese": "現場訪問報告書。本報告書は訪問当日に作成し、二名の技術者が署名しなければならない。現場：{}。"
    "約束の時刻に現場へ到着し、出席者全員に安全教育を行った。確認事項：{}"
    "確認した内容を顧客に示し、修理費用が時間単位で請求されることについて了承を得た。次の手順：{}"
    "取り外した部品は受領書と引き換えに顧客へ返却した。"
    "顧客は十四日以内に本報告書に異議を申し立てることができ、その後は承認したものとみなす。",
}


class Writer:
    """Documents of one language from a seed."""

    def __init__(self, language: str, seed: int) -> None:
        self.language = language
        self.chance = random.Random(seed)
        self.words = [self._word() for _ in range(WORDS)]

    def _word(self) -> str:
        sounds, (least, most) = SOUNDS[self.language]
        return "".join(self.chance.choice(sounds) for _ in range(self.chance.randint(least, most)))

    def sentence(self) -> str:
        frame = self.chance.choice(FRAMES[self.language])
        return frame.format(*(self.chance.choice(self.words) for _ in range(frame.count("{}"))))

    def document(self, size: int = PAGE) -> str:
        said: list[str] = []
        while sum(map(len, said)) < size:
            said.append(self.sentence())
        return ("" if self.language == "Japanese" else " ").join(said)

    def filled(self) -> str:
        return TEMPLATE[self.language].format(self.chance.choice(self.words), self.sentence(), self.sentence())


def pages(texts: Sequence[str]) -> list[str]:
    joined = [""]
    for text in texts:
        if len(joined[-1]) >= PAGE:
            joined.append("")
        joined[-1] += f"{text}\n"
    return joined


def edited(text: str, rate: float, letters: str, chance: random.Random) -> str:
    characters = list(text)
    for _ in range(round(rate * len(text))):
        place = chance.randrange(len(characters))
        match chance.randrange(3):
            case 0:
                characters[place] = chance.choice(letters)
            case 1:
                del characters[place]
            case _:
                characters.insert(place, chance.choice(letters))
    return "".join(characters)


def index_of(texts: Sequence[str], folder: Path) -> Path:
    source = folder / "documents"
    source.mkdir()
    for number, text in enumerate(texts):
        (source / f"{number:06}.txt").write_text(text, encoding="utf-8")
    index = folder / "index"
    folders.build(source, index, lambda _: None)
    return index


def excerpts(
    recognizer: Any, texts: Sequence[str], letters: str, around: tuple[str, str], count: int
) -> dict[str, tuple[float, float, float]]:
    """For each length and rate of edits: the shares found and whole, and the precision in characters."""
    chance = random.Random(7)
    results = {}
    for length in LENGTHS:
        fit = [text for text in texts if len(text) > length]
        for rate in RATES:
            found = whole = covered = right = 0
            for _ in range(count):
                text = chance.choice(fit)
                start = chance.randrange(len(text) - length)
                excerpt = edited(text[start : start + length], rate, letters, chance)
                asked = around[0] + excerpt + around[1]
                gold = {i for i in range(len(around[0]), len(around[0]) + len(excerpt)) if not asked[i].isspace()}
                results_ = recognizer.analyze(asked)
                marked = {i for r in results_ for i in range(r.start, r.end) if not asked[i].isspace()}
                found += len(gold & marked) * 2 >= len(gold)
                whole += gold <= marked
                covered, right = covered + len(marked), right + len(gold & marked)
            results[f"{length} characters, {rate:.0%} edited"] = (found / count, whole / count, right / max(covered, 1))
    return results


def alarms(recognizer: Any, texts: Sequence[str]) -> float:
    return sum(bool(recognizer.analyze(text)) for text in texts) / max(len(texts), 1)


def cost(recognizer: Any, texts: Sequence[str], size: int = 1_024) -> float:
    """CPU ms per KB, texts of about a KB."""
    pieces = [piece for text in texts if (piece := text.encode()[:size].decode("utf-8", "ignore"))][:400]
    best = []
    for _ in range(3):
        start = time.process_time()
        for piece in pieces:
            recognizer.analyze(piece)
        best.append(time.process_time() - start)
    return min(best) * 1_000 / (sum(len(piece.encode()) for piece in pieces) / 1_024)


def of_language(language: str, indexed: Sequence[str], others: Sequence[str], letters: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recognizer = load(index_of(indexed, Path(folder)))
        around = AROUND.get(language, AROUND["English"])
        for name, (found, whole, right) in excerpts(recognizer, indexed, letters, around, count).items():
            print(f"{language:<9} {name:<27} found {found:.3f}  whole {whole:.3f}  character precision {right:.3f}")
        print(f"{language:<9} other text {alarms(recognizer, others):.4f} of {len(others)}", end="")
        print(f"  {cost(recognizer, others):.3f} ms/KB nothing in it  {cost(recognizer, indexed):.3f} ms/KB all of it")


def of_templates(language: str) -> None:
    writer = Writer(language, 5)
    for size in (2, 3, 20):
        with tempfile.TemporaryDirectory() as folder:
            filled = [writer.filled() for _ in range(size)]
            recognizer = load(index_of([*filled, *(writer.document() for _ in range(5))], Path(folder)))
            others = alarms(recognizer, [writer.filled() for _ in range(200)])
            own = alarms(recognizer, filled)
            print(f"{language:<9} same template, {size:>2} documents: alarms on others {others:.3f}, on them {own:.3f}")


def of_pages(pages: int) -> None:
    writer = Writer("English", 9)
    with tempfile.TemporaryDirectory() as folder:
        texts = [writer.document(PAGE * 10) for _ in range(pages // 10)]
        start = time.process_time()
        index = index_of(texts, Path(folder))
        built = time.process_time() - start
        start = time.process_time()
        folders.build(Path(folder) / "documents", index, lambda _: None)
        again = time.process_time() - start
        start = time.perf_counter()
        recognizer = load(index)
        recognizer.analyze("A short text without anything in it, to touch what is needed.")
        loaded = time.perf_counter() - start
        others = [writer.document(1_100) for _ in range(400)]
        print(
            f"{pages} pages: built in {built:.1f} s, again {again:.1f} s, {index.stat().st_size / 1e6:.0f} MB", end=""
        )
        print(
            f", loaded in {loaded:.3f} s, {cost(recognizer, others):.3f} ms/KB, alarms {alarms(recognizer, others):.4f}"
        )


SURNAMES, SYLLABLES = (
    "김이박최정강조윤장임한오서신권황안송류전",
    "가건경규나다도동민서성수아연영예우원유은인재정주준지진하현혜호희",
)
FAMILY, GIVEN = "田佐藤鈴木高橋伊渡辺山本中村小林加吉口松井上", "太郎一美子健陽翔直大由拓恵誠真学愛剛綾亮舞花"
FIRSTS = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gil", "Hana", "Ida", "Jon", "Kai", "Lea", "Max", "Nora", "Otto")
LATIN = SOUNDS["English"][0]


def customer(number: int, chance: random.Random) -> dict[str, str]:
    match number % 3:
        case 0:
            name = chance.choice(SURNAMES) + "".join(chance.sample(SYLLABLES, 2))
        case 1:
            name = f"{''.join(chance.sample(FAMILY, 2))} {''.join(chance.sample(GIVEN, 2))}"
        case _:
            name = f"{chance.choice(FIRSTS)} {''.join(chance.choices(LATIN, k=3)).title()}"
    return {
        "name": name,
        "birthday": f"{chance.randint(1940, 2006)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "account": f"{chance.randint(100, 999)}-{chance.randint(100, 999)}-{chance.randint(0, 999_999):06}",
        "mail": f"{''.join(chance.choices('abcdefghijklmnop', k=7))}{number}@example.com",
        "city": chance.choice(["Seoul", "Tokyo", "Berlin"]),
    }


def told(number: int, who: dict[str, str], other: str) -> tuple[str, tuple[str, str]]:
    """A text about a customer, as one would write it in the name's language, and what of it is to be found."""
    year, month, day = who["birthday"].split("-")
    match number % 3:
        case 0:
            born = f"{year}년 {int(month)}월 {int(day)}일"
            text = f"어제 {who['name']}님은 지점을 방문해 상담을 받았다. {born}생이며 {other}"
            return text, (who["name"], born)
        case 1:
            name = who["name"].replace(" ", "")
            return f"本日、{name}様から連絡がありました。口座は{who['account']}です。{other}", (name, who["account"])
        case _:
            first, last = who["name"].split()
            name, born = f"{last}, {first}", f"{int(day)}.{int(month)}.{year}"
            return f"Please check the complaint of {name} (born {born}). {other}", (name, born)


def of_customers(count: int) -> None:
    chance = random.Random(13)
    listed = [customer(number, chance) for number in range(count)]
    strangers = [customer(number, chance) for number in range(3_000)]
    with tempfile.TemporaryDirectory() as folder:
        file, index = Path(folder) / "customers.csv", Path(folder) / "index"
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(listed[0]))
            writer.writeheader()
            writer.writerows(listed)
        start = time.process_time()
        report = customers.build(file, index, lambda _: None, alone=["mail"])
        built = time.process_time() - start
        start = time.perf_counter()
        recognizer = load(index)
        recognizer.analyze("Ada 1")
        loaded = time.perf_counter() - start
        print(f"{count} customers, columns {', '.join(report.columns)}: built in {built:.1f} s", end="")
        print(f", {index.stat().st_size / 1e6:.1f} MB, loaded in {loaded:.3f} s")

        def share(people: Sequence[dict[str, str]], *, parts: int) -> float:
            hits = 0
            for number, who in enumerate(people):
                text, values = told(number, who, "")
                found = [text[r.start : r.end] for r in recognizer.analyze(text)]
                hits += all(any(value in one for one in found) for value in values[:parts]) if parts else bool(found)
            return hits / len(people)

        sample = listed[:3_000]
        # The birthday and account of the next but two, whose name is of the same language.
        mixed = [{**who, "name": other["name"]} for who, other in zip(sample, [*listed[3:], *listed], strict=False)]
        alone = sum(bool(recognizer.analyze(f"Write to {who['mail']} today.")) for who in sample) / len(sample)
        print(f"  two cells found {share(sample, parts=2):.4f}, e-mail alone {alone:.4f}", end="")
        print(f"; alarms on strangers {share(strangers, parts=0):.4f}, on mixed rows {share(mixed, parts=0):.4f}")
        for language in FRAMES:
            plain = [Writer(language, 21).document(1_100) for _ in range(1)]
            texts = [*plain, *(Writer(language, seed).document(1_100) for seed in range(30))]
            print(f"  {language:<9} {cost(recognizer, texts):.3f} ms/KB", end="")
        rows = "\n".join(", ".join(who.values()) for who in sample[:500])
        pieces = [rows[i : i + 1_024] for i in range(0, len(rows), 1_024)]
        print(f"\n  the list itself {cost(recognizer, pieces):.3f} ms/KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="JSONL file with texts to index and to ask about")
    parser.add_argument("--letters", default=LETTERS["English"], help="what is inserted into them")
    parser.add_argument("--excerpts", type=int, default=400, help="of each kind")
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    if options.texts:
        rows = [json.loads(line) for line in options.texts.read_text(encoding="utf-8").splitlines() if line.strip()]
        texts = pages([row.get("text") or row["reply"] for row in rows])
        of_language(options.texts.stem[:9], texts[::2], texts[1::2], options.letters, options.excerpts)
        return
    for language in FRAMES:
        writer = Writer(language, 1)
        documents = [writer.document() for _ in range(200)]
        of_language(language, documents[::2], documents[1::2], LETTERS[language], options.excerpts)
        of_templates(language)
    if options.pages:
        of_pages(options.pages)
    if options.customers:
        of_customers(options.customers)


if __name__ == "__main__":
    main()
