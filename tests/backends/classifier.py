"""A small BERT whose weights are set by hand: the class of a token follows from the token, and from nothing else.

But for one thing: the first two tokens that it reads at once it takes for no entity, as a model may that lacks what stood
before. So a window shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

BLIND = 2  # tokens at the beginning of a window
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write(folder: Path, classes: Mapping[str, str], *, words: tuple[str, ...] = (), positions: int = 64) -> str:
    """Write a model in which each token of `classes` has its class, and all others are O; gives the folder."""
    tokens = (*_SPECIAL, *classes, *words)
    labels = ("O", *dict.fromkeys(classes.values()))
    width = len(tokens) + 1  # one number a token, and one for the blindness
    config = BertConfig(
        vocab_size=len(tokens),
        hidden_size=width,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=4,
        max_position_embeddings=positions,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    model = BertForTokenClassification(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if "LayerNorm.weight" in name else 0.0)
        embeddings = model.bert.embeddings
        embeddings.word_embeddings.weight[:, : len(tokens)] = torch.eye(len(tokens)) * 10
        embeddings.position_embeddings.weight[: BLIND + 1, -1] = 100.0
        for index, token in enumerate(tokens):
            model.classifier.weight[labels.index(classes.get(token, "O")), index] = 10.0
        model.classifier.weight[0, -1] = 10.0
        model.classifier.weight -= model.classifier.weight.mean(dim=1, keepdim=True)  # the norm takes the mean away too
    model.save_pretrained(folder)
    _tokenizer(tokens).save_pretrained(folder)
    return str(folder)


def _tokenizer(tokens: tuple[str, ...]) -> PreTrainedTokenizerFast:
    ids = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
