"""Classifiers of scikit-learn as they are, where their probabilities are their own or calibrated on held-out rows."""

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ferbench.models import ensembles


def boosting() -> HistGradientBoostingClassifier:
    """Gradient boosting of few, small trees."""
    # Of hundreds of correlated features each question may look at a tenth: as good, and many times as fast.
    return HistGradientBoostingClassifier(
        max_iter=200, max_leaf_nodes=15, max_features=0.1, early_stopping=False, random_state=0
    )


REGISTERED = {
    "boosting": lambda: ensembles.Calibrated(boosting()),
    "lda": lambda: ensembles.Calibrated(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
    "logreg": lambda: [("scale", StandardScaler()), ("classifier", LogisticRegression(C=0.001, max_iter=300))],
}
