from tasks.domain.randomness import generator, integer_seed


def test_a_use_draws_the_same_again() -> None:
    assert generator(7, 3, "score/uniform").random() == generator(7, 3, "score/uniform").random()


def test_uses_rounds_and_seeds_are_independent() -> None:
    draws = {
        generator(seed, number, use).random()
        for seed in (1, 2)
        for number in (0, 1)
        for use in ("a", "b")
    }
    assert len(draws) == 8


def test_an_integer_seed_fits_every_library() -> None:
    assert all(0 <= integer_seed(1, number, "fit") < 2**31 for number in range(100))
