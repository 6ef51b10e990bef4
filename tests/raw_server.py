"""A server on the loopback that speaks bytes: for what no HTTP server would say."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

__all__ = ["RawServer"]


class RawServer:
    """Accepts connections, each in a thread of its own, until it is closed; what is said there is a subclass's."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()

    def talk(self, peer: socket.socket) -> None:
        """All that happens on a connection; it may break off at any time."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer, suppress(OSError):
            self.talk(peer)
