import pandas as pd

from tasks.quality.aggregation.majority import Majority


def test_confidence_is_the_share_of_the_answers():
    rows = [("a", "p", "x"), ("a", "q", "x"), ("a", "r", "y"), ("b", "p", "y")]
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    labels = Majority().aggregate(frame, ("x", "y"), {}).labels
    assert labels.to_dict("list") == {
        "item_id": ["a", "b"],
        "label": ["x", "y"],
        "confidence": [2 / 3, 1.0],
    }
