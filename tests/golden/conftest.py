"""Helpers that the golden tests share lie beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
