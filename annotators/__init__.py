"""Who judges: attribution, sources, roles and stance."""

import os
import sys

# what numpy does here is small: its threads would spin on the other cores for nothing
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenVINO tells its maker of every import where this package is installed (the lock leaves it out); here it finds none
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
