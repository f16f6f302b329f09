"""Register classifiers of scikit-learn, calibrated on held-out rows where their own probabilities are poor."""

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ferbench.models import ensembles


def boosting() -> HistGradientBoostingClassifier:
    """Make gradient boosting with few, small trees."""
    # With hundreds of correlated features, a tenth of them at each split is as accurate and many times faster.
    return HistGradientBoostingClassifier(
        max_iter=200, max_leaf_nodes=15, max_features=0.1, early_stopping=False, random_state=0
    )


REGISTERED = {
    "boosting": lambda: ensembles.Calibrated(boosting()),
    "lda": lambda: ensembles.Calibrated(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
    "logreg": lambda: [("scale", StandardScaler()), ("classifier", LogisticRegression(C=0.001, max_iter=300))],
}
