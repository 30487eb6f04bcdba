"""What earlier configurations of this node left on the broker, and how it goes away. Pure.

Home Assistant keeps an entity that is merely left out of a device's message. It goes when its
component is said once with nothing but its platform; a device goes with an empty message. Both
work only for what Home Assistant has set up: so the old message is said again first, unretained,
and all of this is done once more when Home Assistant says that it has started.

What is found is cleared out when it is certain that it is ours: another machine of our name has its
own cameras under our topics. What is retained just as we announced it ourselves is ours, and goes
at once; all else is only noted, until nobody else has spoken for a while.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, NoReturn

from pimotion.config.settings import Settings
from pimotion.publish.discovery import ORIGIN, device_topic
from pimotion.publish.outbox import Outgoing
from pimotion.publish.payloads import encode
from pimotion.publish.settings_table import SETTINGS
from pimotion.publish.topics import Topics

Json = dict[str, Any]

_TOPIC_KEYS = frozenset(
    {"topic", "state_topic", "command_topic", "image_topic", "json_attributes_topic"}
)


_MOST_FOUND = 2000
"""30 cameras that are gone have a third of it; who floods our topics gets no further."""


class Leftovers:
    """Notices what is retained and no longer true. Not thread-safe: `Desk` locks it.

    Args:
        settings: The configuration of now.
        announced: What is announced now, by topic.
        departed: Old announcements, by topic, that Home Assistant may not have seen the end of.
        marks: `mark_of` what this machine announced before, by topic.
    """

    def __init__(
        self,
        settings: Settings,
        announced: Mapping[str, Json],
        departed: Mapping[str, Json],
        marks: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.mqtt.prefix, settings.node)
        self._zones = {camera: set(each.zones) for camera, each in settings.cameras.items()}
        self._announced = announced
        self._devices = f"{settings.mqtt.discovery_prefix}/device/"
        # Kept under another name: what has that name now may be another machine's.
        self._departed = {
            topic: old
            for topic, old in departed.items()
            if self._has_name(topic) and _announcement(json.dumps(old).encode()) is not None
        }
        self._uncleared = dict(self._departed)
        self._untrue: dict[str, None] = {}
        """Topics, in order, of which what is retained is not true."""
        self._marks = marks
        self._ours: set[str] = set()
        """Devices, by topic, that are retained as this machine announced them."""

    @property
    def departed(self) -> Mapping[str, Json]:
        """Old announcements to keep until their `farewells`, by topic.

        Also before `clear_out`: in the place of an old announcement the broker has the new one now.
        """
        return dict(self._departed)

    @property
    def marks(self) -> Mapping[str, str]:
        """`mark_of` what is announced now, by topic."""
        return {topic: mark_of(said) for topic, said in self._announced.items()}

    @property
    def filters(self) -> tuple[str, ...]:
        """What to listen to for a moment, to be given what is retained."""
        base = self._topics.base
        return (f"{self._devices}+/config", f"{base}/+/status", f"{base}/+/zone/+/motion")

    def found(self, topic: str, payload: bytes) -> bool:
        """Take in a retained message; return whether it is a leftover, for `clear_out`."""
        if len(self._untrue) + len(self._departed) >= _MOST_FOUND:
            return False
        if topic.startswith(self._devices):
            return self._found_device(topic, payload)
        untrue = list(self._untrue_with(topic))
        self._untrue |= dict.fromkeys(untrue)
        return bool(untrue)

    def clear_own(self) -> list[Outgoing]:
        """Return what removes all that was found and is certainly our own; each once."""
        own = [topic for topic in self._uncleared if topic in self._ours]
        untrue = [topic for topic in self._untrue if self._device_of(topic) in self._ours]
        return self._cleared(own, untrue)

    def clear_out(self) -> list[Outgoing]:
        """Return what removes all else that was found, or has departed; each once.

        For when nobody else has our name.
        """
        return self._cleared(list(self._uncleared), list(self._untrue))

    def farewells(self, *, is_alone: bool) -> list[Outgoing]:
        """Return what removes everything that has departed, once more and for the last time.

        Args:
            is_alone: False: only what is certainly our own, as somebody may have our name.
        """
        seen = [topic for topic in self._departed if is_alone or topic in self._ours]
        self._uncleared |= {topic: self._departed.pop(topic) for topic in seen}
        return self.clear_out() if is_alone else self.clear_own()

    def _cleared(self, devices: Iterable[str], untrue: Iterable[str]) -> list[Outgoing]:
        out = []
        for topic in devices:
            out += _farewell(topic, self._uncleared.pop(topic), self._announced.get(topic))
        for topic in untrue:
            del self._untrue[topic]
            out.append(_clear(topic))
        return out

    def _found_device(self, topic: str, payload: bytes) -> bool:
        old = _announcement(payload)
        if old is None:
            return False
        # Under another `mqtt.prefix` it is ours, too, if we said it.
        is_own = self._has_name(topic) and self._marks.get(topic) == mark_of(old)
        is_leftover = bool(_farewell(topic, old, self._announced.get(topic)))
        if not (is_leftover and (is_own or _is_below(old, self._topics.base))):
            return False
        self._departed[topic] = self._uncleared[topic] = old
        if is_own:
            self._ours.add(topic)
        return True

    def _has_name(self, topic: str) -> bool:
        """Tell whether a device is announced under this node's name."""
        name = f"{self._devices}pimotion_{self._settings.node}"
        return topic.startswith((f"{name}/", f"{name}_"))

    def _device_of(self, topic: str) -> str:
        camera = topic.removeprefix(f"{self._topics.base}/").partition("/")[0]
        return device_topic(self._settings, camera)

    def _untrue_with(self, topic: str) -> Iterator[str]:
        """Give the topics that are not true if this one is retained."""
        camera, _, rest = topic.removeprefix(f"{self._topics.base}/").partition("/")
        if camera not in self._zones:
            yield topic
            yield from retained_topics(self._topics, camera)
        elif rest.startswith("zone/") and rest.split("/")[1] not in self._zones[camera]:
            yield topic


