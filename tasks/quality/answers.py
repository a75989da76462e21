"""Which of all the answers count."""

import pandas as pd


def newest(answers: pd.DataFrame) -> pd.DataFrame:
    """Keep the newest revision of each answer; one that was taken back is none."""
    ordered = answers.sort_values(["answer_id", "revision"], ignore_index=True)
    last = ordered.drop_duplicates("answer_id", keep="last", ignore_index=True)
    return last[last["label"].notna()].reset_index(drop=True)


def one_each(answers: pd.DataFrame) -> pd.DataFrame:
    """Keep one answer of an annotator per item: gold may be asked again in a later round."""
    ordered = answers.sort_values(["round", "answer_id"], ignore_index=True)
    return ordered.drop_duplicates(["item_id", "annotator_id"], keep="last", ignore_index=True)
