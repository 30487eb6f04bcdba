"""Every type that crosses the border of a stage; nothing else lives here. All are frozen."""

from pimotion.types.seen import Box, Detection, Exposure, Frame, Rejected, SceneModel
from pimotion.types.told import (
    CameraHealth,
    CameraState,
    CameraStats,
    Command,
    EventLog,
    EventType,
    LinkStatus,
    Message,
    MotionEvent,
    MotionState,
    NoFrames,
    SettingState,
    Sink,
    Still,
    StopReason,
)

__all__ = [
    "Box",
    "CameraHealth",
    "CameraState",
    "CameraStats",
    "Command",
    "Detection",
    "EventLog",
    "EventType",
    "Exposure",
    "Frame",
    "LinkStatus",
    "Message",
    "MotionEvent",
    "MotionState",
    "NoFrames",
    "Rejected",
    "SceneModel",
    "SettingState",
    "Sink",
    "Still",
    "StopReason",
]
