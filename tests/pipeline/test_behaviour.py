"""Labels, model files, and learning from captures to clues."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from asepsis.devices.behaviour.learn import BehaviourError, learn
from asepsis.pipeline.behaviour import learn_from, load_model, profiles_of, save_model
from asepsis.pipeline.labels import LabelError, read_labels
from tests.devices.behaviour.made import day, days, profile

WARD = Path(__file__).resolve().parents[2] / "tests" / "recordings"


def labels_in(folder: Path, *lines: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_label_that_names_the_capture_most_exactly_holds(tmp_path: Path) -> None:
    labels = read_labels(
        labels_in(
            tmp_path,
            "capture,device,type",
            ",02:00:00:00:00:01,lamp",
            "north,02-00-00-00-00-01,pump",
            "north/a.pcap,02:00:00:00:00:01,monitor",
        )
    )
    device = profile()
    assert labels.type_of(str(tmp_path / "north" / "a.pcap"), device) == "monitor"
    assert labels.type_of(str(tmp_path / "north" / "b.pcap"), device) == "pump"
    assert labels.type_of(str(tmp_path / "south.pcap"), device) == "lamp"
    assert labels.type_of(str(tmp_path / "south.pcap"), profile(subject="02:00:00:00:00:02")) is None


def test_a_device_can_be_labelled_by_its_network_address(tmp_path: Path) -> None:
    labels = read_labels(labels_in(tmp_path, "capture,device,type", ",10.0.0.9,lamp"))
    assert labels.type_of("any.pcap", profile(ips=("10.0.0.9",))) == "lamp"


def test_a_type_that_is_a_category_says_the_category(tmp_path: Path) -> None:
    labels = read_labels(labels_in(tmp_path, "capture,device,type,vendor", ",a,infusion_pump,Maker", ",b,Pump 1,Maker"))
    assert (labels.facts["infusion_pump"].category, labels.facts["infusion_pump"].model) == ("infusion_pump", "")
    assert (labels.facts["Pump 1"].category, labels.facts["Pump 1"].model) == ("", "Pump 1")


def test_mistakes_in_labels_are_told_by_line_and_column(tmp_path: Path) -> None:
    path = labels_in(tmp_path, "capture,device,type,category", ",,lamp,", ",a,,", ",a,lamp,lampshade")
    with pytest.raises(LabelError, match="line 2: device is empty; line 3: type is empty; line 4: category"):
        read_labels(path)
    with pytest.raises(LabelError, match="no column device, type"):
        read_labels(labels_in(tmp_path, "capture", "x"))
    with pytest.raises(LabelError, match="another category"):
        read_labels(labels_in(tmp_path, "capture,device,type,category", ",a,x,camera", ",b,x,printer"))
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "nothing.csv")


def test_a_model_file_survives(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn grows the trees")
    profiles, types = days("pump", "lamp", of=6)
    model = learn(profiles, types, {}, today=date(2026, 1, 31))
    save_model(model, tmp_path / "a.model")
    again = load_model(tmp_path / "a.model")
    assert again.verdicts([day("pump", 9)]) == model.verdicts([day("pump", 9)])
    assert again.training.digest == model.training.digest


class _Intruder:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("intruder"),))  # type: ignore[return-value]  # what pickle would call


def test_nothing_in_a_model_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = io.BytesIO()
    np.save(hostile, np.array([_Intruder()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "hostile.model", "w") as archive:
        archive.writestr("model.npy", hostile.getvalue())
    (tmp_path / "pickled.model").write_bytes(pickle.dumps(_Intruder()))
    for name in ("hostile.model", "pickled.model"):
        with pytest.raises(BehaviourError, match="is no model"):
            load_model(tmp_path / name)
    assert not (tmp_path / "intruder").exists()


def test_a_missing_and_a_damaged_model_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BehaviourError, match="cannot be read"):
        load_model(tmp_path / "nothing.model")
    np.savez(tmp_path / "other.npz", numbers=np.arange(3))
    with pytest.raises(BehaviourError, match="no description"):
        load_model(tmp_path / "other.npz")


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_model_file_with_a_changed_byte_is_refused_in_one_line(tmp_path: Path, packing: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", packing) as archive:
        member = io.BytesIO()
        np.save(member, np.arange(100))
        archive.writestr("model.npy", member.getvalue())
    path = tmp_path / "changed.model"
    for place in range(0, len(whole.getvalue()), 3):
        changed = bytearray(whole.getvalue())
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        with pytest.raises(BehaviourError, match=r"is no model|cannot be read"):
            load_model(path)


def test_an_array_that_says_it_is_larger_than_any_memory_is_refused(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    with zipfile.ZipFile(tmp_path / "large.model", "w") as archive:
        archive.writestr("model.npy", head.getvalue())
    with pytest.raises(BehaviourError, match="is no model"):
        load_model(tmp_path / "large.model")


def test_devices_of_the_recorded_hospital_have_behaviour_without_addresses() -> None:
    found = profiles_of(WARD / "ward.pcapng.zst")
    assert len(found) > 10
    for one in found:
        addresses = (one.subject, one.subject.replace(":", ""), *one.ips)
        text = json.dumps([dict(one.words), dict(one.measures)]).lower()
        assert not any(address in text for address in addresses)
        assert any(word.startswith(("asks ", "serves ", "speaks ", "says ")) for word in one.words)


def test_labels_that_fit_nothing_are_refused(tmp_path: Path) -> None:
    labels = read_labels(labels_in(tmp_path, "capture,device,type", ",02:ff:ff:ff:ff:ff,lamp"))
    with pytest.raises(BehaviourError, match="fits a device"):
        learn_from([WARD / "imaging.pcap.gz"], labels)
