"""Learning from labelled captures, asking how right that is, and model files.

``learn_from`` and ``evaluate_on`` are the verbs ``asepsis devices learn`` and ``evaluate``; ``load_model`` is what
``asepsis analyze --model`` begins with.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.arrays import Unfit, from_arrays, to_arrays
from asepsis.devices.behaviour.evaluate import Evaluation, evaluate
from asepsis.devices.behaviour.gather import Behaviours
from asepsis.devices.behaviour.learn import BehaviourError, learn
from asepsis.devices.behaviour.model import Model
from asepsis.devices.behaviour.profile import Profile
from asepsis.devices.behaviour.windows import full_windows
from asepsis.pipeline.analyze import find_captures
from asepsis.pipeline.labels import Labels
from asepsis.pipeline.memory import cycles_later
from asepsis.pipeline.messages import MessageReader
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Engine
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import open_source

# What a model file may hold, unpacked: a forest over thousands of columns and a hundred types has some 50 MB.
MODEL_LIMIT_BYTES = 512 << 20
ARRAYS_LIMIT = 4096
# What zipfile and numpy raise over a file that is damaged or made to harm.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    ValueError,
    MemoryError,  # an array that says it is larger than any memory
    RuntimeError,  # encrypted, or packed by a method that zipfile does not know
)

Tell = Callable[[str, int, int], None]
"""Called before each capture: its path, its number from 0, how many there are."""


def profiles_of(path: Path | str, engine: Engine | None = None) -> list[Profile]:
    """The behaviour of every device of one capture.

    Raises:
        CaptureError: It cannot be opened.
    """
    source, _ = open_source(str(path))
    try:
        engine = engine or Engine()
        behaviours = Behaviours(capture=str(path))
        reader = MessageReader(
            capture=str(path),
            sighted=behaviours.message,
            repeated=behaviours.repeats,
            unlearn=engine.forget_meaning,
        )
        for output in CaptureReader(engine, source).outputs():
            reader.take(output)
            reader.finished(output.finished)
            if len(output.finished):
                behaviours.conversations(output.finished)
        reader.end(engine.repeated())
    finally:
        source.close()
    return full_windows(behaviours.profiles())


def labelled(
    paths: Sequence[Path | str], labels: Labels, *, tell: Tell | None = None
) -> tuple[list[Profile], list[str], list[str]]:
    """(profiles, their types, one line for each capture that could not be read) of what the labels name.

    Raises:
        BehaviourError: The labels fit nothing.
    """
    profiles: list[Profile] = []
    types: list[str] = []
    unread: list[str] = []
    engine = Engine()
    captures = list(find_captures(paths))
    with cycles_later():
        for number, (path, error) in enumerate(captures):
            if tell is not None:
                tell(path, number, len(captures))
            try:
                if error is not None:
                    raise error
                found = profiles_of(path, engine)
            except CaptureError as reason:
                unread.append(reason.message)
                continue
            for profile in found:
                type_ = labels.type_of(path, profile)
                if type_ is not None:
                    profiles.append(profile)
                    types.append(type_)
    if not profiles:
        raise BehaviourError(
            f"none of the labels of {labels.path} fits a device of {len(captures) - len(unread)} captures",
            code="labels-fit-nothing",
            hint="A label names a capture or folder, a hardware or IP address, and a type.",
        )
    return profiles, types, unread


def learn_from(paths: Sequence[Path | str], labels: Labels, *, tell: Tell | None = None) -> tuple[Model, list[str]]:
    """A model of the labelled devices of captures, and what could not be read.

    Raises:
        BehaviourError: There is too little to learn from, or scikit-learn is missing.
    """
    profiles, types, unread = labelled(paths, labels, tell=tell)
    return learn(profiles, types, labels.facts, today=datetime.now(UTC).date()), unread


def evaluate_on(
    model: Model, paths: Sequence[Path | str], labels: Labels, *, tell: Tell | None = None
) -> tuple[Evaluation, list[str]]:
    """How right a model is on the labelled devices of captures, and what could not be read."""
    profiles, types, unread = labelled(paths, labels, tell=tell)
    return evaluate(model, model.verdicts(profiles), types), unread


def save_model(model: Model, path: Path) -> None:
    """Writes a model: a zip archive of plain arrays, as ``numpy.savez`` makes it, under its name only when whole.

    Raises:
        BehaviourError: The file cannot be written.
    """
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **to_arrays(model))
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content.getvalue())
        part.replace(path)
    except OSError as error:
        raise BehaviourError(
            f"{path}: the model cannot be written: {error.strerror}",
            code="model-unwritable",
            hint="Name a file in a folder that you may write: -o FILE.",
        ) from error


def load_model(path: Path) -> Model:
    """Reads a model. Nothing in the file is run: it holds numbers and text, and each of them is checked.

    Raises:
        BehaviourError: It cannot be read, or is no model.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > ARRAYS_LIMIT or sum(entry.file_size for entry in entries) > MODEL_LIMIT_BYTES:
                raise _no_model(path, "it is larger than a model can be")
        arrays: dict[str, NDArray[Any]] = {}
        with np.load(path, allow_pickle=False) as stored:
            for name in stored.files:
                arrays[name] = stored[name]
    except OSError as error:
        raise BehaviourError(
            f"{path}: the model cannot be read: {error.strerror or error}",
            code="model-unreadable",
            hint="Name a file that asepsis devices learn -o FILE has written.",
        ) from error
    except _DAMAGE as error:
        raise _no_model(path, "it is no archive of arrays") from error
    model = from_arrays(arrays)
    if isinstance(model, Unfit):
        raise _no_model(path, model.why)
    return model


def _no_model(path: Path, why: str) -> BehaviourError:
    return BehaviourError(
        f"{path} is no model: {why}",
        code="model-damaged",
        hint="Learn it again: asepsis devices learn --labels FILE PATH... -o MODEL",
    )
