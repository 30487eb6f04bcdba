"""The command ``replay``: the daemon's own detect and event code over a recording.

As fast as it can, no broker, no server, no clock: the same file gives the same lines.
"""

from __future__ import annotations

import itertools
import json
import logging
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pimotion.capture.recording import RecordedPicture, Recording, open_recording
from pimotion.config.camera import Camera, camera_name
from pimotion.detect.detector import Detector
from pimotion.errors import ConfigError, PictureError
from pimotion.events.machine import EventMachine
from pimotion.pace import Pacer
from pimotion.publish.payloads import event_payload
from pimotion.replay_outputs import Annotated, FrameLines, Masks, Output, takes_video
from pimotion.types import Detection, EventType, Frame, Message, MotionEvent, StopReason

log = logging.getLogger(__name__)

_PROGRESS_EVERY_S = 0.5
_BREAKING_OFF = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the command line asks for.

    Attributes:
        source: A video file or a folder of numbered images.
        fps: Frames a second of a folder of images, or of a video that has no times.
        frames: File for a line a frame.
        masks: Folder for a foreground mask a frame.
        annotate: File for the annotated video.
        every_frame: Analyse every frame, whatever ``detect.fps`` says.
    """

    source: Path
    fps: float | None
    frames: Path | None
    masks: Path | None
    annotate: Path | None
    every_frame: bool


def replay(options: ReplayOptions, *, node: str, camera_id: str, camera: Camera) -> None:
    """Write an event a line on stdout.

    Raises:
        ConfigError: An output would overwrite the recording, or another output, or is a video of
            a kind that cannot be written.
        SourceLost: The recording is missing, is none, or breaks off.
        PimotionError: An output cannot be written.
    """
    _refuse_outputs(options)
    with ExitStack() as stack:
        recording = stack.enter_context(open_recording(options.source, options.fps))
        _say_rate(recording, options)
        with _undisturbed():  # what is opened is known to the stack before a signal can end it
            outputs = [stack.enter_context(each) for each in _outputs(options, camera_id, camera)]
        _Replay(recording, options, node, camera_id, camera, outputs).run()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals that break a replay off wait.

    Not by the thread's mask: the numeric libraries have threads of their own, which take a signal
    in this one's place, and Python then answers it here.
    """
    waiting: list[int] = []
    answers = {int(number): signal.getsignal(number) for number in _BREAKING_OFF}
    heard = {number: answer for number, answer in answers.items() if answer != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        for number, answer in heard.items():
            signal.signal(number, answer)
        for number in waiting:
            signal.raise_signal(number)


def _refuse_outputs(options: ReplayOptions) -> None:
    taken = {options.source.resolve(): "is the recording itself"}
    problems = []
    if options.annotate is not None and not takes_video(options.annotate):
        problems.append(
            f"--annotate {options.annotate}: no kind of video that can be written has this ending; "
            "take .mp4"
        )
    for name in ("frames", "masks", "annotate"):
        path: Path | None = getattr(options, name)
        if path is None or path.is_char_device() or path.is_fifo():  # /dev/null, /dev/stdout
            continue
        place = path.resolve()
        if place in taken:
            problems.append(f"--{name} {path} {taken[place]}; name another")
        taken.setdefault(place, f"is that of --{name}, too")
    if problems:
        raise ConfigError(problems)


def _say_rate(recording: Recording, options: ReplayOptions) -> None:
    if options.fps is not None and recording.has_times:
        log.warning("--fps is ignored: the video has times of its own source=%s", options.source)
    if options.fps is None and not recording.has_times:
        log.warning(
            "the video has no times, %g frames a second are assumed; say its rate by --fps "
            "source=%s",
            1 / recording.interval_s,
            options.source,
        )


def _outputs(options: ReplayOptions, camera_id: str, camera: Camera) -> Iterator[Output]:
    if options.frames is not None:
        yield FrameLines(options.frames)
    if options.masks is not None:
        yield Masks(options.masks)
    if options.annotate is not None:
        yield Annotated(options.annotate, camera_name(camera_id, camera), camera.zones)


class _Replay:
    """One run over one recording."""

    def __init__(
        self,
        recording: Recording,
        options: ReplayOptions,
        node: str,
        camera_id: str,
        camera: Camera,
        outputs: list[Output],
    ) -> None:
        numbers = itertools.count(1)
        self._recording = recording
        self._node = node
        self._view = camera.view
        self._pacer = None if options.every_frame else Pacer(camera.detect.fps)
        self._detector = Detector(camera.detect, zones=camera.zones)
        self._machine = EventMachine(
            camera_id, camera.events, zones=camera.zones, new_id=lambda: str(next(numbers))
        )
        self._outputs = outputs
        self._progress = _Progress(recording)
        self._summary = _Summary()

    def run(self) -> None:
        try:
            self._play()
        finally:
            self._progress.done()
            # A recording that ends or breaks off is a source that is lost, so what runs is over.
            self._print(self._machine.end(StopReason.SOURCE_LOST))
            self._summary.show()

    def _play(self) -> None:
        newest: Detection | None = None
        for index, recorded in enumerate(self._recording):
            frame = self._frame(recorded, index)
            newest = self._analyse(frame) or newest
            for output in self._outputs:
                output.frame(frame, newest)
            self._progress.show(index + 1, recorded.time_s)

    def _analyse(self, frame: Frame) -> Detection | None:
        if self._pacer is not None and not self._pacer.is_due(frame.monotonic_s):
            return None
        try:
            detection = self._detector.detect(frame)
        except PictureError as error:
            log.warning("frame skipped frame=%d error=%s", frame.index + 1, error)
            return None
        self._summary.count(detection)
        self._print(self._machine.update(detection))
        return detection

    def _frame(self, recorded: RecordedPicture, index: int) -> Frame:
        created_utc_s = self._recording.created_utc_s
        return Frame(
            picture=recorded.picture.viewed(self._view),
            index=index,
            monotonic_s=recorded.time_s,
            time_s=recorded.time_s,
            utc_s=None if created_utc_s is None else created_utc_s + recorded.time_s,
            session=1,
        )

    def _print(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if isinstance(message, MotionEvent):
                self._summary.events += message.type is EventType.START
                payload = event_payload(
                    message, node=self._node, snapshot=None, published_utc_s=None
                )
                sys.stdout.write(json.dumps(payload) + "\n")
                sys.stdout.flush()


class _Summary:
    """The last line on stderr: how many events there were, and what kept other changes from it."""

    def __init__(self) -> None:
        self.events = 0
        self._analysed = 0
        self._held_back: Counter[str] = Counter()

    def count(self, detection: Detection) -> None:
        self._analysed += 1
        self._held_back.update(detection.held_back)

    def show(self) -> None:
        events = _many(self.events, "event")
        counted = self._held_back.most_common()
        rules = ", ".join(f"{rule} {_many(count, 'frame')}" for rule, count in counted)
        held_back = f"held back: {rules}" if rules else "nothing was held back"
        if self._analysed:
            sys.stderr.write(f"{events} in {_many(self._analysed, 'frame')}; {held_back}\n")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class _Progress:
    """A line on a terminal that says how far the replay is; silent elsewhere."""

    def __init__(self, recording: Recording) -> None:
        self._length_s = recording.length_s
        self._shown = sys.stderr.isatty()
        self._next_s = 0.0

    def show(self, frames: int, time_s: float) -> None:
        if not self._shown or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _PROGRESS_EVERY_S
        share = ""
        if self._length_s:
            done = min(1.0, time_s / self._length_s)
            share = f" [{'#' * round(done * 30):<30}] {done:4.0%}"
        sys.stderr.write(f"\r{frames} frames, {time_s:.1f} s{share}")
        sys.stderr.flush()

    def done(self) -> None:
        if self._shown:
            sys.stderr.write("\n")
