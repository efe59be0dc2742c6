"""What one line of a text is, by itself: a line of a program, of data, of a log, or prose. A table of forms."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["strong", "weak", "neutral", "blank", "other"]
# strong   a line of a program, of hardly anything else
# weak     a line of a program, or of a configuration, or of something typed into a shell
# neutral  it may stand in a program: a comment, a bracket, what is indented
# other    prose, data, a log: no block goes over it

_TYPES = "void|int|long|short|float|double|bool|boolean|char|byte|string|String|auto|var|let|const|val|size_t|unsigned"
_MODIFIERS = (
    "pub|public|private|protected|internal|static|final|export|default|async|abstract|override|virtual|inline|extern|"
    "unsafe"
)
_SYNTAX = re.compile(
    "|".join((
        r"from\s+[\w.]+\s+import\s+[\w(*].*",
        r"import\s+[\w.]+(?:\s+as\s+\w+)?(?:,\s*[\w.]+)+|import\s+[\w.]+\s+as\s+\w+|import\s+(?:\w+\.)+\w+;?",
        r"(?:async\s+)?def\s+\w+\s*[(\[].*",
        r"(?:if|elif|while)\s+(?:.+\s(?:is|is not|not in|in|==|!=|<|>|<=|>=)\s.+|not\s+[\w.]+):",
        r"[\w.\[\]\"', ]{1,80}(?::\s*[\w\[\], |.\"]+)?\s*[-+*/|]?=\s*(?:await\s+|new\s+|not\s+)?[\w.:\[\]\"']+\(.*",
        r"(?:const|let|var)\s+[\w{}\[\], :]+=.*",
        r"SELECT\s.+|INSERT\s+INTO\s.+|UPDATE\s+\w+(?:\s+SET\b.*)?|DELETE\s+FROM\s.+|UNION(?:\s+ALL)?|HAVING\s.+",
        r"(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:TABLE|INDEX|VIEW|FUNCTION|PROCEDURE)\b.*|WITH\s+\w+\s+AS\b.*",
        r"(?:(?:LEFT|RIGHT|INNER|OUTER|CROSS|FULL)\s+)*JOIN\s.+|FROM\s+[\w.\"`]+(?:\s+(?:AS\s+)?\w+)?[,;]?",
        r"(?:GROUP|ORDER)\s+BY\s.+|(?:WHERE|SET)\s+[\w.\"`(]+\s*(?:[=<>!]|(?:IN|IS|LIKE|NOT|BETWEEN)\b).*|VALUES\s*\(.*",
    ))
)  # fmt: skip
_STRONG = re.compile(
    "|".join((
        r"(?:async\s+)?def\s+\w+\s*[(\[].*",
        r"def\s+\w+[?!]?(?:\s*\(.*\))?",  # Ruby
        r"class\s+\w+\s*(?:\(.*\))?:",
        rf"(?:(?:{_MODIFIERS})\s+)*(?:class|interface|struct|enum|trait|impl|namespace|object|record|module)\b"
        r"[^.?!]*\{.*",
        rf"(?:(?:{_MODIFIERS})\s+)*(?:func|fn|function|fun)\b[\s*]*\(?.*[({{].*",
        rf"(?:(?:{_MODIFIERS})\s+)+[\w<>\[\], ?*&]+[;{{(=].*",
        rf"(?:{_TYPES})\b[\w\s<>,*&:\[\]]*(?:=.*|;|\(.*\)\s*\{{?)",
        r"import\s+(?:[\w.]+(?:\s+as\s+\w+)?(?:,\s*[\w.]+)*|static\s+[\w.]+);?",
        r"import\b.*\bfrom\s*[\"'].*|import\s*[\"'(].*|import\s+[\w.]+\.\*;?",
        r"from\s+[\w.]+\s+import\s+.+",
        r"#\s*(?:include\s*[<\"].*|define\s+\w+.*|ifn?def\s+\w+|endif|pragma\s.*)|#!/.*",
        r"(?:using|package|use|mod|namespace)\s+[\w.:{}, *]+;",
        r"(?:if|elif|while)\b.*(?:[=!<>]=|[<>()\[\]]|\bnot\b|\bis\b|\bin\b).*:(?:\s*#.*)?",
        r"(?:if|for|foreach|while|switch|match|catch|else\s+if|guard|unless|when)\b.*\{(?:\s*//.*)?",
        r"for\s+[\w, ()]+\s+in\s+[\w.()\[\], ]+:",
        r"(?:\}\s*)?(?:else|try|finally|do)\s*[:{](?:\s*[#/].*)?",
        r"except\b[\w\s.,()]*:|with\s+.*\(.*:|case\s+.*:\s*|\}\s*catch\b.*",
        r"(?:raise|throw|new|assert|await|yield|defer|go|delete|print|echo|printf)\b.*[(;].*",
        r"return\b(?:.*[;()\[\]{}=+*/.].*|\s+(?:[\w.]+|\"[^\"]*\"|-?[0-9.]+))?",
        r"\(?\)?\s*(?:[\w.$\[\]\"']+\s*)?(?:=>|->)\s*.*[{(;].*",
        r"(?:self|this|cls|super)[.(].*",
        r"[\w.$:>-]*[\w\])]\(.*\)\s*[;{]?(?:\s*(?://|#).*)?",
        r"\.\w+\(.*",
        r"[^\"'{\[\s](?=.*[()=\[\]{}<>\"'+_]).*[^\s;];(?:\s*//.*)?|[a-z-]+\s*:\s*[^;]{1,80};",
        r"(?:final|mut|\w+)\s+\w+\s*:=\s*.+|\w+(?:,\s*\w+)*\s*:=\s*.+",
        r"(?:group|order)\s+by\s.+|(?:left|inner)\s+join\s.+|insert\s+into\s.+|create\s+table\s.+|select\s.+\sfrom\s.+",
        r"(?:then|fi|done|esac|end)|if\s+\[.*|(?:for|while)\s.*;\s*do|\w+\(\)\s*\{",
        r"\w+\s*<-\s*.+|[\w$]+\s*%>%.*",
    ))
)  # fmt: skip
_WEAK = re.compile(
    "|".join((
        r"[\w.$\[\]\"'*&]+(?:\s*,\s*[\w.*]+)*\s*(?::\s*[\w\[\], |.\"]+)?\s*(?:[-+*/|&^%]|\*\*|//|<<|>>|\?\?)?"
        r"=(?!=)\s*\S.*",
        r"@[\w.]+(?:\(.*\))?|>>>\s.+|(?:class|struct)\s+\w+;|template\s*<.*>|[\w:<>*&~ ]+\w\(",
        r"set\s+-\w+|exit\s+[0-9$]\S*|(?:export|local|readonly)\s+\w+(?:=.*)?|shift|#!.*",
        r"(?:pass|break|continue|return|raise)",
        r".*(?:&&|\|\||::|=>|\+\+|==|!=).*",
        r"[\w.]+\($",
        r"(?:and|or|AND|OR)\s.*[=<>].*",
    ))
)  # fmt: skip
_NEUTRAL = re.compile(
    r"[)}\]][\w\s.,;:()\[\]{}<>*&|\"'=/-]*|[\[\](){}<>,;:'\"`|&+*/\\.-]*|(?://|/\*|\*|#|--|<!--|%|\"\"\"|''').*"
)
_TRACE = re.compile(r"at\s+[\w.$<>]+\(.*\)|File \".*\", line [0-9]+.*|Traceback .*|Caused by:.*|\.\.\. [0-9]+ more")
_LOG = re.compile(
    r"[\[(]?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}.*|[\[(]?[0-9]{2}:[0-9]{2}:[0-9]{2}.*|"
    r"\[?(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL)\b.*|[A-Z][a-z]{2} +[0-9]{1,2} [0-9]{2}:.*"
)
_PROSE = re.compile(r"(?:[^\W\d_][\w'’,;-]*[ ]){4}.*|.*[가-힣ぁ-ヿ一-鿿].*")
_LIST = re.compile(r"(?:[-*•]|[0-9]{1,3}[.)])\s+\S.*|\|.*\||>(?!>>).*")
_SIGNS = "=(){}[];<>+*/|&\"'#_"
_LONGEST = 500  # characters of a line of a program


def kind(line: str) -> Kind:
    """What one line is, by itself."""
    bare = " ".join(line.split())
    if not bare:
        return "blank"
    if len(bare) > _LONGEST:
        return "other"
    if _TRACE.fullmatch(bare) or _LOG.fullmatch(bare):
        return "other"
    if _SYNTAX.fullmatch(bare) or (_STRONG.fullmatch(bare) and not _is_prose(line, bare)):
        return "strong"
    if _WEAK.fullmatch(bare) and not _is_prose(line, bare):
        return "weak"
    if _NEUTRAL.fullmatch(bare):
        return "neutral"
    return "neutral" if line[:1] in " \t" and not _LIST.fullmatch(bare) else "other"


def _is_prose(line: str, bare: str) -> bool:
    """Whether a line reads as a sentence or as an item of a list, for all its signs."""
    if _LIST.fullmatch(bare):
        return True
    signs = sum(bare.count(sign) for sign in _SIGNS)
    if line[:2] in ("  ", "\t\t") or line[:1] == "\t":
        return signs == 0 and len(bare.split()) > 8
    return (len(bare.split()) >= 5 and signs * 6 < len(bare.split())) or (
        signs < 3 and bare[-1] in ".?!:。" and bool(_PROSE.fullmatch(bare))
    )
