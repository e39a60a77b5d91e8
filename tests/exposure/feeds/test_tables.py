from __future__ import annotations

import gzip
import json

from asepsis.exposure.advisory import Advisory, Status
from asepsis.exposure.feeds.exploitation import ExploitedCatalogue, LikelihoodTable
from asepsis.exposure.feeds.fda import ProductClasses, Recalls
from asepsis.exposure.feeds.reading import Content, Document, Kind, read_document


def content(text: str | bytes, kind: Kind) -> Content:
    found = read_document(text.encode() if isinstance(text, str) else text, "file")
    assert isinstance(found, Document)
    assert found.kind is kind
    return found.content


def test_scores_are_read_packed_or_not_and_faulty_rows_are_counted() -> None:
    text = "#model_version:v2025.03.14,score_date:2026-01-05T00:00:00+0000\ncve,epss,percentile\n"
    text += "CVE-2026-0001,0.5,0.9\nCVE-2026-0002,1.5,0.9\nCVE-2026-0003,nan,0.9\nCVE-2026-0004\n"
    for packed in (text.encode(), gzip.compress(text.encode())):
        table = content(packed, Kind.EPSS)
        assert isinstance(table, LikelihoodTable)
        assert table.scores == {"CVE-2026-0001": (0.5, 0.9)}
        assert table.released == "2026-01-05T00:00:00+0000"
        assert [problem.why for problem in table.problems] == ["3 rows are no scores"]


def test_a_catalogue_that_was_cut_says_so() -> None:
    entry = {"cveID": "CVE-2026-0001", "dateAdded": "2026-01-02", "knownRansomwareCampaignUse": "Known"}
    document = {"catalogVersion": "1", "dateReleased": "2026-01-03", "count": 2, "vulnerabilities": [entry]}
    catalogue = content(json.dumps(document), Kind.KEV)
    assert isinstance(catalogue, ExploitedCatalogue)
    assert [(one.cve, one.ransomware) for one in catalogue.entries] == [("CVE-2026-0001", True)]
    assert "may be cut" in catalogue.problems[0].why


def test_classes_carry_their_flags_and_a_cut_line_is_named() -> None:
    columns = "REVIEW_PANEL|PRODUCTCODE|DEVICENAME|DEVICECLASS|Implant_Flag|Life_Sustain_support_flag"
    table = content(f"{columns}\nAN|CBK|Ventilator, é|2|N|Y\nAN|BS\n".encode("latin-1"), Kind.FDA_CLASSES)
    assert isinstance(table, ProductClasses)
    assert [(one.code, one.name, one.life_sustaining) for one in table.classes] == [("CBK", "Ventilator, é", True)]
    assert table.problems[0].where == "line 3"


def test_the_classification_of_openfda_says_the_same_as_the_fdas_table() -> None:
    columns = "PRODUCTCODE|DEVICENAME|DEVICECLASS|REGULATIONNUMBER|Implant_Flag|Life_Sustain_support_flag"
    table = content(f"REVIEW_PANEL|{columns}\nAN|CBK|Ventilator|2|868.5895|N|Y\n", Kind.FDA_CLASSES)
    one = {
        "product_code": "CBK",
        "device_name": "Ventilator",
        "device_class": "2",
        "regulation_number": "868.5895",
        "implant_flag": "N",
        "life_sustain_support_flag": "Y",
    }
    document = {"meta": {"last_updated": "2026-01-05"}, "results": [one, {**one, "product_code": "X"}]}
    file = content(json.dumps(document), Kind.FDA_CLASSES)
    assert isinstance(table, ProductClasses)
    assert isinstance(file, ProductClasses)
    assert file.classes == table.classes
    assert (table.classes[0].regulation, table.classes[0].life_sustaining) == ("21 CFR 868.5895", True)
    assert [problem.where for problem in file.problems] == ["/results/1"]


def test_recalls_of_both_files_of_openfda_are_read() -> None:
    results = [{"product_res_number": "Z-1-2026", "recalling_firm": "Acme"}, {"recall_number": "Z-2-2026"}, {"x": 1}]
    recalls = content(json.dumps({"results": results}), Kind.FDA_RECALLS)
    assert isinstance(recalls, Recalls)
    assert [one.id for one in recalls.recalls] == ["Z-1-2026", "Z-2-2026"]
    assert recalls.problems[0].where == "/results/2"


def test_a_cve_record_names_ranges_and_what_is_outside_them() -> None:
    versions = [
        {"version": "1.0", "lessThan": "1.4", "status": "affected", "versionType": "semver"},
        {"version": "0", "lessThanOrEqual": "0.9", "status": "affected"},
        {"version": "1.5", "status": "unaffected"},
    ]
    affected = {"vendor": "Acme", "product": "Fluxon", "versions": versions}
    document = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2026-0001", "assignerShortName": "acme"},
        "containers": {"cna": {"affected": [affected, {"vendor": "n/a", "product": "n/a"}]}},
    }
    advisory = content(json.dumps(document), Kind.CVE)
    assert isinstance(advisory, Advisory)
    assert [one.version for one in advisory.products] == [">= 1.0 | < 1.4", "<= 0.9", "1.5"]
    said = [status for _, status in advisory.vulnerabilities[0].status]
    assert said == [Status.AFFECTED, Status.AFFECTED, Status.NOT_AFFECTED]
