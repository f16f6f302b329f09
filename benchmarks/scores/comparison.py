"""Hold the comparison of two recognizers on the same images."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Comparison of two recognizers on the same images, as the results of a suite or of a protocol return it.

    Attributes
    ----------
    a, b, split : str
        The recognizers, and the split on which they are compared.
    n_images : int
    difference, low, high : float
        Accuracy of `a` minus accuracy of `b`, with its paired 95 % bootstrap interval. For the folds of a protocol
        the interval resamples people, or images where nobody is known. For key points it is the normalized error of
        `a` minus that of `b`, where less is better, and the interval resamples people.
    p : float
        Two-sided p-value for this pair, not corrected for multiple comparisons: of McNemar's test on the official
        split, of the bootstrap for the folds of a protocol and for key points.
    verdict : {"better", "worse", "not shown to differ"}
        How `a` compares with `b`.

    See Also
    --------
    ferbench.benchmarks.SuiteResults.compare : Compare two recognizers of a suite.
    ferbench.benchmarks.FoldResults.compare : Compare two recipes over the folds of a protocol.
    """

    a: str
    b: str
    split: str
    n_images: int
    difference: float
    low: float
    high: float
    p: float
    verdict: str

    def __str__(self) -> str:
        figures = f"{self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p = {self.p:.2g}"
        return f"{self.a} against {self.b} on {self.split} ({self.n_images:,} images): {figures}: {self.verdict}"
