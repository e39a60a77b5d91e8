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
_engine = os.environ.get("ASEPSIS_TEST_DATABASE", "sqlite")
if _engine == "postgresql":
    from tests.web.cluster import Cluster

    _cluster = Cluster()
    _cluster.start()
    atexit.register(_cluster.stop)
    os.environ["ASEPSIS_DATABASE_ENGINE"] = "postgresql"
    os.environ["ASEPSIS_DATABASE_HOST"] = str(_cluster.folder)
try:
    from asepsis.web.settings import *  # noqa: F403
    from asepsis.web.settings import DATABASES
finally:
    # Other tests ask what happens without the variable.
    if _before is None:
        del os.environ["ASEPSIS_HOME"]
    else:
        os.environ["ASEPSIS_HOME"] = _before
    for _name in ("ASEPSIS_DATABASE_ENGINE", "ASEPSIS_DATABASE_HOST"):
        os.environ.pop(_name, None)

# In a file, as in the product: WAL and several connections behave otherwise in memory.
if _engine == "sqlite":
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(_root, "web.sqlite")}  # noqa: PTH118
