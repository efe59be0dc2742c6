"""Images, audio, files and tokens: refused, let through, or read, as the policy says."""

from __future__ import annotations

from dataclasses import replace

from guard.asks import Extract, Story
from guard.course import Course
from guard.errors import PolicyError
from guard.surfaces.attachments import at, attachment, replaced, with_picture, with_text
from guard.surfaces.walk import Path, dump, label
from guard.types import FoundSpan, Json


def attachments(course: Course) -> Story[None]:
    """Put what guard can read in the place of what it cannot look into. Raises PolicyError, RequestError.

    The text of a file is then masked like any other; a picture leaves with black boxes over what was found in it.
    """
    if not course.call.opaque or course.plan.policy.opaque == "allow":
        return
    if course.plan.policy.opaque == "block":
        raise PolicyError(
            "The policy does not let images, audio, files or tokens leave, because guard cannot look into them. "
            "Send text, or set 'opaque' in the policy.",
            param=_label(course, course.call.opaque[0]),
        )
    began = course.plan.clock()
    items: dict[Path, Json] = {}
    for path in course.call.opaque:
        items[path] = yield from _read(course, path)
    body = replaced(course.call.body, items)
    if isinstance(body, dict):
        course.incoming = replace(course.incoming, call=replace(course.call, body=body, raw=dump(body)))
    course.took("extract", began)


def _read(course: Course, path: Path) -> Story[Json]:
    item = at(course.call.body, path)
    found = attachment(item)
    if found is None:
        raise PolicyError(
            "guard reads pictures and files that the request carries itself. It cannot look into audio, tokens, or "
            "what a link or the name of a file stands for. Send those as text.",
            param=_label(course, path),
        )
    extracted = yield Extract(found.kind, found.data, course.plan.policy.policy)
    if not extracted.kind:
        return with_text(item, extracted.text)
    course.read |= {path}
    course.pictures += tuple(
        FoundSpan(
            f"{_label(course, path)} line {line}",
            entity,
            recognizer,
            score,
            "block" if course.plan.policy.mask.operator(entity) == "block" else "redact",
            course.plan.coder.value_hash(entity, value),
        )
        for entity, recognizer, score, line, value in extracted.finds
    )
    return with_picture(item, extracted.kind, extracted.picture)


def _label(course: Course, path: Path) -> str:
    return label(path, course.surface.vocabulary.keys)
