"""The settings of the product, on a workspace of this test process alone."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_before = os.environ.get("ASEPSIS_HOME")
_root = tempfile.mkdtemp(prefix="asepsis-tests-")
atexit.register(shutil.rmtree, _root, ignore_errors=True)
os.environ["ASEPSIS_HOME"] = os.path.join(_root, "workspace")  # noqa: PTH118 - before anything of the product is imported
try:
    from asepsis.web.settings import *  # noqa: F403
    from asepsis.web.settings import DATABASES
finally:
    # Other tests ask what happens without the variable.
    if _before is None:
        del os.environ["ASEPSIS_HOME"]
    else:
        os.environ["ASEPSIS_HOME"] = _before

# In a file, as in the product: WAL and several connections behave otherwise in memory.
DATABASES["default"]["TEST"] = {"NAME": os.path.join(_root, "web.sqlite")}  # noqa: PTH118
