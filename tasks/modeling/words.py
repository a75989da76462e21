"""Texts to weighted words."""

from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from tasks.domain.errors import DataError

A_WORD = r"\w+|[^\w\s]+"
"""A word, also of one letter, or a run of punctuation."""
NO_WORDS = "empty vocabulary"


class Words(TfidfVectorizer):  # type: ignore[misc] # sklearn has no types
    """Tf-idf whose state is a function of the texts alone, and small.

    scikit-learn keeps a memory address among the vectorizer's attributes, and the vocabulary as a
    dict of which each entry would be an object of its own in the model's file.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_stop_words_id", None)
        if "vocabulary_" in state:
            state["vocabulary_"] = "\n".join(sorted(self.vocabulary_, key=self.vocabulary_.get))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "vocabulary_" in state:
            terms = state["vocabulary_"].split("\n")
            state["vocabulary_"] = {term: position for position, term in enumerate(terms)}
        super().__setstate__(state)

    def fit_transform(self, raw_documents: list[str], y: object = None) -> Any:
        """Learn the words, and weigh them; shape (n, words), sparse.

        Raises
        ------
        DataError
            No text holds any word.
        """
        try:
            return super().fit_transform(raw_documents, y)
        except ValueError as error:
            if NO_WORDS not in str(error):
                raise
            fix = "take the column out of `features.text`"
            raise DataError("a text column holds no word at all", fix=fix) from None


def words(longest: int, most: int) -> Words:
    """Make the vectorizer of words and of runs of up to `longest` words, at most `most` of them.

    The count of a word in a text enters as 1 + its logarithm; rows have length 1.
    """
    return Words(
        token_pattern=A_WORD, ngram_range=(1, longest), max_features=most, sublinear_tf=True
    )
