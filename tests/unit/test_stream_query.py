"""What a viewer may ask for in a URL."""

from __future__ import annotations

import pytest

from pimotion.config.camera import Stream
from pimotion.stream.query import QueryError, Variant, Wish, parameters, token_of, wish_of

NAMES = ("fps", "width", "quality", "overlay", "advance", "token")
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CHROME_ON_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) CriOS/141.0.0.0 Mobile/15E148 Safari/604.1"
)
IMAGES = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def ask(query: str, settings: Stream | None = None) -> Wish:
    return wish_of(parameters(query, NAMES), settings or Stream())


def test_without_a_query_the_picture_is_as_configured() -> None:
    settings = Stream(boxes=False, zones=True, timestamp=False, fps=5)
    assert ask("", settings) == Wish(Variant(None, None, frozenset({"zones"})), 5)


def test_a_query_wins_over_the_configuration() -> None:
    wish = ask("fps=0.5&width=640&quality=30&overlay=boxes,mask", Stream(fps=5))
    assert wish == Wish(Variant(640, 30, frozenset({"boxes", "mask"})), 0.5)


def test_a_token_may_be_sent_as_it_is_written() -> None:
    """curl does not change the letters of an address; WSGI gives their bytes as Latin-1."""
    as_given = "token=schlüssel".encode().decode("latin-1")
    assert token_of(as_given) == token_of("token=schl%C3%BCssel") == "schlüssel"
    assert parameters(as_given, NAMES) == {"token": "schlüssel"}


def test_overlay_none_draws_nothing() -> None:
    assert ask("overlay=none").variant.overlays == frozenset()


def test_the_order_of_overlays_makes_no_variant() -> None:
    assert ask("overlay=time,boxes").variant == ask("overlay=boxes,time").variant


@pytest.mark.parametrize(
    ("headers", "advance"),
    [
        pytest.param({"User-Agent": CHROME, "Sec-Fetch-Dest": "image"}, True, id="img"),
        pytest.param({"User-Agent": CHROME, "Accept": IMAGES}, True, id="img over plain http"),
        pytest.param({"User-Agent": CHROME, "Sec-Fetch-Dest": "document"}, False, id="address bar"),
        pytest.param({"User-Agent": CHROME, "Accept": "text/html,image/*"}, False, id="page"),
        pytest.param({"User-Agent": CHROME, "Accept": "*/*"}, False, id="script"),
        pytest.param({"User-Agent": FIREFOX, "Sec-Fetch-Dest": "image"}, False, id="Firefox"),
        pytest.param({"User-Agent": CHROME_ON_IOS, "Accept": IMAGES}, False, id="iPhone"),
        pytest.param({"User-Agent": "HomeAssistant/2026.11"}, False, id="Home Assistant"),
        pytest.param({}, False, id="says nothing"),
    ],
)
def test_chrome_gets_the_framing_that_it_paints_at_once(
    headers: dict[str, str], advance: bool
) -> None:
    """All others get a Content-Length, which some insist on."""
    assert wish_of({}, Stream(), headers.get).advance is advance
    assert wish_of({"advance": "1"}, Stream(), headers.get).advance
    assert not wish_of({"advance": "0"}, Stream(), headers.get).advance


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
        ("advance=2", "advance must be 0 to 1, got '2'"),
        ("advance=true", "advance must be 0 to 1, got 'true'"),
        ("quality=0", "quality must be 1 to 100, got '0'"),
        ("quality=-5", "quality must be 1 to 100, got '-5'"),
        ("quality=" + "9" * 5000, f"quality must be 1 to 100, got '{'9' * 40}...'"),
        ("overlay=box", "overlay must be none, or some of boxes,zones,time,mask, got 'box'"),
        ("overlay=", "overlay must be none, or some of boxes,zones,time,mask, got ''"),
        ("overlay=none,time", "overlay must be none, or some of boxes,zones,time,mask, "
         "got 'none,time'"),
        ("size=3", "unknown parameter 'size'; there are fps, width, quality, overlay, advance, "
         "token"),
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
