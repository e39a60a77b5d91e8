"""``make eval``: how often the answers are right, on captures that nobody here made.

Writes bench/ANSWERS.md, and bench/MEDICAL.md of health devices and analysers.

``python -m bench.accuracy`` compares everything; ``--show`` also prints every difference. Exit code 1 when a kind of
difference is not explained in docs/reference/known-differences.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from bench.accuracy import (
    answers,
    applications,
    bedside,
    behaviour_page,
    calibration,
    conversations,
    fingerprints,
    medical,
    ndpi,
    ours,
)

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT / ".cache" / "shared"


def captures(folder: Path) -> list[Path]:
    """The capture files of a folder, not below it."""
    endings = (".pcap", ".pcapng", ".cap")
    return sorted(path for path in folder.iterdir() if path.suffix in endings) if folder.is_dir() else []


def unpack(name: str) -> Path:
    """The folder of an archive of real captures, unpacked where the tool for it is at hand."""
    tool = ROOT.parent / "shared" / "unpack"
    if tool.exists():
        subprocess.run([str(tool), name], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return SHARED / name


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print every difference")
    options = parser.parse_args()
    found = answers.Answers()
    archive, clinic = captures(unpack("ndpi")), unpack("medical")
    if not archive:
        print("the captures of the nDPI project are not at hand: nothing was compared", file=sys.stderr)
        return 0
    for path in archive:
        answer = ours.read(path)
        conversations.add(found.conversations, path, answer)
        for source, flows_of in applications.SOURCES.items():
            flows = flows_of(path)
            applications.add(found.applications.setdefault(source, applications.Agreement()), path, answer, flows)
        fingerprints.add(found.fingerprints, path, answer, ndpi.result_file(path))
    for path in captures(clinic / "hl7-dicom") + captures(clinic / "collected" / "DICOM"):
        answer = ours.read(path)
        found.facts += (medical.hl7 if "HL7" in path.name else medical.dicom)(path, answer)
        conversations.add(found.clinic, path, answer)
    answers.write(found)
    wrong = bedside.write(clinic) if clinic.is_dir() else []
    for name in ("iot_sentinel", "lsif"):
        unpack(name)
    behaviour_page.main()
    miscalibrated = calibration.main()
    if options.show:
        for difference in found.conversations.differences + found.clinic.differences:
            print(difference.line())
        for line in found.fingerprints.missing + found.fingerprints.different:
            print(line)
    unexplained = answers.unexplained(found)
    for kind in unexplained:
        print(f"not explained in {answers.EXPLAINED.relative_to(ROOT)}: {kind}", file=sys.stderr)
    for line in wrong:
        print(f"not right in {bedside.PAGE.relative_to(ROOT)}: {line}", file=sys.stderr)
    return 1 if unexplained or wrong or miscalibrated else 0


if __name__ == "__main__":
    sys.exit(main())
