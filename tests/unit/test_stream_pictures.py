"""What a viewer gets to see, and in which bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import barcode
import cv2
import numpy as np
import pytest
from live_feed import HEIGHT, WIDTH, Feed, numbered_jpeg

from pimotion.config.camera import Stream
from pimotion.health import Beat
from pimotion.picture import Picture
from pimotion.pixels import Pixels, encode_bgr
from pimotion.stream.cards import last_text, since_text
from pimotion.stream.encoder import MAX_VARIANTS, Encoder, TooMany
from pimotion.stream.multipart import OPENING_AHEAD, Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.scene import CameraScene, CameraShow
from pimotion.stream.viewer import Places
from pimotion.types import Box

NOTHING_DRAWN = Variant(None, None, frozenset())
BOX = Box(200, 120, 160, 120)


def encoder_of(feed: Feed, places: int = 64, show: CameraShow | None = None) -> Encoder:
    """An encoder whose thread never runs: the pictures here are those asked for."""

    def start(name: str, run: Callable[[], None], beat: Beat) -> None:
        assert name == f"encode-{feed.camera.id}"

    return Encoder(show or CameraShow(feed.camera), Places(places), start)


def pixels(jpeg: bytes) -> Pixels:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).view(np.uint8)


def drawn(feed: Feed, *overlays: str, width: int | None = None) -> Pixels:
    return pixels(encoder_of(feed).still(Variant(width, 95, frozenset(overlays))).jpeg)


def reddest(image: Pixels) -> int:
    return int((image[:, :, 2].astype(int) - image[:, :, 0]).max())


def test_a_part_is_spelled_as_all_clients_want_it() -> None:
    assert Part(b"JPEG", 1.0, 1795521600.5).framed == (
        b"Content-Type: image/jpeg\r\nContent-Length: 4\r\nX-Timestamp: 1795521600.500000\r\n\r\n"
        b"JPEG\r\n--pimotion\r\n"
    )


def test_ahead_the_next_header_stands_right_behind_each_picture() -> None:
    """It cannot say how long the next picture will be."""
    stream = (
        OPENING_AHEAD + Part(b"ONE", 1.0, 2.0).framed_ahead + Part(b"TWO", 2.0, 3.0).framed_ahead
    )
    head = b"--pimotion\r\nContent-Type: image/jpeg\r\n\r\n"
    assert stream == head + b"ONE\r\n" + head + b"TWO\r\n" + head


def test_without_a_clock_there_is_no_time_stamp() -> None:
    assert b"X-Timestamp" not in Part(b"JPEG", 1.0, None).framed


def test_a_camera_s_own_jpeg_goes_out_untouched() -> None:
    feed = Feed()
    own = numbered_jpeg(1)
    feed.show(Picture.from_jpeg(own))
    assert encoder_of(feed).still(NOTHING_DRAWN).jpeg is own


@pytest.mark.parametrize("variant", [replace(NOTHING_DRAWN, width=320),
                                     replace(NOTHING_DRAWN, quality=20)])  # fmt: skip
def test_another_size_or_quality_is_encoded(variant: Variant) -> None:
    feed = Feed()
    feed.show()
    jpeg = encoder_of(feed).still(variant).jpeg
    assert len(jpeg) < len(numbered_jpeg(1))
    assert pixels(jpeg).shape[1] == (variant.width or WIDTH)
    assert barcode.read_jpeg(jpeg) == 1


@pytest.mark.parametrize("overlays", [(), ("boxes", "zones", "time", "mask")], ids=["plain", "all"])
@pytest.mark.parametrize("width", [None, 320])
def test_planes_are_never_made_into_colours_on_their_way(
    monkeypatch: pytest.MonkeyPatch, overlays: tuple[str, ...], width: int | None
) -> None:
    """They are drawn on and encoded as planes, which costs two thirds."""
    feed = Feed()
    frame = feed.show(Picture.from_yuv420(Picture.from_jpeg(numbered_jpeg(7)).yuv()))
    feed.detect(frame, BOX)

    def refuse(*_: object) -> None:
        raise AssertionError("a picture of planes was converted to BGR")

    monkeypatch.setattr("pimotion.pixels.Yuv420Payload.bgr", refuse)
    jpeg = encoder_of(feed).still(Variant(width, 90, frozenset(overlays))).jpeg
    assert overlays or barcode.read_jpeg(jpeg) == 7


def test_boxes_and_zones_are_drawn_where_they_are() -> None:
    feed = Feed()
    feed.detect(feed.show(), BOX)
    edge = drawn(feed, "boxes")[BOX.y - 2 : BOX.y + 4, BOX.x : BOX.x + BOX.width]
    assert reddest(edge) > 100
    zone_edge = drawn(feed, "zones")[int(0.2 * HEIGHT) - 3 : int(0.2 * HEIGHT) + 4, WIDTH // 2 :]
    assert reddest(zone_edge) > 100
    assert reddest(drawn(feed)) < 20


def test_the_mask_shows_what_counts_and_what_does_not() -> None:
    feed = Feed()
    feed.detect(feed.show(), BOX)
    counted, ignored = slice(BOX.x + 5, BOX.x + 35), slice(100, BOX.x - 10)
    drawn_mask = drawn(feed, "mask")[210:235]
    assert np.median(drawn_mask[:, counted, 2].astype(int) - drawn_mask[:, counted, 0]) > 60
    assert np.median(drawn_mask[:, ignored, 2].astype(int) - drawn_mask[:, ignored, 0]) < -60
    assert reddest(drawn(feed)) < 20


def test_the_caption_is_written_at_the_bottom() -> None:
    feed = Feed()
    feed.show()
    assert drawn(feed, "time")[-15:, :200].max() > 200
    assert drawn(feed)[-15:, :200].max() < 130


def test_old_boxes_and_those_of_another_session_are_not_drawn() -> None:
    """A box that stays where nobody is any more would be a lie."""
    feed = Feed()
    frame = feed.show()
    feed.detect(replace(frame, monotonic_s=frame.monotonic_s - 1.5), BOX)
    assert reddest(drawn(feed, "boxes")) < 20
    feed.detect(replace(frame, session=0), BOX)
    assert reddest(drawn(feed, "boxes")) < 20


def test_a_dead_source_shows_a_card_in_place_of_its_last_picture() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    assert barcode.read_jpeg(encoder.still(NOTHING_DRAWN).jpeg) == 1
    feed.lose("no route to host")
    card = pixels(encoder.still(NOTHING_DRAWN).jpeg)
    assert card.shape == (HEIGHT, WIDTH, 3)
    assert barcode.read(card[:, :, 0]) is None
    assert reddest(card) > 100  # the reason, in amber


def test_a_camera_that_is_back_shows_its_picture_at_once() -> None:
    """Though its health, which takes another way, still says that it is lost."""
    feed = Feed()
    feed.lose("no route to host")
    lost = feed.camera.health()
    feed.show()
    show = CameraShow(replace(feed.camera, health=lambda: lost))
    encoder = encoder_of(feed, show=show)
    assert barcode.read_jpeg(encoder.still(NOTHING_DRAWN).jpeg) == 1


def test_a_card_says_why_since_when_and_when_the_last_picture_came() -> None:
    feed = Feed()
    feed.show()
    feed.lose("no route to host")
    scene = CameraShow(feed.camera).scene()
    assert scene.reason == "no route to host"
    since, last = scene.below.splitlines()
    assert since.startswith("since 20")
    age_s = time.time() - datetime.fromisoformat(last.removeprefix("last picture ")).timestamp()
    assert 0 <= age_s < 2


def test_a_camera_that_never_gave_a_picture_has_no_last_one() -> None:
    feed = Feed()
    feed.lose("no route to host")
    assert "last picture" not in CameraShow(feed.camera).scene().below


def test_before_the_first_picture_there_is_a_card_too() -> None:
    assert pixels(encoder_of(Feed()).still(NOTHING_DRAWN).jpeg).shape == (720, 1280, 3)


def test_a_broken_picture_is_skipped() -> None:
    feed = Feed()
    encoder = encoder_of(feed)
    asked = replace(NOTHING_DRAWN, quality=50)
    feed.show()
    good = encoder.still(asked)
    feed.show(Picture.from_jpeg(numbered_jpeg(2)[:-2000]))
    assert encoder.still(asked) is good
    feed.show()
    assert barcode.read_jpeg(encoder.still(asked).jpeg) == 3


def test_only_broken_pictures_give_a_card() -> None:
    feed = Feed()
    feed.show(Picture.from_jpeg(numbered_jpeg(1)[:-2000]))
    assert reddest(pixels(encoder_of(feed).still(replace(NOTHING_DRAWN, quality=50)).jpeg)) > 100


def test_a_frame_is_encoded_once_for_all_who_ask() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    asked = Variant(None, 60, frozenset({"time"}))
    first = encoder.watch(Wish(asked, None))
    assert first.__next__().endswith(encoder.watch(Wish(asked, 5)).__next__()[-1000:])
    assert encoder.still(asked) is encoder.still(asked)


def test_a_stream_of_bytes_ends_with_the_newest_picture_too() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    encoder.watch(Wish(NOTHING_DRAWN, None))
    viewing = encoder.watch(Wish(NOTHING_DRAWN, 10))
    assert viewing.__next__()
    early = feed.show().picture.camera_jpeg or b"none"
    shown = [viewing.__next__(), viewing.__next__()]  # the first once more, at the most
    assert any(early in part for part in shown)
    assert viewing.info().sent == 2


def test_what_needs_no_encoding_does_not_wait_for_the_encoder_s_thread() -> None:
    """It goes on in the thread that brings it; the thread of this encoder never runs."""
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    plain = encoder.watch(Wish(NOTHING_DRAWN, None))
    drawn_on = encoder.watch(Wish(Variant(None, None, frozenset({"time"})), None))
    before = drawn_on.parts.peek()
    feed.show()
    newest = plain.parts.peek()
    assert newest is not None
    assert barcode.read_jpeg(newest.jpeg) == 2
    assert drawn_on.parts.peek() is before
    plain.close()
    drawn_on.close()
    assert not feed.camera.frames._listening, "the camera still works for those who have left"


def test_nothing_is_shown_of_a_variant_that_the_last_viewer_has_left() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    stays = encoder.watch(Wish(NOTHING_DRAWN, None))
    leaves = encoder.watch(Wish(Variant(5000, None, frozenset()), None))
    feed.show()
    both = encoder.counts.encodes
    leaves.close()
    feed.show()
    assert encoder.counts.encodes == both + 1
    stays.close()


def test_a_camera_that_was_opened_again_counts_its_frames_anew_and_is_shown() -> None:
    feed = Feed()
    first = feed.show()
    encoder = encoder_of(feed)
    viewing = encoder.watch(Wish(NOTHING_DRAWN, None))
    before = viewing.parts.peek()
    feed.camera.frames.put(replace(first, session=first.session + 1))
    assert viewing.parts.peek() is not before
    viewing.close()


def test_pictures_that_need_no_encoding_keep_the_rate_that_was_asked_for() -> None:
    feed = Feed()
    first = feed.show()
    encoder = encoder_of(feed)
    viewing = encoder.watch(Wish(NOTHING_DRAWN, 10))
    shown = set()
    for number in range(1, 31):
        captured_s = first.monotonic_s + number / 30
        feed.camera.frames.put(replace(first, index=number, monotonic_s=captured_s))
        shown.add(viewing.parts.peek())
    assert 9 <= len(shown) <= 12
    viewing.close()


def test_the_camera_does_not_wait_while_someone_else_encodes_its_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A still in the same variant may take long; the next picture is left to the encoder."""
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    viewing = encoder.watch(Wish(NOTHING_DRAWN, None))
    painting, painted = threading.Event(), threading.Event()
    paint = CameraScene.paint

    def slowly(scene: CameraScene, variant: Variant) -> Part:
        painting.set()
        assert painted.wait(10)
        return paint(scene, variant)

    monkeypatch.setattr(CameraScene, "paint", slowly)
    feed.camera.frames.unlisten(encoder._hear)  # so that the still is the first
    feed.show()
    still = threading.Thread(target=encoder.still, args=(NOTHING_DRAWN,))
    still.start()
    assert painting.wait(10)
    feed.camera.frames.listen(encoder._hear)
    before = viewing.parts.peek()
    feed.show()  # returns, though the still is not done
    assert viewing.parts.peek() is before
    painted.set()
    still.join(10)
    viewing.close()


