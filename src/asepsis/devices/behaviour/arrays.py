"""A ``Model`` as named arrays and one JSON document, and back. No file is touched here and no code is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.columns import Columns
from asepsis.devices.behaviour.forest import Forest
from asepsis.devices.behaviour.model import Facts, Model, Training
from asepsis.devices.behaviour.novelty import Novelty, Vocabulary
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import Category

FORMAT_VERSION = 1
HEADER = "model"
# What the JSON document of a model may have: the words of some hundred types.
HEADER_LIMIT_BYTES = 64 << 20

Arrays = dict[str, NDArray[Any]]


@value
class Unfit:
    """Arrays that are no model."""

    why: str


def to_arrays(model: Model) -> Arrays:
    """The model; the same model gives the same bytes."""
    vocabularies = model.novelty.vocabularies
    words = sorted({word for one in vocabularies.values() for word in one.ever | one.always})
    places = {word: place for place, word in enumerate(words)}
    training = model.training
    header = {
        "format": FORMAT_VERSION,
        "types": [
            {
                "name": name,
                "category": model.facts[name].category,
                "vendor": model.facts[name].vendor,
                "model": model.facts[name].model,
                "ever": sorted(places[word] for word in vocabularies[name].ever),
                "always": sorted(places[word] for word in vocabularies[name].always),
            }
            for name in model.types
        ],
        "words": words,
        "columns": {"words": model.columns.words, "measures": model.columns.measures},
        "twins": model.twins,
        "surprise": model.novelty.surprise,
        "most": model.novelty.most,
        "limit": model.novelty.limit,
        "calibration": model.calibration,
        "training": {
            "digest": training.digest,
            "profiles": training.profiles,
            "captures": training.captures,
            "learnt": training.learnt,
            "versions": dict(training.versions),
        },
    }
    text = json.dumps(header, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {HEADER: np.frombuffer(text.encode(), np.uint8), **model.forest.arrays("forest")}


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Model | Unfit:
    """The model that the arrays hold; every index and length is checked, because they may come from anybody."""
    text = arrays.get(HEADER)
    if text is None or text.dtype != np.uint8 or text.ndim != 1 or len(text) > HEADER_LIMIT_BYTES:
        return Unfit(why="it holds no description of a model")
    try:
        header = json.loads(text.tobytes())
        if header["format"] != FORMAT_VERSION:
            return Unfit(why=f"it has format {header['format']}, and this program reads {FORMAT_VERSION}")
        return _model(header, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        return Unfit(why=f"its parts contradict each other ({type(error).__name__}: {str(error)[:80]})")


def _model(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    types = tuple(_text(one["name"]) for one in header["types"])
    words = [_text(word) for word in header["words"]]
    columns = Columns(
        words=tuple(map(_text, header["columns"]["words"])), measures=tuple(map(_text, header["columns"]["measures"]))
    )
    if len(set(types)) != len(types) or not types:
        raise ValueError("types")
    known = {"", *(category.value for category in Category)}
    facts = {}
    vocabularies = {}
    for name, one in zip(types, header["types"], strict=True):
        if one["category"] not in known:
            raise ValueError("category")
        facts[name] = Facts(category=one["category"], vendor=_text(one["vendor"]), model=_text(one["model"]))
        vocabularies[name] = Vocabulary(
            ever=frozenset(words[_place(place, len(words))] for place in one["ever"]),
            always=frozenset(words[_place(place, len(words))] for place in one["always"]),
        )
    training = header["training"]
    calibration = tuple((float(raw), float(right)) for raw, right in header["calibration"])
    if not calibration or any(not 0.0 <= right <= 1.0 for _, right in calibration):
        raise ValueError("calibration")
    return Model(
        types=types,
        facts=facts,
        columns=columns,
        forest=Forest.from_arrays("forest", arrays, len(columns), len(types)),
        twins=tuple(tuple(_place(place, len(types)) for place in places) for places in header["twins"]),
        novelty=Novelty(
            vocabularies=vocabularies,
            surprise={_text(key): float(amount) for key, amount in header["surprise"].items()},
            most=float(header["most"]),
            limit=float(header["limit"]),
        ),
        calibration=calibration,
        training=Training(
            digest=_text(training["digest"]),
            profiles=int(training["profiles"]),
            captures=int(training["captures"]),
            learnt=_text(training["learnt"]),
            versions={_text(name): _text(version) for name, version in training["versions"].items()},
        ),
    )


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("a text is something else")
    return text


def _place(place: Any, count: int) -> int:
    if not isinstance(place, int) or not 0 <= place < count:
        raise TypeError("a place is something else")
    return place
