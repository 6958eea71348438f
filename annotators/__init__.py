"""Who judges: attribution, sources, roles and stance."""

import sys

# OpenVINO tells its maker of every import where this package is installed (the lock leaves it out); here it finds none
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
