#!/usr/bin/env python3
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print "passed failed skipped" of one step: count_tests.py FOLDER STEP STATUS.

pytest steps leave a JUnit file FOLDER/STEP.xml; any other step counts as one test. A step that failed without a failing test
(a crash, a missing program) counts as one failure, so that a failed step is never a line with "0 failed".
"""

from __future__ import annotations

import pathlib
import sys
import xml.etree.ElementTree as ET  # our own pytest has just written what is parsed


def count(folder: pathlib.Path, step: str, status: int) -> tuple[int, int, int]:
    """Return the numbers of passed, failed and skipped tests of a step that ended with exit status ``status``."""
    passed = failed = skipped = 0
    report = folder / f"{step}.xml"
    if report.exists():
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314
            bad = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
            ignored = int(suite.get("skipped", "0"))
            failed += bad
            skipped += ignored
            passed += int(suite.get("tests", "0")) - bad - ignored
    elif status == 0:
        passed = 1
    if status != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*count(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