def test_a_fifth_variant_is_refused_until_one_is_free() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    wishes = [Wish(Variant(None, 10 + n, frozenset()), None) for n in range(MAX_VARIANTS + 1)]
    viewings = [encoder.watch(wish) for wish in wishes[:-1]]
    with pytest.raises(TooMany, match="already shown in 4 variants"):
        encoder.watch(wishes[-1])
    encoder.watch(wishes[0])
    viewings[1].close()
    encoder.watch(wishes[-1])


def test_the_usual_quality_is_no_variant_of_its_own() -> None:
    """Some viewers say what others leave to the camera; it is the same picture, encoded once."""
    feed = Feed(settings=Stream(quality=70))
    feed.show()
    encoder = encoder_of(feed)
    usual = Variant(None, None, frozenset({"time"}))
    said = replace(usual, quality=70)
    first, second = (encoder.watch(Wish(each, None)) for each in (usual, said))
    assert encoder.still(usual) is encoder.still(said)
    assert encoder.counts.encodes == 1
    others = [replace(usual, quality=quality) for quality in range(10, 10 + MAX_VARIANTS - 1)]
    viewings = [encoder.watch(Wish(each, None)) for each in others]
    encoder.check(Wish(said, None))
    assert [info.variant for info in encoder.viewings()][:2] == [usual, said], "told as asked for"
    for viewing in (second, first, *viewings):
        viewing.close()
    assert encoder.viewers == 0


