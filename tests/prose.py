"""Prose that nobody wrote before, in three languages, from a seed."""

import random
from functools import cache

SOUNDS = {
    "en": ["ba", "ce", "di", "fo", "gu", "ha", "li", "mo", "ne", "pra", "ri", "sta", "to", "ver", "wen", "zu"],
    "ko": list("가강거결공관구기나남단대도동라로마면무바반보산상서선성수시안온원유인장재정조주진"),
    "ja": list("価加化海機業金軍計検原工構国材産資式質車主種商所場新数生製積設船造体台地長電度動"),
}
FRAMES = {
    "en": ("The {} of {} will {} before the {} of {} {}.", "If {} fails to {} the {}, {} plans to {} its {}."),
    "ko": ("{} {}의 {}은 {} 전까지 {}에서 {}로 바뀐다.", "{}가 {}을 {}하지 않으면 {}은 {}를 {}할 계획이다."),
    "ja": ("{}の{}は{}までに{}から{}の{}へ移される。", "{}が{}を{}しない場合、{}は{}を{}する予定である。"),
}
LETTERS = {"en": "abcdefghijklmnopqrstuvwxyz ", "ko": "가나다라이는을를에서 ", "ja": "のにはをたでとが一人"}


@cache
def prose(language: str, seed: int, sentences: int = 40) -> str:
    chance = random.Random(f"{language}{seed}")

    def word() -> str:
        return "".join(chance.choices(SOUNDS[language], k=chance.randint(2, 3)))

    def sentence() -> str:
        frame = chance.choice(FRAMES[language])
        return frame.format(*(word() for _ in range(frame.count("{}"))))

    return ("" if language == "ja" else " ").join(sentence() for _ in range(sentences))


def edited(text: str, rate: float, language: str, seed: int) -> str:
    """`text` with so large a share of its characters replaced, removed or joined by another."""
    chance = random.Random(seed)
    characters = list(text)
    for _ in range(round(rate * len(text))):
        place = chance.randrange(len(characters))
        match chance.randrange(3):
            case 0:
                characters[place] = chance.choice(LETTERS[language])
            case 1:
                del characters[place]
            case _:
                characters.insert(place, chance.choice(LETTERS[language]))
    return "".join(characters)
