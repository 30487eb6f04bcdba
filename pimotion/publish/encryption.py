"""TLS to the broker, from the settings."""

from __future__ import annotations

import logging
import ssl
from typing import Any

from pimotion.config.broker_files import use_files
from pimotion.config.settings import MqttTls
from pimotion.config.tls_files import Unusable
from pimotion.publish.reasons import LinkLost

log = logging.getLogger(__name__)


class TidyContext(ssl.SSLContext):
    """A context that can close the socket it wrapped last.

    paho forgets the socket whose handshake failed, and it would stay open until it is collected.
    """

    _last: ssl.SSLSocket | None = None

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket and remember the result."""
        self._last = super().wrap_socket(*args, **options)
        return self._last

    def close_last(self) -> None:
        """Close the socket that was wrapped last."""
        if self._last is not None:
            self._last.close()


def context_of(tls: MqttTls) -> TidyContext:
    """Return a fresh context, so that renewed certificate files are noticed.

    Raises:
        LinkLost: A certificate file cannot be used, and what to do.
    """
    context = TidyContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        use_files(context, tls)
    except Unusable as error:
        raise LinkLost(str(error)) from None
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def warn_if_insecure(tls: MqttTls) -> None:
    """Say once a start that anyone in between may read and forge."""
    if tls.enabled and tls.insecure:
        log.warning("mqtt.tls.insecure: the broker's certificate is not checked")
