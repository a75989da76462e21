import numpy as np
import pytest

from tasks.domain.errors import DataError
from tasks.modeling.words import words


def test_knows_words_pairs_and_punctuation():
    vectorizer = words(2, 100).fit(["a cat!"])
    assert set(vectorizer.vocabulary_) == {"a", "cat", "!", "a cat", "cat !"}


def test_keeps_the_most_frequent():
    assert set(words(1, 1).fit(["cat dog", "cat"]).vocabulary_) == {"cat"}


def test_state_is_a_function_of_the_texts():
    one, other = (words(2, 100).fit(["a cat", "a dog"]) for _ in range(2))
    other.transform(["another cat"])
    assert one.__getstate__().keys() == other.__getstate__().keys()
    assert "_stop_words_id" not in one.__getstate__()


def test_comes_back_from_its_state():
    vectorizer = words(2, 100).fit(["the cat; the dog", "étude 東京 🐈"])
    copy = words(2, 100)
    copy.__setstate__(vectorizer.__getstate__())
    assert copy.vocabulary_ == vectorizer.vocabulary_
    texts = ["the dog", "unknown", "", "🐈 東京"]
    np.testing.assert_array_equal(
        copy.transform(texts).toarray(), vectorizer.transform(texts).toarray()
    )


def test_refuses_texts_without_any_word():
    with pytest.raises(DataError, match="no word at all"):
        words(2, 100).fit_transform(["", " \n"])
