"""The JSON text of a message's facts, made once for equal messages."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any, Final

from asepsis.protocols.message import Message

# A device says the same again and again; what is remembered must not grow with the capture.
REMEMBERED_MESSAGES: Final = 8_192
REMEMBERED_CHARACTERS: Final = 4 << 20

# Dissectors bound what they keep; this bounds what one of them could get wrong. A certificate chain fits.
MAX_FACTS_CHARACTERS: Final = 1 << 18


def _encoder() -> Callable[[dict[str, Any]], str]:
    """The standard library's encoder, built once: its own ``encode`` builds one for every call, half of its cost."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the compiled encoder
        return json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
    encode = make({}, _refuse, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    return lambda facts: "".join(encode(facts, 0))


def _refuse(member: object) -> Any:
    raise TypeError(f"facts hold a {type(member).__name__}, which JSON cannot say")


_json: Final = _encoder()


class FactsText:
    """Gives the JSON text of messages, remembering a bounded number of them."""

    def __init__(self) -> None:
        # The same object first, because comparing numbers of objects costs a quarter of hashing a message. The
        # message is kept beside its text, so that its number cannot come to mean another object.
        self._same: dict[int, tuple[Message, str]] = {}
        self._equal: dict[Message, str] = {}
        self._characters = 0

    def of(self, message: Message) -> str:
        """The facts of ``message`` as a compact JSON object in valid UTF-8."""
        same = self._same.get(id(message))
        if same is not None:
            return same[1]
        try:
            text = self._equal.get(message)
        except TypeError:  # a message that holds a list has no hash
            return facts_text(message)
        if text is None:
            text = facts_text(message)
            if len(self._equal) >= REMEMBERED_MESSAGES or self._characters > REMEMBERED_CHARACTERS:
                self._same.clear()
                self._equal.clear()
                self._characters = 0
            self._equal[message] = text
            self._same[id(message)] = message, text
            self._characters += len(text)
        return text


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
