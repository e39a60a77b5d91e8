"""The JSON text of a message's facts, made once for equal messages."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any, Final

from asepsis.protocols.message import Message

# A device says the same again and again; what is remembered must not grow with the capture.
# There are some thirty classes; most have a few hundred different messages. At worst 30 times 1 MB are held.
REMEMBERED_MESSAGES: Final = 2_048
REMEMBERED_CHARACTERS: Final = 1 << 19
REMEMBERED_OBJECTS: Final = 1 << 13

# Dissectors bound what they keep; this bounds what one of them could get wrong. A certificate chain fits.
MAX_FACTS_CHARACTERS: Final = 1 << 18


def _encoder() -> Callable[[dict[str, Any]], str]:
    """The standard library's encoder, built once: its own ``encode`` builds one for every call, half of its cost."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the compiled encoder
        return json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
    # No markers against circles: facts are made anew, and Python's own limit of recursion stands behind.
    encode = make(None, _refuse, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    return lambda facts: "".join(encode(facts, 0))


def _refuse(member: object) -> Any:
    raise TypeError(f"facts hold a {type(member).__name__}, which JSON cannot say")


_json: Final = _encoder()


class FactsText:
    """Gives the JSON text of messages, remembering a bounded number of each class."""

    def __init__(self) -> None:
        # The same object first, because comparing numbers of objects costs a quarter of hashing a message. The
        # message is kept beside its text, so that its number cannot come to mean another object.
        self._same: dict[int, tuple[Message, str]] = {}
        self._classes: dict[type, _Remembered] = {}

    def of(self, message: Message) -> str:
        """The facts of ``message`` as a compact JSON object in valid UTF-8."""
        same = self._same.get(id(message))
        if same is not None:
            return same[1]
        remembered = self._classes.get(message.__class__)
        if remembered is None:
            remembered = self._classes[message.__class__] = _Remembered()
        if remembered.is_worthless:
            return facts_text(message)
        try:
            text = remembered.texts.get(message)
        except TypeError:  # a message that holds a list has no hash
            remembered.is_worthless = True
            return facts_text(message)
        if text is None:
            text = facts_text(message)
            remembered.add(message, text)
            if len(self._same) >= REMEMBERED_OBJECTS:
                self._same.clear()
            self._same[id(message)] = message, text
        else:
            remembered.found += 1
        return text


class _Remembered:
    """Texts of one class of messages."""

    __slots__ = ("added", "characters", "found", "is_worthless", "texts")

    def __init__(self) -> None:
        self.texts: dict[Message, str] = {}
        self.characters = 0
        self.added = 0
        self.found = 0
        self.is_worthless = False
        """Messages of this class hardly repeat (each bears a time or a number of its own): not even looked up."""

    def add(self, message: Message, text: str) -> None:
        if len(self.texts) >= REMEMBERED_MESSAGES or self.characters > REMEMBERED_CHARACTERS:
            self.texts.clear()
            self.characters = 0
            self.is_worthless = self.found < self.added // 4
            if self.is_worthless:
                return
        self.texts[message] = text
        self.characters += len(text)
        self.added += 1


def facts_text(message: Message) -> str:
    """The facts of one message as JSON text, without remembering it."""
    facts = message.facts()
    try:
        text = _json(facts)
    except ValueError:  # NaN and infinity are no JSON
        text = _json(_without_nan(facts))
    if not text.isascii():
        # A lone surrogate can come from undecodable bytes; it is no text, and no reader of JSON takes it.
        text = text.encode("utf-8", "replace").decode()
    if len(text) > MAX_FACTS_CHARACTERS:
        return _json({"too_large": len(text)})
    return text


def _without_nan(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {key: _without_nan(member) for key, member in facts.items()}
    if isinstance(facts, list | tuple):
        return [_without_nan(member) for member in facts]
    if isinstance(facts, float) and facts - facts != 0:
        return None
    return facts
