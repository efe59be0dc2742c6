"""guard inside a program: mask, restore, and a protected function. Nothing needs to be started."""

from typing import Any

from guard import Guard


def chat(**request: Any) -> dict[str, Any]:
    """Stand in for a model: print what it is sent, and answer with it."""
    said = request["messages"][-1]["content"]
    print("the model sees: ", said)
    message = {"role": "assistant", "content": f"Thank you. I will write to the address you gave: {said}"}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


with Guard.from_files(progress=print) as guard:
    masked = guard.mask("Mail alice.meyer@example.com")
    print("masked:         ", masked)
    print("restored:       ", guard.restore(masked))

    protected = guard.protect(chat)
    reply = protected(model="any", messages=[{"role": "user", "content": "Mail alice.meyer@example.com"}])
    print("the caller sees:", reply["choices"][0]["message"]["content"])
