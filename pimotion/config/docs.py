"""Writes what people read about the configuration: the example and the reference.

``python -m pimotion.config.docs`` writes both into a checkout of the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pimotion.config import fields
from pimotion.config.example import example, value_text
from pimotion.config.fields import ANY, Setting
from pimotion.config.file import FILE_BYTES
from pimotion.config.presets import PRESETS
from pimotion.config.secrets import SECRET_BYTES
from pimotion.config.values import ID_PATTERN, PATTERN_WORDS, RESERVED_IDS

__all__ = ["example", "reference", "schema"]

_ROOT = Path(__file__).parent.parent.parent
EXAMPLE_FILE = _ROOT / "config" / "pimotion.yml"
REFERENCE_FILE = _ROOT / "docs" / "configuration.md"

schema = fields.schema

_HEAD = f"""\
<!-- Made by `python -m pimotion.config.docs` from pimotion/config/: change it there. -->
# Configuration

One YAML file. pimotion takes the first of these that it finds:

1. `--config FILE`
2. the file that `$PIMOTION_CONFIG` names
3. `./pimotion.yml`
4. `~/.config/pimotion/pimotion.yml`
5. `/etc/pimotion/pimotion.yml`

It needs only what differs from the defaults. This is a whole one:

```yaml
cameras: {{door: {{source: picamera}}}}
mqtt: {{host: homeassistant.local, username: pimotion, password: !file mqtt.password}}
```

`python -m pimotion init` writes one for your machine, `python -m pimotion check` finds every
mistake in it at once, each with its line, and [`config/pimotion.yml`](../config/pimotion.yml) shows
every setting. `python -m pimotion schema` prints the JSON Schema, for editors that complete and
check.

After a change, `systemctl reload pimotion` (or SIGHUP) reads the file again: all of it takes
effect, or none and the log says why.

## Secrets

Wherever text stands, one of these may stand in its place:

- `!env NAME`: the environment variable.
- `!file PATH`: what is in a file of at most {SECRET_BYTES // 1024} KiB, without the line break at
  its end.
- `!credential NAME`: a systemd credential (`LoadCredential=NAME:...` in the unit).

Secrets are never logged and never shown: they print as `***`. A secret that stands in the file
itself works too; pimotion warns when everyone on the machine can read that file.

## How it is read

- A setting that is not known, set twice, of the wrong kind or out of range is an error, never
  ignored.
- YAML reads some words in ways that people do not expect: `on` as true, `12:30` as 750, `010` as
  8. pimotion takes none of them. Write `true` or `false`, write numbers in full, and put text that
  looks like either in quotes: `password: "12345678"`.
- Inside `{{ }}` and `[ ]`, text with `?`, `,` or a bracket in it needs quotes, and so does an IPv6
  address that begins with a colon: `{{source: "rtsp://cam/x?channel=1"}}`, `{{host: "::1"}}`.
- Anchors, aliases, merge keys, other tags and several documents in a file are not supported. The
  file is UTF-8, {FILE_BYTES // 1024} KiB at most.
- A relative path begins at the folder of the configuration, wherever pimotion is started: of
  `!file`, `state_dir`, `source: file:...` and the files of `mqtt.tls` and `http.tls`. `~/` is the
  home of the user who runs pimotion. A path on the command line begins where it is typed.
- Sizes in bytes may be written as `200kB`, `50MB` or `2GB` (powers of 1000).
- Polygons are lists of at least three corners `[x, y]`, 0 to 1 of the frame from its top left
  corner, so they fit any resolution.
- Ids of cameras and zones are {PATTERN_WORDS[ID_PATTERN]}.
  {", ".join(f"`{name}`" for name in sorted(RESERVED_IDS))} are taken; a host that
  is called `api` is the node `pimotion-api` by default. Two ids may not make the same name in Home
  Assistant: a camera `door` has a sensor `door_last_motion`, and so would a camera `door_last`.
- An address that others can reach needs `users` or `tokens` (`http.host`), or `open: true` beside
  it, which says that it is meant (`http.host`, and the `source` of an `imagezmq:` camera).

"""


def reference() -> str:
    """Return the text of ``docs/configuration.md``."""
    return _HEAD + "\n".join((*_sections(), *_presets()))


def _sections() -> Iterator[str]:
    every = fields.settings()
    for path, section in every.items():
        rows = [every[*path, name] for name in section.names]
        rows = [row for row in rows if not row.is_section or row.by_id]
        if not rows:
            continue
        yield f"## {f'`{_name(section)}`' if path else 'At the top'}\n"
        if path:
            yield f"{section.help}\n"
        yield "| setting | default | may be | |\n|---|---|---|---|"
        yield from map(_row, rows)
        yield ""


def _presets() -> Iterator[str]:
    yield "## Presets\n"
    yield (
        "`detect.preset` gives a camera other defaults for the kind of place that it looks at. A\n"
        "setting that stands in the file wins over its preset, also where it stands at its usual\n"
        "default: a file made from the example names them all.\n"
    )
    yield "| preset | instead of the usual defaults |\n|---|---|"
    for preset, values in PRESETS.items():
        texts = ", ".join(f"`{name}: {value}`" for name, value in values.items())
        yield f"| `{preset}` | {texts} |"
    yield ""


def _name(section: Setting) -> str:
    """Return ``cameras.<id>.zones.<id>`` or ``http.users[]``."""
    name = ""
    for depth, part in enumerate(section.path):
        above = fields.settings()[section.path[:depth]]
        name += f".{part}" if part != ANY else ".<id>" if above.by_id else "[]"
    return name.removeprefix(".")


def _row(setting: Setting) -> str:
    default = "*required*" if setting.required else f"`{value_text(setting)}`"
    if setting.by_id:
        default = "*required*" if setting.required else "`{}`"
    if setting.path == ("node",):
        default = "host name"
    cells = (f"`{setting.path[-1]}`", default, setting.allowed, setting.help)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def write() -> None:
    """Write both files."""
    EXAMPLE_FILE.write_text(example())
    REFERENCE_FILE.write_text(reference())


if __name__ == "__main__":
    write()
