"""A selection as the table of query decisions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tasks.domain.choosing import Candidates, Floats
from tasks.domain.files import canonical_json
from tasks.selection.mix import Positions, Scored, Selection

Top = list[tuple[str, float]]


def table(candidates: Candidates, scored: Sequence[Scored], selection: Selection) -> pd.DataFrame:
    """Write down why each item is asked, and why the next ones are not.

    Returns
    -------
    DataFrame
        The columns of `tasks.domain.tables.DECISIONS` that a selection knows, which are all but
        round and digests. First the batch, by strategy in the order of declaration and by score;
        then the runners-up. ``rank`` counts from 1 through both.
    """
    frames = [_picked(part, selection) for part in scored if part.quota]
    if len(selection.runners_up):
        frames.append(_runners_up(scored, selection))
    frame = pd.concat(frames, ignore_index=True)
    positions = frame.pop("position").to_numpy()
    top = _top_two(candidates, positions)
    frame["rank"] = np.arange(1, len(frame) + 1)
    frame["item_id"] = candidates.item_ids[positions]
    frame["components"] = _components(scored, positions)
    frame["reason"] = _reasons(frame, {part.name: part for part in scored}, top)
    for place, number in enumerate(("1", "2")):
        frame[f"class_{number}"] = [best[place][0] if best else None for best in top]
        frame[f"probability_{number}"] = [best[place][1] if best else np.nan for best in top]
    return frame


def _picked(part: Scored, selection: Selection) -> pd.DataFrame:
    positions = selection.picked[part.name]
    chance = selection.chance if part.strategy.is_random else 1.0
    return _rows(part, positions, part.scores[positions[-1]], chance, selected=True)


def _runners_up(scored: Sequence[Scored], selection: Selection) -> pd.DataFrame:
    (part,) = (part for part in scored if part.name == selection.first)
    cutoff = part.scores[selection.picked[part.name][-1]]
    return _rows(part, selection.runners_up, cutoff, selection.chance, selected=False)


def _rows(
    part: Scored, positions: Positions, cutoff: float, chance: float, *, selected: bool
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "position": positions,
            "strategy": part.name,
            "score": part.scores[positions],
            "cutoff": cutoff,
            "selected": selected,
            "inclusion_probability": chance,
        }
    )


def _top_two(candidates: Candidates, positions: Positions) -> list[Top]:
    if candidates.probabilities is None:
        return [[] for _ in positions]
    found: Floats = candidates.probabilities[positions]
    best = np.argsort(-found, axis=1, kind="stable")[:, :2]
    return [
        [(candidates.classes[place], float(row[place])) for place in places]
        for row, places in zip(found, best, strict=True)
    ]


def _components(scored: Sequence[Scored], positions: Positions) -> list[str]:
    columns = {part.name: part.scores[positions].tolist() for part in scored}
    return [
        canonical_json(dict(zip(columns, row, strict=True)))
        for row in zip(*columns.values(), strict=True)
    ]


def _reasons(frame: pd.DataFrame, parts: Mapping[str, Scored], top: Sequence[Top]) -> list[str]:
    columns = (frame[name].tolist() for name in ("strategy", "score", "cutoff", "selected"))
    return [
        parts[name].strategy.reason(score, best) if selected else _kept_out(name, score, cutoff)
        for name, score, cutoff, selected, best in zip(*columns, top, strict=True)
    ]


def _kept_out(name: str, score: float, cutoff: float) -> str:
    if score == cutoff:
        return f"its {name} score equals the cut-off {cutoff:.4g}, and its item_id comes later"
    return f"its {name} score is {cutoff - score:.2g} below the cut-off {cutoff:.4g}"
