"""The names of everything this node says and hears over MQTT."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one node; they begin with ``<prefix>/<node>``.

    Attributes:
        prefix: First part, the same for all nodes.
        node: Id of this machine.
    """

    prefix: str
    node: str

    @property
    def base(self) -> str:
        """What every topic of this node begins with."""
        return f"{self.prefix}/{self.node}"

    @property
    def status(self) -> str:
        """``online`` or ``offline``: is this node there; also the last will."""
        return f"{self.base}/status"

    @property
    def stats(self) -> str:
        """JSON of the machine."""
        return f"{self.base}/stats"

    def camera_status(self, camera: str) -> str:
        """``online`` or ``offline``: does the camera deliver live pictures."""
        return f"{self.base}/{camera}/status"

    def health(self, camera: str) -> str:
        """JSON: how the camera is, and why."""
        return f"{self.base}/{camera}/health"

    def motion(self, camera: str) -> str:
        """``ON`` or ``OFF``: is there motion now."""
        return f"{self.base}/{camera}/motion"

    def zone_motion(self, camera: str, zone: str) -> str:
        """``ON`` or ``OFF``: is there motion in the zone now."""
        return f"{self.base}/{camera}/zone/{zone}/motion"

    def attributes(self, camera: str) -> str:
        """JSON of the current or last event."""
        return f"{self.base}/{camera}/attributes"

    def event(self, camera: str) -> str:
        """JSON messages of events."""
        return f"{self.base}/{camera}/event"

    def history(self, camera: str) -> str:
        """JSON of events that are over, told late."""
        return f"{self.base}/{camera}/history"

    def snapshot(self, camera: str) -> str:
        """The newest still."""
        return f"{self.base}/{camera}/snapshot"

    def last_motion(self, camera: str) -> str:
        """The still that shows the event best."""
        return f"{self.base}/{camera}/last_motion"

    def camera_stats(self, camera: str) -> str:
        """JSON of what the camera's threads did."""
        return f"{self.base}/{camera}/stats"

    def setting_state(self, camera: str, setting: str) -> str:
        """The true value of a setting."""
        return f"{self.base}/{camera}/{setting}/state"

    def setting_set(self, camera: str, setting: str) -> str:
        """Where commands for a setting arrive."""
        return f"{self.base}/{camera}/{setting}/set"

    def node_state(self, setting: str) -> str:
        """The true value of a setting of the machine."""
        return f"{self.base}/{setting}/state"

    def node_set(self, setting: str) -> str:
        """Where commands to the machine arrive."""
        return f"{self.base}/{setting}/set"
