"""Former names of displays, kept as aliases. scikit-learn uses these names for different classes."""

from ferbench.benchmarks.displays.confusion import ConfusionDisplay
from ferbench.benchmarks.displays.reliability import ReliabilityDisplay

CalibrationDisplay = ReliabilityDisplay
ConfusionMatrixDisplay = ConfusionDisplay
