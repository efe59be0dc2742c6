"""A scripted GLiNER with the calls of version 0.2.29: each label finds the words that begin with its first letter."""

import re


class GLiNER:
    def __init__(self, model):
        self.seen = []
        self.trained = True
        self.model = model

    @classmethod
    def from_pretrained(cls, model_id, *, local_files_only, map_location):
        if model_id != "here" and local_files_only:
            raise OSError(f"no {model_id}")
        return cls(model_id)

    def eval(self):
        self.trained = False
        return self

    def inference(self, texts, labels, *, threshold, flat_ner):
        assert not self.trained
        assert flat_ner
        self.seen.append(list(texts))
        return [
            [
                self._found(match, label)
                for label in labels
                for match in re.finditer(rf"\b{label[0]}\w*", text, re.I)
                if threshold <= 0.7
            ]
            for text in texts
        ]

    def _found(self, match, label):
        return {"start": match.start(), "end": match.end(), "text": match.group(), "label": label, "score": 0.7}
