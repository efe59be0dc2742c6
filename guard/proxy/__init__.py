"""guard as an ASGI application."""

from guard.proxy.app import Proxy
from guard.proxy.requests import Headers

__all__ = ["Headers", "Proxy"]
