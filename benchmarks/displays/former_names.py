"""Former names of displays. Two of them are names of scikit-learn for classes that work differently."""

from ferbench.benchmarks.displays.confusion import ConfusionDisplay
from ferbench.benchmarks.displays.reliability import ReliabilityDisplay

CalibrationDisplay = ReliabilityDisplay
ConfusionMatrixDisplay = ConfusionDisplay