def test_who_says_the_usual_quality_does_not_get_the_camera_s_own_jpeg() -> None:
    feed = Feed(settings=Stream(quality=70))
    feed.show()
    encoder = encoder_of(feed)
    for overlays in (frozenset[str](), frozenset({"boxes"})):
        said = Variant(None, 70, overlays)
        assert encoder.still(said).jpeg != encoder.still(replace(said, quality=None)).jpeg


def test_the_mask_has_an_audience_only_while_somebody_watches_it() -> None:
    """Nobody watches: the detector need not copy its background for every frame."""
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed)
    plain = encoder.watch(Wish(NOTHING_DRAWN, None))
    assert not encoder.shows_mask
    masked = encoder.watch(Wish(Variant(None, None, frozenset({"boxes", "mask"})), None))
    assert encoder.shows_mask
    masked.close()
    assert not encoder.shows_mask
    plain.close()


def test_places_are_given_back_once() -> None:
    feed = Feed()
    feed.show()
    encoder = encoder_of(feed, places=1)
    viewing = encoder.watch(Wish(NOTHING_DRAWN, None))
    assert encoder.viewers == 1
    with pytest.raises(TooMany, match="all 1 places are taken"):
        encoder.watch(Wish(NOTHING_DRAWN, None))
    viewing.close()
    viewing.close()
    assert encoder.viewers == 0
    again = encoder.watch(Wish(NOTHING_DRAWN, None))
    with pytest.raises(TooMany):
        encoder.watch(Wish(NOTHING_DRAWN, None))
    again.close()


def test_the_quality_is_the_configured_one_when_something_is_drawn() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    picture = Picture.from_jpeg(encode_bgr(noise, 90))
    sizes = []
    for quality in (20, 80):
        feed = Feed(settings=Stream(quality=quality))
        feed.show(picture)
        sizes.append(len(encoder_of(feed).still(Variant(None, None, frozenset({"time"}))).jpeg))
    assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize(
    ("age_s", "text"), [(5, "for 5 s"), (150, "for 2 min"), (3 * 3600, "for 3 h")]
)
def test_a_card_says_for_how_long(age_s: float, text: str) -> None:
    assert since_text(None, age_s) == text
    assert since_text(time.time(), age_s).endswith(f"({text.removeprefix('for ')})")


def test_without_a_clock_a_card_says_how_long_ago_the_last_picture_came() -> None:
    assert last_text(None, 150) == "last picture 2 min ago"
