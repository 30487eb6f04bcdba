"""What a viewer may ask for in a URL."""

from __future__ import annotations

import pytest

from pimotion.config.camera import Stream
from pimotion.stream.query import QueryError, Variant, Wish, parameters, wish_of

NAMES = ("fps", "width", "quality", "overlay", "token")


def ask(query: str, settings: Stream | None = None) -> Wish:
    return wish_of(parameters(query, NAMES), settings or Stream())


def test_without_a_query_the_picture_is_as_configured() -> None:
    settings = Stream(boxes=False, zones=True, timestamp=False, fps=5)
    assert ask("", settings) == Wish(Variant(None, None, frozenset({"zones"})), 5)


def test_a_query_wins_over_the_configuration() -> None:
    wish = ask("fps=0.5&width=640&quality=30&overlay=boxes,mask", Stream(fps=5))
    assert wish == Wish(Variant(640, 30, frozenset({"boxes", "mask"})), 0.5)


def test_overlay_none_draws_nothing() -> None:
    assert ask("overlay=none").variant.overlays == frozenset()


def test_the_order_of_overlays_makes_no_variant() -> None:
    assert ask("overlay=time,boxes").variant == ask("overlay=boxes,time").variant


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("fps=0.1", "fps must be 0.2 to 60, got '0.1'"),
        ("fps=61", "fps must be 0.2 to 60, got '61'"),
        ("fps=nan", "fps must be 0.2 to 60, got 'nan'"),
        ("fps=", "fps must be 0.2 to 60, got ''"),
        ("fps=1e1", "fps must be 0.2 to 60, got '1e1'"),
        ("width=63", "width must be 64 to 4096, got '63'"),
        ("width=4097", "width must be 64 to 4096, got '4097'"),
        ("width=1_000", "width must be 64 to 4096, got '1_000'"),
        ("width=320.5", "width must be 64 to 4096, got '320.5'"),
        ("width=%D9%A3%D9%A2%D9%A0", "width must be 64 to 4096, got '٣٢٠'"),
        ("quality=0", "quality must be 1 to 100, got '0'"),
        ("quality=-5", "quality must be 1 to 100, got '-5'"),
        ("quality=" + "9" * 5000, f"quality must be 1 to 100, got '{'9' * 40}...'"),
        ("overlay=box", "overlay must be none, or some of boxes,zones,time,mask, got 'box'"),
        ("overlay=", "overlay must be none, or some of boxes,zones,time,mask, got ''"),
        ("overlay=none,time", "overlay must be none, or some of boxes,zones,time,mask, "
         "got 'none,time'"),
        ("size=3", "unknown parameter 'size'; there are fps, width, quality, overlay, token"),
        ("fps=3&fps=4", "'fps' is given twice"),
        ("fps=%ff", "the query must be UTF-8 with at most 20 parameters"),
        ("&".join(f"a{n}=1" for n in range(30)),
         "the query must be UTF-8 with at most 20 parameters"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused_in_words(query: str, problem: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(query)
    assert str(caught.value) == problem
