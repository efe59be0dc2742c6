"""How litellm is to read streams of Anthropic's messages: it passes the events on.

`guard.backends.tamed` puts this module in the place of litellm's own, which keeps every event for its bill, reads on
when the client has left, and needs the whole of litellm's proxy for that. The names are litellm's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from guard.surfaces.walk import dump


class BaseAnthropicMessagesStreamingIterator:
    """What litellm's providers make of the answer to a message."""

    def __init__(self, litellm_logging_obj: Any, request_body: Any) -> None:
        del litellm_logging_obj, request_body

    def get_async_streaming_response_iterator(self, httpx_response: Any, **_: Any) -> Any:
        """The bytes of an answer that is a stream of events already."""
        return AnthropicMessagesStreamingResponse(httpx_response.aiter_bytes(), None)

    async def async_sse_wrapper(self, completion_stream: AsyncIterator[Any]) -> AsyncIterator[bytes]:
        """Events out of bodies, for providers that send these in a form of their own."""
        async for item in completion_stream:
            yield item if isinstance(item, bytes) else b"event: %b\ndata: %b\n\n" % (item["type"].encode(), dump(item))


class AnthropicMessagesStreamingResponse:
    """The events of a message."""

    def __init__(self, completion_stream: Any, hidden_params: Any) -> None:
        self._items = completion_stream
        self._hidden_params = hidden_params

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._items)

    async def aclose(self) -> None:
        """Break off, where that can be done."""
        close: Callable[[], Awaitable[None]] | None = getattr(self._items, "aclose", None)
        if close is not None:
            await close()


def anthropic_messages_stream_hidden_params(response_headers: Any) -> dict[str, Any]:
    """What litellm tells of an answer beside its events."""
    return {"additional_headers": dict(response_headers)}