def announcement_of(payload: bytes, base: str) -> Json | None:
    """Return an announcement if a node made it whose topics are below ``base``, else None."""
    said = _announcement(payload)
    return said if said is not None and _is_below(said, base) else None


def _announcement(payload: bytes) -> Json | None:
    """Return an announcement if pimotion made it, else None."""
    try:
        said = json.loads(payload, parse_constant=_refuse)
        encode(said)
    except (ValueError, RecursionError):
        return None
    if not is_announcement(said):
        return None
    origin = said.get("origin")
    ours: Json = said
    return ours if isinstance(origin, dict) and origin.get("name") == ORIGIN else None


def _is_below(said: Json, base: str) -> bool:
    topics = list(_topics_in(said["components"]))
    return bool(topics) and all(str(topic).startswith(f"{base}/") for topic in topics)


def mark_of(announcement: Json) -> str:
    """Return what tells an announcement from any other."""
    return sha256(json.dumps(announcement, sort_keys=True).encode()).hexdigest()[:16]


def is_announcement(said: Any) -> bool:
    """Tell whether something has the form of a device's announcement."""
    return isinstance(said, dict) and isinstance(said.get("components"), dict)


def retained_topics(topics: Topics, camera: str) -> list[str]:
    """Return everything that is retained for a camera, but for its zones."""
    states = [topics.setting_state(camera, setting) for setting in SETTINGS]
    named = (topics.camera_status, topics.health, topics.motion, topics.attributes)
    more = (topics.snapshot, topics.camera_stats)
    return [*(name(camera) for name in (*named, *more)), *states]


def _farewell(topic: str, old: Json, new: Json | None) -> list[Outgoing]:
    """Return what ends the components that ``new`` no longer has; nothing if it has them all."""
    if new is None:
        return [Outgoing(topic, encode(old), retain=False), _clear(topic)]
    gone = {
        key: component
        for key, component in old["components"].items()
        if isinstance(component, dict)
        and "unique_id" in component
        and component.get("platform") != new["components"].get(key, {}).get("platform")
    }
    if not gone:
        return []
    ended = {key: {"platform": component.get("platform")} for key, component in gone.items()}
    steps = [{**new, "components": {**new["components"], **others}} for others in (gone, ended)]
    said = [Outgoing(topic, encode(step), retain=False) for step in steps]
    return [*said, Outgoing(topic, encode(new))]


def _clear(topic: str) -> Outgoing:
    return Outgoing(topic, b"")


def _topics_in(components: Json) -> Iterator[Any]:
    for component in components.values():
        if not isinstance(component, dict):
            continue
        yield from (value for key, value in component.items() if key in _TOPIC_KEYS)
        there = component.get("availability")
        for each in there if isinstance(there, list) else ():
            yield each.get("topic") if isinstance(each, dict) else None


def _refuse(_name: str) -> NoReturn:
    raise ValueError("not a number")
