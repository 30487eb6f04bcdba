"""All cameras, the broker connection, the recorder and the server: the composition root."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from wsgiref.types import WSGIApplication

from pimotion import __version__
from pimotion.capture.factory import source_for
from pimotion.config.camera import Camera, camera_name
from pimotion.config.settings import Settings
from pimotion.errors import StartError
from pimotion.health import Threads, notify_systemd
from pimotion.kept_settings import KeptSettings
from pimotion.log import Repeated, chosen_level
from pimotion.node_settings import NodeSettings
from pimotion.pipeline import CameraPipeline
from pimotion.publish.broker import EmbeddedBroker
from pimotion.publish.mqtt import Publisher
from pimotion.record.recorder import Recorder
from pimotion.settable import percent_of
from pimotion.state import CHOOSE_ANOTHER, FolderLock, State, state_dir_of
from pimotion.stream.live import LiveCamera
from pimotion.stream.server import StreamServer
from pimotion.stream.tuning import Tuning
from pimotion.supervisor import Supervisor
from pimotion.types import NODE, Command, LinkStatus, MotionEvent, Reset, SettingState, Sink

log = logging.getLogger(__name__)

EMBEDDED = "embedded"
"""``mqtt.host`` that asks for a broker of our own."""

_CAMERAS_STOP_S = 1.5
_BROKER_STOP_S = 2.0
_OTHERS_STOP_S = 0.5
"""Shares of the 5 s in which everything must have ended."""


class Daemon:
    """Runs a configuration from `start` to `stop`. Owned by the main thread.

    Attributes:
        state: What outlives it.
    """

    def __init__(self, settings: Settings, before: State | None = None) -> None:
        """Build everything; nothing but what was kept is opened, and nothing started yet.

        Args:
            settings: What to run.
            before: The state of the daemon before a reload, which a full disk may not have taken.

        Raises:
            StartError: There is no state folder and none can be made.
        """
        self._threads = Threads()
        self._settings = settings
        # First: a folder that cannot be had must not look like one whose content is damaged.
        folder = _made(state_dir_of(settings.state_dir))
        self._folder = folder
        self.state = before if before and before.is_unwritten(folder) else State(folder)
        self._lock = FolderLock(folder)
        self._recorder = Recorder(
            folder, settings.storage, tell_late=self._tell_late, untold=self._untold
        )
        is_embedded = settings.mqtt.host == EMBEDDED
        self._broker = EmbeddedBroker(folder, settings.mqtt.port) if is_embedded else None
        self._publisher: Publisher | None = None
        self._no_broker: str | None = None
        self._repeated = Repeated(log)
        self._kept = KeptSettings(self.state, settings.cameras, log_level=chosen_level())
        self._node = NodeSettings(self._put_of_node)
        self._sinks: list[Sink] = [self._kept, self._recorder]
        self._pipelines = {
            camera_id: self._pipeline(camera_id, self._kept.camera(camera_id))
            for camera_id in settings.cameras
        }
        self._server = self._build_server()
        self._commanding = threading.Lock()
        self._supervisor = Supervisor(self._threads, self._pipelines, self.link)

    @property
    def url(self) -> str:
        """Where the page is, once started."""
        return self._server.url

    @property
    def app(self) -> WSGIApplication:
        """The page and the streams as a WSGI application."""
        return self._server.app

    @property
    def changed(self) -> threading.Event:
        """Set when a thread has died."""
        return self._threads.changed

    @property
    def dead(self) -> str | None:
        """Name of a thread that died; the process must end then."""
        return self._threads.dead

    @property
    def wants_restart(self) -> bool:
        """Somebody asked for a restart of the whole process."""
        return self._node.wants_restart

    def add_sink(self, sink: Sink, name: str, run: Callable[[], None]) -> None:
        """Give every camera's messages to one more taker, which has a thread of its own."""
        self._threads.start(name, run, may_end=True)
        self._sinks.append(sink)

    def link(self) -> LinkStatus:
        """Return the state of the broker connection."""
        if self._publisher is not None:
            return self._publisher.status()
        return LinkStatus(EMBEDDED, self._settings.mqtt.port, False, self._no_broker)

    def start(self, *, listens: bool = True) -> None:
        """Start everything. Neither a camera nor a broker has to answer.

        Args:
            listens: False where another program's server calls `app`.

        Raises:
            StartError: The port is in use, or the state folder is.
        """
        self._take_folder()
        self._server.start(self._threads, listens=listens)
        if listens:
            log.info("page opened url=%s", self.url)
        self._sinks.append(self._server)
        self._make_publisher()
        self._say_settings()
        if self._publisher is not None:
            self._publisher.start(self._threads)
        self._recorder.start(self._threads)  # it may have to tell of what ended before
        for pipeline in self._pipelines.values():
            pipeline.start(self._threads)
        notify_systemd("READY=1")
        self._supervisor.look()

    def tend(self) -> None:
        """Look after threads, changed settings and our own broker; call it about once a second."""
        self._supervisor.look()
        self._save()
        if self._broker is None or self._publisher is None or self._broker.alive:
            return
        self._repeated.warning("broker", "the embedded broker has died and is started again")
        try:
            self._broker.start()
        except StartError as error:
            self._repeated.warning("no broker", str(error))

    def stop(self) -> None:
        """End everything in pipeline order; what is still moving is said to be over."""
        self._threads.close()
        for pipeline in self._pipelines.values():
            pipeline.ask_to_stop()
        deadline_s = time.monotonic() + _CAMERAS_STOP_S
        for camera_id, pipeline in self._pipelines.items():
            if not pipeline.join(deadline_s):
                log.warning("camera does not let go, left behind camera=%s", camera_id)
        if self._publisher is not None:
            self._publisher.stop(_BROKER_STOP_S)
        self._server.stop(_OTHERS_STOP_S)
        self._recorder.stop(_OTHERS_STOP_S)
        if self._broker is not None:
            self._broker.stop()
        self._save()
        self._lock.release()

    def _pipeline(self, camera_id: str, camera: Camera) -> CameraPipeline:
        return CameraPipeline(
            camera_id,
            camera,
            source_for(camera),
            sinks=self._sinks,
            viewers=lambda: self._server.viewers(camera_id),
            switches=self._kept.switches(camera_id),
            last_event_utc_s=self._recorder.last_event_utc_s(camera_id),
            model_wanted=lambda: self._server.shows_mask(camera_id),
        )

    def _build_server(self) -> StreamServer:
        return StreamServer(
            self._settings.http,
            cameras=[_live(each, self._tuning(each)) for each in self._pipelines.values()],
            events=self._recorder,
            link=self.link,
            node=self._settings.node,
            version=__version__,
            commands=self._command,
        )

    def _tuning(self, pipeline: CameraPipeline) -> Tuning:
        most_percent = percent_of(pipeline.settings.detect.max_area_ratio)
        return Tuning(self._kept.configured(pipeline.id), most_percent)

    def _tell_late(self, event: MotionEvent, is_last: bool) -> None:
        if self._publisher is not None:
            self._publisher.put_late(event, is_last=is_last)

    def _untold(self) -> Sequence[MotionEvent]:
        return () if self._publisher is None else self._publisher.untold()

    def _say_settings(self) -> None:
        """Have the true values ready before there is a connection: `online` vouches for them."""
        self._node.set_log_level(self._kept.log_level())
        if self._publisher is not None:
            for pipeline in self._pipelines.values():
                for state in pipeline.settings_at_start:
                    self._publisher.put(state)

    def _make_publisher(self) -> None:
        settings = self._settings
        if self._broker is not None:
            try:
                host, port = self._broker.start()
            except StartError as error:
                self._no_broker = str(error)
                log.warning("no broker, events go nowhere but here reason=%s", error)
                return
            mqtt = settings.mqtt.model_copy(update={"host": host, "port": port})
            settings = settings.model_copy(update={"mqtt": mqtt})
        self._publisher = Publisher(
            settings, version=__version__, state=self.state, commands=self._hear
        )
        self._sinks.append(self._publisher)

    def _take_folder(self) -> None:
        if not self._lock.take():
            raise StartError(
                f"another pimotion runs with the state folder {self._folder}; stop it, or set "
                "another state_dir (without a configuration: $STATE_DIRECTORY)"
            )

    def _save(self) -> None:
        self._kept.save()
        if self._publisher is not None:
            self._publisher.save()
        self.state.save()

    def _put_of_node(self, state: SettingState) -> None:
        self._kept.put(state)
        if self._publisher is not None:
            self._publisher.put(state)

    def _hear(self, command: Command | Reset) -> None:
        """Take a command of the broker, which is not answered."""
        self._command(command)

    def _command(self, command: Command | Reset) -> bool:
        """Take a command; False when nobody will obey it."""
        if isinstance(command, Reset):
            command = self._kept.command_for(command)
        if command.camera == NODE:
            self._node.obey(command)
            return True
        pipeline = self._pipelines.get(command.camera)
        with self._commanding:  # what was asked last is kept last
            is_taken = pipeline is not None and pipeline.command(command)
            if is_taken and command.setting == "privacy":
                # Now, and not when it is obeyed: a detect thread that hangs never does.
                self._kept.note(SettingState(command.camera, command.setting, command.value))
        if not is_taken:
            log.warning("command dropped camera=%s setting=%s", command.camera, command.setting)
        return is_taken


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"the state folder {folder} cannot be made: {error.strerror}; {CHOOSE_ANOTHER}"
        ) from None
    return folder


def _live(pipeline: CameraPipeline, tuning: Tuning) -> LiveCamera:
    camera = pipeline.settings
    return LiveCamera(
        id=pipeline.id,
        name=camera_name(pipeline.id, camera),
        frames=pipeline.frames,
        detections=pipeline.detections,
        health=lambda: pipeline.health,
        fps=pipeline.fps,
        last_frame_s=pipeline.last_frame_s,
        suppressed=pipeline.suppressed,
        zones={zone_id: zone.polygon for zone_id, zone in camera.zones.items()},
        settings=camera.stream,
        tuning=tuning,
    )
